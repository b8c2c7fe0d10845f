"""Audit checklists, derived from the library: what to read, whom to ask, which test to run and what to draw.

Nothing is typed twice: requirements say what is asked, controls how it is tested, expectations what there is to
sample. A change of the library changes the checklist. Source: ISO 19011:2018 6.3.4 (working documents).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from annexa.pure.standards import (
    Control,
    Expectation,
    ExpectationKind,
    Framework,
    Level,
    Library,
    Requirement,
)
from annexa.pure.tables import with_guard

HEADER = (
    "Number",
    "Requirement",
    "Title",
    "Level",
    "What it asks",
    "To see",
    "Control",
    "Control name",
    "Test",
    "How",
    "Sample",
    "Serves",
    "Result",
    "Notes",
)
"""Headings of the exported rows; the last two are empty, for the auditor."""


class ChecklistError(ValueError):
    """A checklist was asked for with clauses that the framework does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One test to run: of the design (does it make sense?) or of the operation (does it happen?)."""

    kind: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One control, examined once in a checklist, with its tests, what to draw samples from, and every requirement of
    the checklist that it serves, in the order of the walk."""

    control: str
    name: str
    owner_role: str
    steps: tuple[Step, ...]
    samples: tuple[str, ...]
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One requirement on the walk. `examine`: controls tested here for the first time; `seen`: those tested at an
    earlier requirement, with its id. `sees` is what to have on the table."""

    number: int
    requirement: str
    title: str
    level: Level
    asks: str
    sees: tuple[str, ...]
    examine: tuple[Examination, ...]
    seen: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """What an auditor goes through for one framework, in the order of its numbering."""

    framework: str
    title: str
    library: str
    items: tuple[Item, ...]

    @property
    def steps(self) -> int:
        """How many tests there are to run."""
        return sum(len(one.steps) for item in self.items for one in item.examine)


def checklist(
    library: Library, framework: Framework, *, clauses: Collection[str] | None = None, level: Level | None = None
) -> Checklist:
    """The checklist of a framework, or of the given clauses and all below them, or of one level. Raises ChecklistError.

    Every leaf that is a duty appears once. A control is examined at the first requirement it covers: whoever is
    interviewed about it is interviewed once.
    """
    if strangers := sorted(set(clauses or ()) - set(framework.by_id)):
        raise ChecklistError(f"{framework.id} has no requirement {', '.join(strangers)}.")
    chosen = [leaf for leaf in framework.leaves if _wanted(framework, leaf, clauses, level)]
    covering = {leaf.id: _controls(library, framework, leaf) for leaf in chosen}
    serves: dict[str, list[str]] = {}
    for leaf in chosen:
        for control in covering[leaf.id]:
            serves.setdefault(control.id, []).append(leaf.id)
    items = tuple(
        _item(number, leaf, covering[leaf.id], serves, _sufficient(library, framework, leaf))
        for number, leaf in enumerate(chosen, start=1)
    )
    return Checklist(framework=framework.id, title=framework.title, library=library.version, items=items)


def to_csv_rows(found: Checklist) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of a checklist, a row for each test, safe to open in a spreadsheet.

    A requirement whose controls were all examined before has one row that says where.
    """
    rows = [row for item in found.items for row in _rows(item)]
    return HEADER, [tuple(with_guard(cell) for cell in row) for row in rows]


def _wanted(framework: Framework, leaf: Requirement, clauses: Collection[str] | None, level: Level | None) -> bool:
    if leaf.no_duty or (level is not None and leaf.level != level):
        return False
    return clauses is None or any(step.id in clauses for step in framework.lineage(leaf))


def _controls(library: Library, framework: Framework, leaf: Requirement) -> tuple[Control, ...]:
    entry = library.covering(framework, leaf)
    return tuple(library.controls[control] for control in entry.controls) if entry else ()


def _sufficient(library: Library, framework: Framework, leaf: Requirement) -> frozenset[str]:
    entry = library.covering(framework, leaf)
    return frozenset(control for chosen in entry.sufficient for control in chosen) if entry else frozenset()


def _item(
    number: int,
    leaf: Requirement,
    controls: tuple[Control, ...],
    serves: Mapping[str, list[str]],
    sufficient: frozenset[str],
) -> Item:
    return Item(
        number=number,
        requirement=leaf.id,
        title=leaf.title,
        level=leaf.level,
        asks=leaf.summary,
        sees=(*_documented(leaf), *_papers(control for control in controls if control.id in sufficient)),
        examine=tuple(_examination(one, serves[one.id]) for one in controls if serves[one.id][0] == leaf.id),
        seen=tuple((one.id, serves[one.id][0]) for one in controls if serves[one.id][0] != leaf.id),
    )


def _documented(leaf: Requirement) -> Iterator[str]:
    if leaf.documented_information == "yes":
        yield "Documented information, which the requirement itself asks for"
    elif leaf.documented_information == "if applicable":
        yield "Documented information, where the requirement asks for it"


def _papers(controls: Iterator[Control]) -> Iterator[str]:
    """What somebody can lay on the table, from the controls that meet the requirement."""
    for control in controls:
        for expectation in control.expectations:
            if expectation.kind in (ExpectationKind.ARTIFACT, ExpectationKind.ATTESTATION):
                yield f"{expectation.what} ({control.id})"


def _examination(control: Control, serves: list[str]) -> Examination:
    return Examination(
        control=control.id,
        name=control.name,
        owner_role=control.owner_role,
        steps=tuple(Step(kind=test.kind, how=test.how) for test in control.tests),
        samples=tuple(_sample(expectation) for expectation in control.expectations),
        serves=tuple(serves),
    )


def _sample(expectation: Expectation) -> str:
    """Where to draw from, by the kind of evidence and the age at which it stops to count."""
    whom = f", from the {expectation.who}" if expectation.who else ""
    if expectation.max_age is None:
        return f"All records, by the check “{expectation.check}”: {expectation.what}"
    days, hours = expectation.max_age.days, int(expectation.max_age.total_seconds() // 3600)
    age = f"{days:,} days" if expectation.max_age_text.endswith("D") else f"{hours:,} hours"
    if expectation.kind is ExpectationKind.SIGNAL:
        return f"Results over the period and each gap above {age}{whom}: {expectation.what}"
    if expectation.kind is ExpectationKind.ATTESTATION:
        return f"Statement of the last {age}, and ask its author{whom}: {expectation.what}"
    return f"Latest of the last {age}, and the one before{whom}: {expectation.what}"


def _rows(item: Item) -> Iterator[tuple[str, ...]]:
    number, sees = str(item.number), "; ".join(item.sees)
    head = (number, item.requirement, item.title, item.level, item.asks, sees)
    for one in item.examine:
        for step in one.steps:
            yield (
                *head,
                one.control,
                one.name,
                step.kind,
                step.how,
                "; ".join(one.samples) if step.kind == "operating" else "",
                ", ".join(one.serves),
                "",
                "",
            )
    if not item.examine:
        before = "; ".join(f"{control} examined at {where}" for control, where in item.seen)
        yield (*head, "", "", "", before or "No control of the library covers it: ask.", "", "", "", "")
