"""The columns people keep are recognised by their headings, and only if the cells agree."""

import pytest

from annexa.pure.columns import guess_columns
from annexa.pure.systems import FIELDS
from annexa.pure.tables import Row
from tests.pure.table_samples import kept, planned, table


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("AI system", "name"), ("Use Case ID", "reference"), ("Description", "purpose"), ("Business unit", "unit"),
        ("Lifecycle stage", "stage"), ("Vendor", "supplier"), ("System owner", "owner"), ("Build or buy", "built"),
        ("Does it process personal data?", "personal_data"), ("Impact assessment done", "impact_assessment"),
        ("How do you monitor model performance?", "monitoring"),
        ("Independent review by second line", "independent_evaluation"),
        ("Affected groups of people", "people_affected"),
        ("Level of autonomy", "autonomy"),
        ("How many people are affected", "scale"),
        ("Can people contest or appeal?", "appeal"), ("start date", "started_on"), ("Date deployed", "deployed_on"),
        ("Retirement date", "retired_on"),
        *((field.label, field.name) for field in FIELDS), *((field.name, field.name) for field in FIELDS),
    ],
)  # fmt: skip
def test_headings_are_recognised(heading: str, field: str) -> None:
    """The usual headings need no mapping file, and the guess says why."""
    mapping = guess_columns([heading], [])
    assert mapping.columns_of(field) == (heading,)
    assert mapping.fields[0].because
    assert mapping.left_over == ()
    assert field not in mapping.missing


@pytest.mark.parametrize(
    "heading",
    ["Data protection impact assessment", "Date of stage change", "Personal data categories", "Colour", "source: Name"],
)
def test_headings_that_mean_something_else(heading: str) -> None:
    """A near miss is left over rather than misread."""
    assert guess_columns([heading], []).fields == ()


def test_doubtful_headings_need_fitting_cells() -> None:
    """A status that speaks of tickets is not a stage."""
    rows = [Row(number=2, cells=("open",)), Row(number=3, cells=("closed",))]
    assert guess_columns(["Status"], rows).fields == ()
    assert guess_columns(["Status"], [Row(number=2, cells=("In production",))]).columns_of("stage") == ("Status",)


def test_classes_are_not_guessed_from_american_impact() -> None:
    """Rights-impacting under US policy is no risk class of the EU AI Act."""
    read = table(["Name", "Is it rights-impacting?"], ["A", "Both"])
    facts = planned(read).rows[0].facts
    assert facts.classes == ()
    assert kept(facts) == {"Is it rights-impacting?": "Both"}
