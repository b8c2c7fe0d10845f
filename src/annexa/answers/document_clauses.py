"""Which document serves which clause of a framework: because its record names it, or through a control it proves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.documents import life
from annexa.answers.errors import no_framework
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import standpoint
from annexa.answers.registers import rows_of
from annexa.pure.permits import Actor
from annexa.pure.register import Entry
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.standards import Framework, Library, Requirement
from annexa.records.documents import DocumentStep
from annexa.records.registers import RegisterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A document that serves a clause. `named`: its record names the clause; `through`: the controls that do.

    `says`: how it stands; `counts`: a version of it is in force and its review is not overdue.
    """

    slug: str
    name: str
    says: str
    counts: bool
    named: bool
    through: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause that asks for documented information, or that documents serve; `asks`: yes, no or if applicable."""

    requirement: Requirement
    asks: str
    documents: tuple[Serving, ...]

    @property
    def lacks(self) -> bool:
        """Whether it asks for a document and none that counts is there."""
        return self.asks == "yes" and not any(one.counts for one in self.documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByClause:
    """The clauses of one framework with their documents; `frameworks`: those that can be chosen."""

    framework: Framework
    frameworks: tuple[Framework, ...]
    clauses: tuple[Clause, ...]

    @property
    def lacking(self) -> int:
        """How many clauses ask for a document that is not there."""
        return sum(one.lacks for one in self.clauses)


def documents_by_clause(*, actor: Actor, framework: str, now: datetime) -> ByClause:
    """The documents by the clauses of a framework, "" for the first that is adopted. Raises UnknownError.

    Cost: two queries. A clause that a record names as a group, such as A.5, is that of everything in it.
    """
    library = standpoint(actor=actor, now=now).library
    adopted = adopted_frameworks(library)
    chosen = library.frameworks.get(framework or next(iter(adopted), ""))
    if chosen is None:
        raise no_framework(framework, library.frameworks)
    rows = [row for row in rows_of(actor, DOCUMENTS).defer("words") if not DOCUMENTS.ended(row.entry, now.date())]
    found: dict[str, list[Serving]] = {}
    for row, steps in _with_steps(rows):
        for requirement, one in _serving(library, chosen, row, steps, now):
            found.setdefault(requirement, []).append(one)
    wanted = [one for one in chosen.leaves if one.documented_information != "no" or one.id in found]
    return ByClause(
        framework=chosen,
        frameworks=tuple(library.frameworks[one] for one in adopted),
        clauses=tuple(
            Clause(
                requirement=one,
                asks=one.documented_information,
                documents=tuple(sorted(found.get(one.id, ()), key=lambda held: (not held.counts, held.name.lower()))),
            )
            for one in wanted
        ),
    )


def _with_steps(rows: list[RegisterRow]) -> Iterator[tuple[RegisterRow, list[DocumentStep]]]:
    steps: dict[str, list[DocumentStep]] = {}
    held = DocumentStep.objects.filter(document_id__in=[row.slug for row in rows]).select_related("author", "by")
    for step in held.order_by("turn"):
        steps.setdefault(step.document_id, []).append(step)
    yield from ((row, steps.get(row.slug, [])) for row in sorted(rows, key=lambda one: one.name.lower()))


def _serving(
    library: Library, framework: Framework, row: RegisterRow, steps: list[DocumentStep], now: datetime
) -> Iterator[tuple[str, Serving]]:
    """The leaves of a framework that one document serves, each once."""
    entry, stands = row.entry, life(steps, now.date())
    named, through = _named(framework, entry), _through(library, framework, entry)
    for requirement in sorted({*named, *through}):
        yield (
            requirement,
            Serving(
                slug=row.slug,
                name=row.name,
                says=stands.says,
                counts=stands.in_force is not None and not stands.overdue,
                named=requirement in named,
                through=through.get(requirement, ()),
            ),
        )


def _named(framework: Framework, entry: Entry) -> frozenset[str]:
    """The leaves that the lines of a record name, themselves or with a group they stand in."""
    said = {
        words[-1]
        for line in entry.clauses.splitlines()
        if len(words := line.split()) > 1 and words[0].casefold() == framework.id
    }
    return frozenset(
        leaf.id for leaf in framework.leaves if said & {leaf.id, *(step.id for step in framework.lineage(leaf))}
    )


def _through(library: Library, framework: Framework, entry: Entry) -> Mapping[str, tuple[str, ...]]:
    """The leaves that controls cover which the document proves in part, with these controls."""
    found: dict[str, tuple[str, ...]] = {}
    for control in dict.fromkeys(one.partition("/")[0] for one in entry.serves):
        for where, requirement in library.covered_by.get(control, ()):
            if where == framework.id:
                found[requirement] = (*found.get(requirement, ()), control)
    return found
