"""The statement of applicability: as it stands now, its versions, and what differs between two of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import chain

from django.db.models import Max

from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.owners import owners_of_controls
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import rows_of
from annexa.library.regimes import regimes
from annexa.pure.facts import ORGANISATION, Judgement, standing_judgements
from annexa.pure.owners import Owner
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.posture import Line
from annexa.pure.register import Entry, Register
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.duties import DUTIES
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.scopes import SCOPES
from annexa.pure.soa import (
    STANDARDS,
    Change,
    Choice,
    Finding,
    Missing,
    Policy,
    ScopeSaid,
    Statement,
    StatementLine,
    annex,
    difference,
    exclusion_findings,
    from_json,
    missing,
    proposed,
    scope_findings,
    theme,
)
from annexa.pure.standards import Confidence, Framework, Relation
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.records.organisation import Organisation
from annexa.records.registers import TABLES
from annexa.records.soa import Inclusion, StatementDecision, StatementVersion

LAWS = ("law", "order of an authority")
"""The kinds of obligations on record that count as law."""
DRAFT = "draft"
"""In an address, the statement as it stands now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version: what it says, who asked for its approval, and what became of it ("asked": nothing yet).

    `entry`: its position in the ledger; None while it waits for one. `findings`: as counted when it was decided.
    """

    number: int
    statement: Statement
    asked_by: str
    asked_at: datetime
    message: str
    state: str
    decided_by: str
    decided_at: datetime | None
    because: str
    entry: int | None
    asker: int
    findings: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The statement as it stands: what is proposed for what nobody decided, what is missing, what contradicts it.

    `number`: which version it will be. `changes`: what differs from the approved version; all of it if there is none.
    """

    number: int
    statement: Statement
    proposals: Mapping[tuple[str, str], Choice]
    missing: tuple[Missing, ...]
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    pending: Version | None
    approved: Version | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two statements and what differs: `old` and `new` are numbers, or "draft"."""

    old: str
    new: str
    before: Statement
    after: Statement
    changes: tuple[Change, ...]


def draft(*, actor: Actor, now: datetime) -> Draft:
    """The statement as it stands. Cost: a dozen queries, whatever the size.

    Raises UnknownError for who does not read the whole organisation: a statement speaks of all of it.
    """
    _ask_reads_all(actor)
    stand = standpoint(actor=actor, now=now)
    versions = _versions(actor, now)
    approved = next((one for one in reversed(versions) if one.state == "approved"), None)
    lines = _Lines(actor=actor, stand=stand, when=now)
    scopes = _Scopes(actor, now)
    statement = Statement(
        at=now,
        size=stand.size,
        root=stand.root,
        library=stand.library.version,
        lines=lines.all,
        scopes=tuple(scopes.drafted(STANDARDS[one.id], approved) for one in lines.frameworks),
    )
    return Draft(
        number=(versions[-1].number if versions else 0) + 1,
        statement=statement,
        proposals={
            line.key: proposed(line, lines.same(line, statement)) for line in statement.lines if line.applies is None
        },
        missing=missing(statement),
        findings=(*scopes.against(approved.statement if approved else statement), *exclusion_findings(statement.lines)),
        changes=difference(approved.statement, statement) if approved else (),
        pending=next((one for one in versions if one.state == "asked"), None),
        approved=approved,
    )


def list_versions(*, actor: Actor, now: datetime) -> tuple[Version, ...]:
    """Every version, the latest first. Raises UnknownError."""
    _ask_reads_all(actor)
    return tuple(_versions(actor, now)[::-1])


def one_version(*, actor: Actor, number: int, now: datetime) -> Version:
    """One version. Raises UnknownError."""
    found = next((one for one in list_versions(actor=actor, now=now) if one.number == number), None)
    if found is None:
        raise UnknownError(f"There is no version {number} of the statement of applicability.")
    return found


def compare(*, actor: Actor, old: str, new: str, now: datetime) -> Compared:
    """What differs between two versions, each a number or "draft". Raises UnknownError."""
    before, after = (named_statement(actor=actor, which=one, now=now) for one in (old, new))
    return Compared(old=old, new=new, before=before, after=after, changes=difference(before, after))


def named_statement(*, actor: Actor, which: str, now: datetime) -> Statement:
    """A version by its number, or the "draft". Raises UnknownError."""
    if which == DRAFT:
        return draft(actor=actor, now=now).statement
    if not which.isascii() or not which.isdigit():
        raise UnknownError(f"{which!r} is no version: write its number, or {DRAFT}.")
    return one_version(actor=actor, number=int(which), now=now).statement


def _ask_reads_all(actor: Actor) -> None:
    if isinstance(may(actor, "read"), Refusal):
        raise UnknownError("There is no statement of applicability here for you.")


def _versions(actor: Actor, at: datetime) -> list[Version]:
    """The versions that were asked for by an instant, in order. Cost: three queries."""
    rows = (
        StatementVersion.objects.visible_to(actor).filter(recorded_at__lte=at).select_related("by").order_by("number")
    )
    decided = {
        one.version_id: one
        for one in StatementDecision.objects.visible_to(actor).filter(recorded_at__lte=at).select_related("by")
    }
    entries = dict(LedgerEntry.objects.filter(kind=StatementVersion.KIND).values_list("subject", "position"))
    return [_version(row, decided.get(row.id), entries.get(subject_of(row.number))) for row in rows]


def subject_of(number: int) -> str:
    """What the ledger calls a version."""
    return f"statement/{number}"


def _version(row: StatementVersion, decision: StatementDecision | None, entry: int | None) -> Version:
    return Version(
        number=row.number,
        statement=from_json(row.content),
        asked_by=row.by.name,
        asked_at=row.recorded_at,
        message=row.because,
        state=decision.decision if decision else "asked",
        decided_by=decision.by.name if decision else "",
        decided_at=decision.recorded_at if decision else None,
        because=decision.because if decision else "",
        entry=entry,
        findings=decision.findings if decision else None,
        asker=row.by_id,
    )


def findings_of(*, actor: Actor, statement: Statement, now: datetime) -> tuple[Finding, ...]:
    """Where a statement contradicts scope records and certificates as they are now, and itself."""
    return (*_Scopes(actor, now).against(statement), *exclusion_findings(statement.lines))


class _Scopes:
    """The scopes on record that count today, by management system; where several do, the one approved last."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.name = Organisation.objects.visible_to(actor).values_list("name", flat=True).first() or ""
        entries = [row.entry for row in TABLES[SCOPES.noun].objects.visible_to(actor).order_by("slug")]
        held = [one for one in entries if not SCOPES.ended(one, now.date())]
        held.sort(key=lambda one: one.approved_on or date.min)
        self.recorded = {one.part: _recorded(one) for one in held}
        rows = rows_of(actor, DOCUMENTS).filter(kind="policy").order_by("name")
        self.policies = tuple(
            Policy(name=one.name, systems=one.management_systems, covers=one.covers)
            for one in (row.entry for row in rows)
            if not DOCUMENTS.ended(one, now.date())
        )
        self.certified = {one.part: one.certificate_scope for one in held if one.certificate_scope}

    def drafted(self, system: str, approved: Version | None) -> ScopeSaid:
        """What a management system reaches: as recorded, else as approved last, else the whole organisation."""
        before = approved.statement.scopes if approved else ()
        last = next((one for one in before if one.system == system), None)
        whole = ScopeSaid(system=system, text=f"The whole of {self.name}" if self.name else "")
        return self.recorded.get(system) or last or whole

    def against(self, statement: Statement) -> tuple[Finding, ...]:
        """What contradicts the scopes of a statement."""
        return scope_findings(statement.scopes, self.recorded, self.certified, self.policies)


