"""Risks with what is left of them: one, all of them, on any day, what moved and why."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db.models import QuerySet

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.answers.over_time import month_ends
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import one_record, rows_of
from annexa.answers.risk_scale import RiskRules, rules_at
from annexa.pure.fact_columns import ALWAYS, instant_of
from annexa.pure.instants import parse_instant
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.posture import CONTROL_ORDER, Verdict
from annexa.pure.register import Entry
from annexa.pure.registers.risks import RISKS
from annexa.pure.residual import Effect, Residual, above, residual
from annexa.pure.risk import RiskLevel
from annexa.pure.risk_acceptance import Accepted, lapsed
from annexa.pure.risk_money import MoneyRisk, Simulated, of_entry, simulate
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.risks import RiskProposal, RiskStep

SINCE = (7, 30, 90, 365)
"""Over how many days what moved is asked for."""
SIDES = ("likelihood", "impact")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedRisk:
    """A risk with what is left of it; `residual` None while it is not rated on the scale."""

    slug: str
    entry: Entry
    residual: Residual | None
    over: bool

    @property
    def rank(self) -> tuple[int, int]:
        """How high what is left is, to sort by: the product of the steps, then the impact."""
        left = self.residual
        return (left.likelihood.left * left.impact.left, left.impact.left) if left else (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field of the matrix: the steps, the level, and the risks there."""

    likelihood: int
    impact: int
    level: str
    risks: tuple[RatedRisk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskMap:
    """All risks that count on a scale; `rows` of the matrix from the most likely down, before controls or as left."""

    rules: RiskRules
    at: datetime
    risks: tuple[RatedRisk, ...]
    rows: tuple[tuple[Cell, ...], ...]
    inherent: bool

    @property
    def unrated(self) -> tuple[RatedRisk, ...]:
        """Those that are not on the scale."""
        return tuple(one for one in self.risks if one.residual is None)

    @property
    def over(self) -> tuple[RatedRisk, ...]:
        """Those above the appetite."""
        return tuple(one for one in self.risks if one.over)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """How many risks had which level at the end of a day, by level from the lowest; `over`: above the appetite."""

    on: date
    counts: Mapping[str, int]
    unrated: int
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why what is left of a risk moved: a control whose verdict changed, or what somebody recorded.

    `on`: the day, where it is known. `control`: its id, "" for what somebody recorded; `label` then says what, and is
    "" for a new risk.
    """

    control: str = ""
    before: str = ""
    after: str = ""
    label: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A risk of which more or less is left than before, and why. `by`: how much, in products of steps."""

    now: RatedRisk
    before: Residual | None
    by: int
    causes: tuple[Cause, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceLine:
    """A proposal and what became of it: proposed, accepted, lapsed, refused, withdrawn, or replaced by one that was
    accepted later, whether that one still holds or not. `because` says why it lapsed."""

    proposal: RiskProposal
    steps: tuple[RiskStep, ...]
    state: str
    because: str = ""


def risk_map(
    *, actor: Actor, now: datetime, at: datetime | None = None, inherent: bool = False, area: str = ""
) -> RiskMap:
    """Where all risks stand on the scale, now or as of another instant. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at)
    rules = rules_at(at or now)
    found = [(slug, one) for slug, one in risks_at(actor, now=now, at=at) if not area or one.area == area]
    rated = tuple(sorted(rated_by(stand, rules, found), key=lambda one: (*(-n for n in one.rank), one.entry.name)))
    return RiskMap(rules=rules, at=at or now, risks=rated, rows=_matrix(rules, rated, inherent), inherent=inherent)


def rated_risk(*, actor: Actor, now: datetime, slug: str) -> tuple[RatedRisk, RiskRules]:
    """One risk with what is left of it now, and the scale. Raises UnknownError."""
    row = one_record(actor=actor, register=RISKS, slug=slug)
    rules = rules_at(now)
    return rated_by(standpoint(actor=actor, now=now), rules, [(slug, row.entry)])[0], rules


def acceptances(*, actor: Actor, now: datetime, risk: RatedRisk, rules: RiskRules) -> tuple[AcceptanceLine, ...]:
    """Every proposal about a risk, the latest first. Cost: two queries."""
    left = {risk.slug: risk.residual.level if risk.residual else None}
    return _lines(RiskProposal.objects.visible_to(actor).filter(risk_id=risk.slug), left, rules, now)


def list_acceptances(*, actor: Actor, now: datetime, risk: str = "", state: str = "") -> tuple[AcceptanceLine, ...]:
    """Every proposal about the risks the actor may know of, or about one, the latest first; in one state if given.

    Raises UnknownError for who reads nothing. Cost: four queries.
    """
    ask_reads(actor)
    rows = RiskProposal.objects.visible_to(actor)
    found = _proposals(actor, rows.filter(risk_id=risk) if risk else rows, now)
    return tuple(one for one in found if state in ("", one.state))


def one_acceptance(*, actor: Actor, now: datetime, proposal: str) -> AcceptanceLine:
    """One proposal with what became of it. Raises UnknownError."""
    rows = RiskProposal.objects.visible_to(actor)
    found = _proposals(actor, rows.filter(risk_id__in=rows.filter(id=proposal).values("risk_id")), now)
    for one in found:
        if one.proposal.id == proposal:
            return one
    raise UnknownError(f"There is no proposal {proposal!r}.")


def _proposals(actor: Actor, rows: QuerySet[RiskProposal], now: datetime) -> tuple[AcceptanceLine, ...]:
    """Proposals with what is left of their risks by now."""
    rules = rules_at(now)
    wanted = rows_of(ANNEXA, RISKS).filter(slug__in=rows.order_by().values("risk_id")).defer("words")
    rated = rated_by(standpoint(actor=actor, now=now), rules, [(row.slug, row.entry) for row in wanted])
    return _lines(rows, {one.slug: one.residual.level if one.residual else None for one in rated}, rules, now)


def _lines(
    rows: QuerySet[RiskProposal], left: Mapping[str, RiskLevel | None], rules: RiskRules, now: datetime
) -> tuple[AcceptanceLine, ...]:
    found: list[AcceptanceLine] = []
    replaced: set[str] = set()
    for row in rows.select_related("by").order_by("-recorded_at", "-id").prefetch_related("steps__by"):
        steps = tuple(row.steps.all())
        state, because = steps[-1].step if steps else "proposed", ""
        if state == "accepted" and str(row.risk_id) in replaced:
            state = "replaced"
        replaced |= {str(row.risk_id)} if any(one.step == "accepted" for one in steps) else set()
        if state == "accepted":
            signed = Accepted(level=row.level, until=row.until)
            because = lapsed(signed, left.get(str(row.risk_id)), rules.scale, now.date())
            state = "lapsed" if because else state
        found.append(AcceptanceLine(proposal=row, steps=steps, state=state, because=because))
    return tuple(found)


def proposal_of(*, actor: Actor, risk: str, proposal: str) -> RiskProposal:
    """One proposal about a risk. Raises UnknownError."""
    found: RiskProposal | None = RiskProposal.objects.visible_to(actor).filter(risk_id=risk, id=proposal).first()
    if found is None:
        raise UnknownError(f"There is no proposal {proposal!r} about {risk!r}.")
    return found


def rated_by(stand: Standpoint, rules: RiskRules, found: Iterable[tuple[str, Entry]]) -> list[RatedRisk]:
    """Risks with what is left of them by the verdicts of a standpoint."""
    known: dict[tuple[str, tuple[str, ...]], Verdict] = {}
    made = []
    for slug, entry in found:
        verdicts = {}
        for control in (*entry.controls, *entry.controls_on_impact):
            key = (control, entry.systems)
            if key not in known:
                known[key] = verdict_of(stand, control, entry.systems)
            verdicts[control] = known[key]
        left = residual(entry, rules.scale, verdicts)
        over = left is not None and above(left.level, rules.appetite_of(entry.area), rules.scale)
        made.append(RatedRisk(slug=slug, entry=entry, residual=left, over=over))
    return made


def verdict_of(stand: Standpoint, control: str, systems: Sequence[str]) -> Verdict:
    """How a control stands where a risk is: for the organisation or, with AI systems, as in the worst of them.

    One that does not apply in one of them, or was excluded there, holds nothing back there.
    """
    if control not in stand.library.controls:
        return Verdict.ABSENT
    portfolio = stand.portfolio
    where = portfolio.among(systems) & portfolio.live
    if not where:
        return stand.judged(control).verdict
    held = portfolio.standings(control).verdicts
    worst = (Verdict.NOT_APPLICABLE, *reversed(CONTROL_ORDER))
    return next(verdict for verdict in worst if held.get(verdict, 0) & where)


def risks_at(actor: Actor, *, now: datetime, at: datetime | None = None) -> list[tuple[str, Entry]]:
    """The risks that counted at an instant, as they were recorded by then."""
    if at is None or at >= now:
        rows = rows_of(actor, RISKS).defer("words")
        return [(row.slug, row.entry) for row in rows if not RISKS.ended(row.entry, (at or now).date())]
    return _then(_states(actor, at), at)


def trend(*, actor: Actor, now: datetime, area: str = "") -> tuple[TrendPoint, ...]:
    """The levels at the end of each of the past twelve months, and now, on the scale of now. Raises UnknownError.

    Cost: one query for all states of all risks, and the verdicts of thirteen instants.
    """
    states = _states(actor, now)
    rules = rules_at(now)
    points = []
    for on in month_ends(now.date()):
        at = parse_instant(on.isoformat(), now=now)
        found = [(slug, one) for slug, one in _then(states, at) if not area or one.area == area]
        if found:
            points.append(_point(on, rated_by(standpoint(actor=actor, now=now, at=at), rules, found), rules))
    today = risk_map(actor=actor, now=now, area=area)
    return (*points, _point(now.date(), today.risks, rules))


def movers(*, actor: Actor, now: datetime, days: int = 30) -> tuple[Mover, ...]:
    """The risks of which more or less is left than so many days ago, the furthest first. Raises UnknownError."""
    at = now - timedelta(days=days)
    rules = rules_at(now)
    here, there = (standpoint(actor=actor, now=now, at=when) for when in (None, at))
    then = dict(_then(_states(actor, at), at))
    before = {one.slug: one for one in rated_by(there, rules, then.items())}
    made = []
    for one in rated_by(here, rules, risks_at(actor, now=now)):
        old = before.get(one.slug)
        if one.residual is None or (old and old.residual == one.residual):
            continue
        by = one.rank[0] - (old.rank[0] if old else 0)
        if by:
            causes = _causes(there, old, one, now) if old else (Cause(on=one.entry.identified_on),)
            made.append(Mover(now=one, before=old.residual if old else None, by=by, causes=causes))
    return tuple(sorted(made, key=lambda one: (-abs(one.by), one.now.entry.name)))


def in_money(*, actor: Actor, now: datetime) -> Mapping[str, tuple[tuple[RatedRisk, ...], Simulated, Simulated]]:
    """By currency: the risks that have ranges, and many years of them before controls and as they are left."""
    stand, rules = standpoint(actor=actor, now=now), rules_at(now)
    found: dict[str, list[tuple[RatedRisk, MoneyRisk, MoneyRisk]]] = {}
    for one in rated_by(stand, rules, risks_at(actor, now=now)):
        bare, left = of_entry(one.slug, one.entry, None), of_entry(one.slug, one.entry, one.residual)
        if bare and left:
            found.setdefault(bare[0], []).append((one, bare[1], left[1]))
    return {
        currency: (
            tuple(one for one, _, _ in rows),
            _simulated(tuple(bare for _, bare, _ in rows)),
            _simulated(tuple(left for _, _, left in rows)),
        )
        for currency, rows in sorted(found.items())
    }


@lru_cache(maxsize=16)
def _simulated(risks: tuple[MoneyRisk, ...]) -> Simulated:
    return simulate(risks)


def _matrix(rules: RiskRules, rated: Iterable[RatedRisk], inherent: bool) -> tuple[tuple[Cell, ...], ...]:
    placed: dict[tuple[int, int], list[RatedRisk]] = {}
    for one in rated:
        if (left := one.residual) is not None:
            key = tuple((getattr(left, side).inherent if inherent else getattr(left, side).left) for side in SIDES)
            placed.setdefault((key[0], key[1]), []).append(one)
    scale = rules.scale
    return tuple(
        tuple(
            Cell(
                likelihood=likely.value, impact=bad.value, level=scale.rows[likely.value - 1][bad.value - 1],
                risks=tuple(placed.get((likely.value, bad.value), ())),
            )
            for bad in scale.impact
        )
        for likely in reversed(scale.likelihood)
    )  # fmt: skip


def _point(on: date, rated: Sequence[RatedRisk], rules: RiskRules) -> TrendPoint:
    counted = Counter(one.residual.level.id for one in rated if one.residual)
    return TrendPoint(
        on=on,
        counts={one.id: counted[one.id] for one in rules.scale.levels},
        unrated=sum(one.residual is None for one in rated),
        over=sum(one.over for one in rated),
    )


States = Sequence[tuple[datetime, str, Entry]]


def _states(actor: Actor, at: datetime) -> States:
    """Every state of every risk that was recorded by then, in the order of the ledger. Cost: two queries."""
    entries = LedgerEntry.objects.visible_to(actor).filter(kind=RISKS.noun, at__lte=at).order_by("position")
    told = list(entries.values_list("position", "at"))
    bodies = EntryBody.objects.filter(position__in=entries.values("position")).values_list("position", "body")
    states = {position: json.loads(bytes(body))["state"] for position, body in bodies}
    return [(when, states[position]["slug"], RISKS.read(states[position])) for position, when in told]


def _then(states: States, at: datetime) -> list[tuple[str, Entry]]:
    latest = {slug: entry for when, slug, entry in states if when <= at}
    return [(slug, entry) for slug, entry in latest.items() if not RISKS.ended(entry, at.date())]


def _causes(there: Standpoint, old: RatedRisk, new: RatedRisk, now: datetime) -> tuple[Cause, ...]:
    """What changed about a risk between two instants, controls first."""
    verdicts = {(one.control, one.side): one for one in (old.residual.effects if old.residual else ())}
    found = [
        Cause(control=one.control, before=before.verdict, after=one.verdict, on=_fell(there, one, new, now))
        for one in (new.residual.effects if new.residual else ())
        if (before := verdicts.get((one.control, one.side))) is not None and before.verdict != one.verdict
    ]
    found += [
        Cause(label=about.label, before=_told(was), after=_told(is_now))
        for about in RISKS.fields
        if about.name in _DECIDING and (was := old.entry.values[about.name]) != (is_now := new.entry.values[about.name])
    ]
    return tuple(found)


def _told(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


_DECIDING = frozenset({"likelihood", "impact", "target_likelihood", "target_impact", "controls", "controls_on_impact"})


def _fell(there: Standpoint, effect: Effect, risk: RatedRisk, now: datetime) -> date | None:
    """The day on which a control went stale by time alone, as was foreseen; None where something else happened."""
    if effect.verdict is not Verdict.STALE or risk.entry.systems:
        return None
    falls = there.judged(effect.control).falls_at
    return None if falls == ALWAYS or instant_of(falls) > now else instant_of(falls).date()
