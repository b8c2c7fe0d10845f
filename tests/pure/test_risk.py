"""A scale says how high a risk is and never lets more of something be less risk; a catalogue forgets no risk."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.risk import (
    Catalogue,
    ImpactStep,
    LikelihoodStep,
    MatrixScale,
    QuantityScale,
    RiskLevel,
    ScaleError,
    Scenario,
    Taxonomy,
    level,
    scenarios_for,
    step_of,
)

LEVELS = tuple(
    RiskLevel(id=name, title=name.title(), accepted_by="somebody", rule="A rule.", from_share=share)
    for name, share in (("low", 0.0), ("middle", 0.01), ("top", 0.1))
)
MATRIX = MatrixScale(
    id="2x2",
    title="Two by two",
    use="Here.",
    likelihood=(
        LikelihoodStep(value=1, word="rare", meaning="Rare.", from_per_year=0.0, to_per_year=1.0),
        LikelihoodStep(value=2, word="often", meaning="Often.", from_per_year=1.0, to_per_year=None),
    ),
    impact=(
        ImpactStep(value=1, word="small", from_share=0.0, to_share=0.1, meaning={"organisation": "Small."}),
        ImpactStep(value=2, word="large", from_share=0.1, to_share=None, meaning={"organisation": "Large."}),
    ),
    rows=(("low", "middle"), ("middle", "top")),
    levels=LEVELS,
)
QUANTITY = QuantityScale(
    id="numbers",
    title="Numbers",
    use="There.",
    least_per_year=0.001,
    most_per_year=100.0,
    ruin_share=0.5,
    ruin_level="middle",
    levels=LEVELS,
)


def scenario(scenario_id: str, **changes: object) -> Scenario:
    """A scenario of an AI system with the given differences."""
    given_: dict[str, object] = {
        "id": scenario_id,
        "title": "Something",
        "area": "ai",
        "level": "system",
        "asset": "model",
        "threat": "Somebody does it.",
        "weakness": "Nobody prevents it.",
        "consequence": {"organisation": "It costs."},
        "likelihood": 3,
        "impact": 3,
        "because": "It happens.",
        "controls": ("LIF-09",),
        "tags": {},
    }
    return Scenario(**{**given_, **changes})  # type: ignore[arg-type]


CATALOGUE = Catalogue(
    scenarios={
        one.id: one
        for one in (
            scenario("A"),
            scenario("B", built=("in-house", "both")),
            scenario("C", personal_data=True, controls=("PRV-03", "LIF-09")),
            scenario("D", level="organisation"),
        )
    },
    scales={MATRIX.id: MATRIX, QUANTITY.id: QUANTITY},
    taxonomies={
        "list": Taxonomy(
            id="list",
            key="list",
            title="List",
            publisher="Nobody",
            release="1",
            source_url="https://example.org",
            read_on=date(2026, 11, 21),
            note="",
            tags={},
        )
    },
)


def ids(found: tuple[Scenario, ...]) -> list[str]:
    """The ids of scenarios."""
    return [one.id for one in found]


def test_a_matrix_is_read_by_row_of_likelihood_and_column_of_impact() -> None:
    assert [[level(MATRIX, row, column).id for column in (1, 2)] for row in (1, 2)] == [
        ["low", "middle"],
        ["middle", "top"],
    ]


@pytest.mark.parametrize(("likelihood", "impact"), [(0, 1), (3, 1), (1, 0), (1, 3), (1.5, 1)])
def test_a_step_that_does_not_exist_is_refused(likelihood: float, impact: float) -> None:
    with pytest.raises(ScaleError, match="no step of the scale 2x2"):
        level(MATRIX, likelihood, impact)


def test_a_quantity_is_read_by_expected_loss_per_year() -> None:
    assert [level(QUANTITY, per_year, 0.02).id for per_year in (0.1, 0.5, 5.0)] == ["low", "middle", "top"]


def test_a_loss_that_ruins_is_never_low_however_seldom() -> None:
    assert level(QUANTITY, 0.001, 0.499).id == "low"
    assert level(QUANTITY, 0.001, 0.5).id == "middle"
    assert level(QUANTITY, 1, 0.5).id == "top"


@pytest.mark.parametrize(("per_year", "share"), [(0.0, 0.1), (101.0, 0.1), (1.0, -0.1), (1.0, float("nan"))])
def test_numbers_outside_the_scale_are_refused(per_year: float, share: float) -> None:
    with pytest.raises(ScaleError):
        level(QUANTITY, per_year, share)


@given(st.floats(0.001, 100), st.floats(0.001, 100), st.floats(0, 1), st.floats(0, 1))
def test_more_often_and_worse_is_never_a_lower_level(often: float, more: float, bad: float, worse: float) -> None:
    often, more, bad, worse = min(often, more), max(often, more), min(bad, worse), max(bad, worse)
    assert LEVELS.index(level(QUANTITY, often, bad)) <= LEVELS.index(level(QUANTITY, more, worse))


def test_a_frequency_falls_into_the_step_whose_range_begins_with_it() -> None:
    assert [step_of(MATRIX, per_year).word for per_year in (0, 0.99, 1, 500)] == ["rare", "rare", "often", "often"]
    with pytest.raises(ScaleError, match="outside the scale"):
        step_of(MATRIX, -1)


def test_a_system_has_the_scenarios_that_can_happen_to_it() -> None:
    assert ids(scenarios_for(CATALOGUE, built="supplier", personal_data="no")) == ["A"]
    assert ids(scenarios_for(CATALOGUE, built="in-house", personal_data="yes")) == ["A", "B", "C"]


def test_what_is_not_known_excludes_no_scenario() -> None:
    assert ids(scenarios_for(CATALOGUE)) == ["A", "B", "C"]
    assert ids(scenarios_for(CATALOGUE, built="supplier", personal_data="planned")) == ["A", "C"]


def test_a_control_shows_what_it_reduces() -> None:
    assert ids(CATALOGUE.reduced_by("PRV-03")) == ["C"]
    assert ids(CATALOGUE.reduced_by("GOV-01")) == []
