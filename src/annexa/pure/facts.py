"""What an organisation has recorded, as dated facts: the only input of the engine besides the library and a time.

Every fact has two times. `effective_at`: since when it is true. `recorded_at`: since when the organisation knew.
Facts are only ever added. `entry` is the position of the ledger entry that carries the fact (None: hypothetical).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar

ORGANISATION = "organisation"
"""The scope of the whole organisation; every other scope is the slug of an AI system."""

AdoptionState = Literal["implemented", "planned", "not implemented", "excluded"]
JudgementKind = Literal["major nonconformity", "minor nonconformity", "accepted exception", "exclusion"]
ADOPTION_STATES: tuple[AdoptionState, ...] = ("implemented", "planned", "not implemented", "excluded")
JUDGEMENT_KINDS: tuple[JudgementKind, ...] = (
    "major nonconformity",
    "minor nonconformity",
    "accepted exception",
    "exclusion",
)


Pairs = tuple[tuple[str, Any], ...]
"""Values by the name of their field, as a fact holds them: texts and tuples of texts."""
Decided = tuple[tuple[str, tuple[str, ...]], ...]
"""What was approved about a scope, by law: law, words; sorted by law. A law that is missing is not decided."""


class FactError(ValueError):
    """A ledger body does not have the shape of the fact its kind names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact has: the two times, who said it, and where the ledger keeps it. Times are UTC."""

    id: str
    effective_at: datetime
    recorded_at: datetime
    by: str = ""
    entry: int | None = None

    def known(self, at: datetime, learnt_by: datetime | None = None) -> bool:
        """Whether the fact was true at that instant and learnt by then, or by `learnt_by` (all inclusive)."""
        return self.effective_at <= at and self.recorded_at <= (at if learnt_by is None else learnt_by)

    @property
    def counts_from(self) -> datetime:
        """Since when it bears on a verdict: true, and recorded."""
        return max(self.effective_at, self.recorded_at)

    @property
    def order(self) -> tuple[datetime, datetime, int, str]:
        """Later facts win: by when they are true, then when they were learnt, then position."""
        return (self.effective_at, self.recorded_at, -1 if self.entry is None else self.entry, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFact(Fact):
    """One state of an AI system's record, as far as verdicts depend on it. `id` is the slug.

    `circumstances` and `access_reviewed_until` are no part of the record: the engine adds those that were approved
    (`Circumstances`), and until when the last finished review of who has access counts, if it still does (`Reviewed`).
    """

    name: str
    purpose: str = ""
    outputs: str = ""
    built: str = ""
    supplier: str = ""
    stage: str = ""
    roles: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    high_risk_by: str = ""
    owner: str = ""
    personal_data: str = "unknown"
    impact_assessment: str = "unknown"
    monitoring: str = "unknown"
    independent_evaluation: str = "unknown"
    appeal: str = "unknown"
    people_affected: tuple[str, ...] = ()
    autonomy: str = ""
    overseers: str = ""
    circumstances: Decided = ()
    access_reviewed_until: datetime | None = None

    @property
    def in_use(self) -> bool:
        """Retired systems are kept, but no longer judged."""
        return self.stage != "retirement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption(Fact):
    """What the organisation declares about a control in a scope: done, planned by a date, not done, or excluded."""

    control: str
    scope: str
    state: AdoptionState
    because: str = ""
    plan_due: datetime | None = None

    @property
    def is_planned(self) -> bool:
        """Whether it is planned by a date; a plan without one is none."""
        return self.state == "planned" and self.plan_due is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Fact):
    """An immutable, dated answer to one expectation. `effective_at` is when it was observed.

    `sha256` is the hex digest of the bytes in the vault; for an attestation, of the statement's own bytes.
    Valid while observed_at <= t < expires_at.
    """

    control: str
    expectation: str
    scope: str
    passing: bool
    sha256: str
    expires_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Fact):
    """What a person found or accepted beside the verdict, with a reason and an end. It never replaces a verdict.

    `subject` is a control id (framework empty) or a requirement id (with its framework).
    """

    kind: JudgementKind
    subject: str
    scope: str
    because: str
    framework: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure(Fact):
    """The dated end of a judgement, with the reason. `judgement` is the id of what it closes."""

    judgement: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances(Fact):
    """What the approved answers to the questions of one law found about a scope, in that law's own words.

    The latest approval holds. Words: `[[circumstance]]` of the law's questions (docs/library.md).
    """

    law: str
    scope: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Fact):
    """A finished access review in which every line was decided: of which scopes, each with until when it counts.

    The scope of the whole organisation stands for Annexa itself. Ends are exclusive.
    """

    until: tuple[tuple[str, datetime], ...]

    def about(self, scopes: Collection[str]) -> "Reviewed":
        """The same, as far as it speaks of these scopes."""
        kept = tuple(one for one in self.until if one[0] in scopes)
        return self if kept == self.until else replace(self, until=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFact(Fact):
    """One state of a record of a register, as far as verdicts depend on it. `id` is the slug.

    `fulfils`: for each check that asks about it, until when it is fulfilled (exclusive; None: it is not). `systems`:
    the AI systems it leads to. `ends_at`: since when it no longer counts. `hidden`: it counts, but is not named.
    `component`: what impact assessments keep of it, where those systems are made of it.
    `part`: what part of the record it speaks of, such as its publication; it ends with the record. `judged`: for each
    check that a material change of those systems ends, the day on which the record judged them.
    """

    register: str
    part: str = ""
    fulfils: tuple[tuple[str, datetime | None], ...] = ()
    systems: tuple[str, ...] = ()
    ends_at: datetime | None = None
    hidden: bool = False
    component: Pairs | None = None
    judged: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed(Fact):
    """An approved impact assessment of an AI system, or the withdrawal of one, which counts for nothing. The latest of
    a form and system holds.

    `until` is exclusive. `material`: the fields of the system it was given for; `components`: what the system was made
    of, by slug; None: that was not looked at. It holds only while the system still is so.
    """

    form: str
    scope: str
    until: datetime
    material: Pairs = ()
    components: tuple[tuple[str, Pairs], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed(Fact):
    """For a what-if, never recorded: a check over a register is fulfilled, for the organisation or for an AI system."""

    check: str
    scope: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything recorded that verdicts depend on, in no particular order."""

    systems: tuple[SystemFact, ...] = ()
    adoptions: tuple[Adoption, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    closures: tuple[Closure, ...] = ()
    circumstances: tuple[Circumstances, ...] = ()
    reviews: tuple[Reviewed, ...] = ()
    records: tuple[RecordFact, ...] = ()
    supposed: tuple[Supposed, ...] = ()
    assessed: tuple[Assessed, ...] = ()

    def plus(self, more: Iterable[Fact]) -> "Facts":
        """The same facts and some more; which is also how a what-if is asked."""
        kinds: dict[type[Fact], list[Any]] = {}
        for fact in more:
            kinds.setdefault(type(fact), []).append(fact)
        return Facts(
            systems=(*self.systems, *kinds.get(SystemFact, ())),
            adoptions=(*self.adoptions, *kinds.get(Adoption, ())),
            evidence=(*self.evidence, *kinds.get(Evidence, ())),
            judgements=(*self.judgements, *kinds.get(Judgement, ())),
            closures=(*self.closures, *kinds.get(Closure, ())),
            circumstances=(*self.circumstances, *kinds.get(Circumstances, ())),
            reviews=(*self.reviews, *kinds.get(Reviewed, ())),
            records=(*self.records, *kinds.get(RecordFact, ())),
            supposed=(*self.supposed, *kinds.get(Supposed, ())),
            assessed=(*self.assessed, *kinds.get(Assessed, ())),
        )

    def about(self, systems: Collection[str]) -> "Facts":
        """Only what is said of the organisation and of these AI systems. Records count, and are not named."""
        scopes = {ORGANISATION, *systems}
        judgements = tuple(one for one in self.judgements if one.scope in scopes)
        kept = {one.id for one in judgements}
        return Facts(
            systems=tuple(one for one in self.systems if one.id in scopes),
            adoptions=tuple(one for one in self.adoptions if one.scope in scopes),
            evidence=tuple(one for one in self.evidence if one.scope in scopes),
            judgements=judgements,
            closures=tuple(one for one in self.closures if one.judgement in kept),
            circumstances=tuple(one for one in self.circumstances if one.scope in scopes),
            reviews=tuple(found for one in self.reviews if (found := one.about(scopes)).until),
            records=tuple(replace(one, hidden=True) for one in self.records),
            supposed=tuple(one for one in self.supposed if one.scope in scopes),
            assessed=tuple(one for one in self.assessed if one.scope in scopes),
        )

    @property
    def kinds(self) -> tuple[tuple[Fact, ...], ...]:
        """The facts kind by kind, always in the same order."""
        return (
            self.systems, self.adoptions, self.evidence, self.judgements, self.closures, self.circumstances,
            self.reviews, self.records, self.supposed, self.assessed,
        )  # fmt: skip


F = TypeVar("F", bound=Fact)


def latest(facts: Iterable[F], at: datetime, learnt_by: datetime | None = None) -> F | None:
    """The fact that holds at that instant among versions of the same thing, or None if none was known yet."""
    return max((fact for fact in facts if fact.known(at, learnt_by)), key=lambda fact: fact.order, default=None)


def standing_judgements(
    judgements: Iterable[Judgement], closures: Iterable[Closure], at: datetime, learnt_by: datetime | None = None
) -> tuple[Judgement, ...]:
    """The judgements that stand at an instant, neither closed nor ended, in their order."""
    closed = {fact.judgement for fact in closures if fact.known(at, learnt_by)}
    return tuple(
        fact
        for fact in sorted(judgements, key=lambda one: one.order)
        if fact.known(at, learnt_by) and fact.id not in closed and not (fact.ends_at is not None and fact.ends_at <= at)
    )


def decided(facts: Iterable[Circumstances], at: datetime, learnt_by: datetime | None = None) -> Mapping[str, Decided]:
    """The approved circumstances that hold at an instant, by scope."""
    found: dict[str, dict[str, Circumstances]] = {}
    for fact in facts:
        if fact.known(at, learnt_by):
            laws = found.setdefault(fact.scope, {})
            if fact.law not in laws or laws[fact.law].order < fact.order:
                laws[fact.law] = fact
    return {scope: tuple((law, laws[law].words) for law in sorted(laws)) for scope, laws in found.items()}


def reviewed(facts: Iterable[Reviewed], at: datetime, learnt_by: datetime | None = None) -> Mapping[str, datetime]:
    """Until when the access reviews that count at an instant do, by scope."""
    found: dict[str, datetime] = {}
    for fact in facts:
        if fact.known(at, learnt_by):
            for scope, until in fact.until:
                if until > at and (scope not in found or found[scope] < until):
                    found[scope] = until
    return found


def instant(text: str) -> datetime:
    """An RFC 3339 instant with zone as a UTC datetime. Raises FactError on anything else."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise FactError(f"{text!r} is not an instant") from error
    if found.tzinfo is None:
        raise FactError(f"{text!r} has no time zone")
    return found.astimezone(UTC)
