"""Data of AI systems, set by set: ISO/IEC 42001 A.7.2 to A.7.6, EU AI Act Art. 10, GDPR Art. 5(1)(b)."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, choices, day, link, long, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    approval_problem,
    approved,
    ended,
    name,
    owned,
    reference,
    reviewed,
    systems_of,
    unit,
)

NOT_LABELLED = "not labelled"


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from approval_problem(entry)
    if entry.approved_on is not None and entry.personal_data == "special categories" and not entry.necessity:
        yield FieldProblem(field="necessity", message="is missing although special categories are used")


DATA_SHEETS = Register(
    noun="data_sheet",
    plural="data-sheets",
    one="data sheet",
    title="Data sheets",
    says="Where the data of AI systems come from, on what ground, how they were prepared, and what is wrong with them.",
    asked_by=("ISO/IEC 42001 A.7.2", "ISO/IEC 42001 A.7.3", "ISO/IEC 42001 A.7.5", "EU AI Act Art. 10"),
    place="inventory",
    groups=(
        Group(
            title="The data",
            fields=(
                name("The data set or source as people call it."),
                reference("the data sheet"),
                link("asset", "Asset", "The data set in the register of assets.", to="asset"),
                systems_of("The AI systems that learn from it, are tested with it or look things up in it."),
                choices(
                    "use", "Use", "What it is used for.", ("training", "validation", "testing", "retrieval", "input")
                ),
                text("period", "Period and size", "From when to when, how many records, which regions."),
                unit("the data"),
                owned("the data"),
            ),
        ),
        Group(
            title="Provenance and ground",
            help="ISO/IEC 42001 A.7.5 asks for provenance; the ground is that of each law that binds the data.",
            fields=(
                long(
                    "provenance", "Provenance", "Where it comes from, through whose hands, what was changed on the way."
                ),
                text("first_purpose", "First purpose", "What it was collected for, and why this use fits."),
                choice(
                    "ground",
                    "Ground",
                    "Why it may be used.",
                    (
                        "own data",
                        "contract",
                        "licence",
                        "consent",
                        "legal obligation",
                        "legitimate interest",
                        "open data",
                        "text and data mining",
                    ),
                    facet=True,
                    listed=True,
                ),
                text("ground_proof", "Proof of the ground", "The licence, contract or check, and where it is."),
                day(
                    "ground_checked_on",
                    "Ground checked on",
                    "The day somebody last looked at ground and reservations.",
                    listed=True,
                ),
                choice(
                    "personal_data",
                    "Personal data",
                    "Whether it holds data about identifiable people.",
                    ("none", "personal data", "special categories"),
                    facet=True,
                    listed=True,
                ),
                long(
                    "necessity",
                    "Necessity",
                    "For special categories: why nothing else would do (Art. 10(5)), who reads "
                    "them, when they are deleted.",
                ),
            ),
        ),
        Group(
            title="Quality",
            fields=(
                long("preparation", "Preparation", "Cleaning, filling, joining, labelling, splitting."),
                text("labelling", "Labelling", f"Guide and agreement of those who labelled, or: {NOT_LABELLED}."),
                long("assumptions", "Assumptions", "What it is taken to measure, and for whom it stands."),
                long("gaps", "Gaps and bias", "What is missing or distorted, and what is done about it."),
                *approved("the data sheet"),
                reviewed("the data sheet"),
                ended("the data"),
            ),
        ),
    ),
    rule=_rule,
)