def _recorded(scope: Entry) -> ScopeSaid:
    return ScopeSaid(
        system=scope.part,
        text=scope.boundaries,
        covers=scope.covers,
        locations=scope.locations,
        systems=tuple(sorted(scope.systems)),
    )


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """What the lines are made from. Lives only for one draft."""

    actor: Actor
    stand: Standpoint
    when: datetime

    @cached_property
    def frameworks(self) -> tuple[Framework, ...]:
        """The adopted standards that have an annex, in the order of STANDARDS."""
        adopted = adopted_frameworks(self.stand.library)
        return tuple(self.stand.library.frameworks[one] for one in STANDARDS if one in adopted)

    @cached_property
    def all(self) -> tuple[StatementLine, ...]:
        """Every control of every annex."""
        return tuple(chain.from_iterable(self._of(one) for one in self.frameworks))

    def _of(self, framework: Framework) -> Iterable[StatementLine]:
        lines = {line.requirement.id: line for line in self.stand.posture(framework.id).lines}
        return (self._line(framework, lines[one.id]) for one in annex(framework) if one.id in lines)

    def _line(self, framework: Framework, line: Line) -> StatementLine:
        requirement = line.requirement
        key = (framework.id, requirement.id)
        coverage = self.stand.library.covering(framework, requirement)
        controls = coverage.controls if coverage else ()
        out, kept = self._left_out.get(key), self._included.get(key)
        group = theme(framework, requirement)
        newest = [self._evidence[one] for one in controls if one in self._evidence]
        owners = (self._owners[one].name for one in controls if one in self._owners)
        return StatementLine(
            framework=framework.id,
            requirement=requirement.id,
            title=requirement.title,
            theme=group.id if group else "",
            applies=False if out else True if kept else None,
            reasons=tuple(kept.reasons) if kept and not out else (),
            because=out.because if out else kept.because if kept else "",
            by=out.by if out else kept.by.name if kept and kept.by else "",
            until=out.ends_at.date() if out and out.ends_at else None,
            verdict=line.verdict,
            controls=controls,
            risks=tuple(
                risk.name for risk in self._risks if {*risk.controls, *risk.controls_on_impact} & set(controls)
            ),
            laws=tuple(dict.fromkeys((*self._laws.get(key, ()), *self._asking(controls, LAWS)))),
            contracts=self._asking(controls, ("contract",)),
            owner=next(owners, ""),
            evidence_on=max(newest).date() if newest else None,
        )

    @cached_property
    def _judged(self) -> Mapping[tuple[str, str], tuple[Judgement, ...]]:
        """Every exclusion of a control of an annex that was known, whether it still stands or not."""
        found: dict[tuple[str, str], tuple[Judgement, ...]] = {}
        for one in self.stand.engine.facts.judgements:
            ours = one.kind == "exclusion" and one.framework in STANDARDS and one.scope == ORGANISATION
            if ours and one.known(self.stand.at):
                key = (one.framework, one.subject)
                found[key] = (*found.get(key, ()), one)
        return found

    @cached_property
    def _left_out(self) -> Mapping[tuple[str, str], Judgement]:
        """The exclusions that stand, the latest of each."""
        facts = self.stand.engine.facts
        standing = standing_judgements(chain.from_iterable(self._judged.values()), facts.closures, self.stand.at)
        return {(one.framework, one.subject): one for one in standing}

    @cached_property
    def _included(self) -> Mapping[tuple[str, str], Inclusion]:
        """The decisions to include that still hold: not those that were followed by an exclusion, whose end asks for
        a new one."""
        rows = Inclusion.objects.visible_to(self.actor).filter(recorded_at__lte=self.when).select_related("by")
        latest = {(one.framework, one.requirement): one for one in rows.order_by("recorded_at", "id")}
        return {
            key: one
            for key, one in latest.items()
            if all(out.recorded_at <= one.recorded_at for out in self._judged.get(key, ()))
        }

    @cached_property
    def _owners(self) -> Mapping[str, Owner]:
        return owners_of_controls(actor=self.actor, now=self.when)

    @cached_property
    def _evidence(self) -> Mapping[str, datetime]:
        """When the newest evidence for each control was observed."""
        rows = Evidence.objects.visible_to(self.actor).filter(observed_at__lte=self.when, recorded_at__lte=self.when)
        return dict(rows.values_list("control").annotate(newest=Max("observed_at")).order_by())

    def _asking(self, controls: Iterable[str], kinds: Collection[str]) -> tuple[str, ...]:
        """The obligations of some kinds on record that these controls meet, by name."""
        return tuple(one.name for one in self._duties if one.kind in kinds and set(one.controls) & set(controls))

    @cached_property
    def _duties(self) -> tuple[Entry, ...]:
        """The obligations that count today and apply."""
        return tuple(one for one in self._counting(DUTIES) if one.met != "out of scope")

    @cached_property
    def _risks(self) -> tuple[Entry, ...]:
        """The risks that count today."""
        return tuple(self._counting(RISKS))

    def _counting(self, register: Register) -> Iterable[Entry]:
        """The records of a register that count today."""
        rows = TABLES[register.noun].objects.visible_to(self.actor).order_by("slug")
        return (row.entry for row in rows if not register.ended(row.entry, self.when.date()))

    @cached_property
    def _laws(self) -> Mapping[tuple[str, str], list[str]]:
        """For each control of an annex, the provisions of adopted laws that bind and ask for something alike."""
        library, found = self.stand.library, dict[tuple[str, str], list[str]]()
        laws = [one for one in adopted_frameworks(library) if one in regimes() and one not in STANDARDS]
        binding = {law: self._bound(library.frameworks[law]) for law in laws}
        for mapping in library.mappings:
            for edge in mapping.edges:
                ends = ((mapping.source, edge.start), (mapping.target, edge.end))
                for ours, (law, provision) in (ends, ends[::-1]):
                    sure = edge.confidence is not Confidence.LOW
                    if ours[0] in STANDARDS and sure and provision in binding.get(law, ()):
                        found.setdefault(ours, []).append(f"{library.frameworks[law].title} {provision}")
        return found

    def _bound(self, law: Framework) -> frozenset[str]:
        """The provisions of a law that bind now, and the groups they stand in."""
        lines = self.stand.posture(law.id).lines
        return frozenset(
            step.id for line in lines if line.verdict != "not applicable" for step in law.lineage(line.requirement)
        )

    def same(self, line: StatementLine, statement: Statement) -> tuple[StatementLine, ...]:
        """The controls of the other annexes that ask the same as one."""
        return tuple(statement.by_key[key] for key in self._equal.get(line.key, ()) if key in statement.by_key)

    @cached_property
    def _equal(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for mapping in self.stand.library.mappings:
            if mapping.source in STANDARDS and mapping.target in STANDARDS:
                for edge in (one for one in mapping.edges if one.relation is Relation.EQUAL):
                    a, b = (mapping.source, edge.start), (mapping.target, edge.end)
                    found.setdefault(a, []).append(b)
                    found.setdefault(b, []).append(a)
        return found
