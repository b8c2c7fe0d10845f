"""The path to ready: which work comes next, what each step wins, what it leaves open, and by when it could be done."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from annexa.answers.errors import no_framework
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.facts import Adoption
from annexa.pure.path import CAPACITY, MOST_CAPACITY, BurnPoint, Path, Step, burn_up, path
from annexa.pure.permits import Actor
from annexa.pure.posture import Engine, Verdict
from annexa.pure.situations import Situations, only, situations
from annexa.pure.standards import Framework
from annexa.pure.work import Unreachable
from annexa.pure.work_ahead import work_ahead

MOST_SYSTEMS = 300
"""With more AI systems than this a path is worked out over some that stand for all."""
KEPT = 8
"""Paths that are remembered: as many choices of frameworks, capacity and day as are looked at side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One step as the organisation meets it: `gains` per framework, the plan that stands, whether one can be made.

    A plan is offered for a control that nobody has declared implemented; what has only lapsed, fails or lacks proof is
    mended by evidence, and a plan would take its declaration back.
    """

    step: Step
    gains: tuple[tuple[Framework, int], ...]
    plan: Adoption | None
    can_be_planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """One framework: what is met or ready now and after the steps shown, of all that binds or will."""

    framework: Framework
    met: int
    after: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPage:
    """The path for some frameworks at a capacity in person-days a week, and where it ends.

    `days` are the person-days of the steps shown, `ready_on` the day on which the last of them ends (None: no steps).
    `whole`: every situation that AI systems are in was looked at, which is not so where they are in very many.
    """

    at: datetime
    library: str
    ledger_size: int
    frameworks: tuple[Framework, ...]
    adopted: tuple[Framework, ...]
    capacity: float
    by: date | None
    path: Path
    steps: tuple[Ahead, ...]
    burn_up: tuple[BurnPoint, ...]
    gains: tuple[Gain, ...]
    verdicts: Mapping[tuple[str, str], tuple[Verdict, date | None]]
    whole: bool = True

    @property
    def met(self) -> int:
        """Requirements that are met today, or would be if they bound already."""
        return self.path.met

    @property
    def met_now(self) -> int:
        """Of those that bind now, how many are met: what the posture of the frameworks says."""
        return sum(verdict is Verdict.MET for verdict, _ in self.verdicts.values())

    @property
    def binding_now(self) -> int:
        """Requirements that bind now."""
        return dict(self.path.binding).get(None, 0)

    @property
    def ready_later(self) -> int:
        """Of those that bind later, how many would be met if they bound already."""
        return self.met - self.met_now

    @property
    def binding_later(self) -> int:
        """Requirements that bind later, within the days asked for."""
        return self.total - self.binding_now

    @property
    def met_after(self) -> int:
        """Requirements that are met, or ready for the day they bind, after the steps shown."""
        return self.path.curve[-1].met

    @property
    def total(self) -> int:
        """Requirements that bind or will, within the days asked for."""
        return sum(count for _, count in self.path.binding)

    @property
    def days(self) -> float:
        """Person-days of the steps shown."""
        return self.path.curve[-1].days

    @property
    def ready_on(self) -> date | None:
        """The day on which the last step shown ends."""
        return self.path.steps[-1].due_on if self.path.steps else None

    @property
    def unreachable(self) -> tuple[Unreachable, ...]:
        """What no step can meet, and why."""
        return self.path.unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One line of a gap analysis: where a requirement stands, which controls it waits for, and what comes next.

    `later`: it does not bind yet, so it has no verdict of its own. `step` is the number of the next step for it,
    `effort_days` the work of all its steps, `due_on` the day on which the last of them ends; None where nothing is open
    or nothing can be done, for which `because` has the reason.
    """

    framework: str
    requirement: str
    title: str
    verdict: Verdict
    binds_from: date | None
    later: bool
    missing: tuple[str, ...]
    step: int | None
    owner_role: str
    effort_days: float | None
    due_on: date | None
    because: str


def path_page(
    *,
    actor: Actor,
    now: datetime,
    frameworks: Sequence[str] = (),
    capacity: float = CAPACITY,
    by: date | None = None,
) -> PathPage:
    """The path for these frameworks, without any for the adopted ones. Computed once for each choice and day.

    Raises UnknownError for a framework that does not exist and ValueError for a capacity that gets nothing done.
    """
    stand = standpoint(actor=actor, now=now)
    adopted = adopted_frameworks(stand.library)
    chosen = tuple(dict.fromkeys(frameworks)) or adopted or tuple(sorted(stand.library.frameworks))
    for unknown in (one for one in chosen if one not in stand.library.frameworks):
        raise no_framework(unknown, stand.library.frameworks)
    if not 0 < capacity <= MOST_CAPACITY:
        raise ValueError(
            f"{capacity:g} is no capacity; state person-days a week above 0 and up to {MOST_CAPACITY:,.0f}."
        )
    key = (stand.library.version, stand.root, stand.at, chosen, now.date(), capacity, by, adopted)
    with _lock:
        if key not in _kept:
            _kept[key] = _made(stand, chosen, adopted, now.date(), capacity, by)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def gaps(page: PathPage) -> tuple[Gap, ...]:
    """The gap analysis behind a path: framework by framework, whatever binds, will bind or is excluded."""
    serving: dict[tuple[str, str], list[Step]] = {}
    for step in page.path.steps:
        for one in (*step.helps, *step.wins):
            serving.setdefault((one.framework, one.requirement), []).append(step)
    blocked = {(one.framework, one.requirement): one.because for one in page.unreachable}
    return tuple(
        _gap(page, framework, requirement, serving.get((framework, requirement), []), blocked)
        for framework, requirement in page.verdicts
        if _told(page, (framework, requirement), serving, blocked)
    )


_Key = tuple[str, str, datetime, tuple[str, ...], date, float, date | None, tuple[str, ...]]
_lock = threading.Lock()
_kept: OrderedDict[_Key, PathPage] = OrderedDict()


def _made(
    stand: Standpoint,
    chosen: tuple[str, ...],
    adopted: tuple[str, ...],
    today: date,
    capacity: float,
    by: date | None,
) -> PathPage:
    engine, held = _ground(stand, chosen)
    counts = held.counts if held else None
    found = path(engine, chosen, start=today, capacity_days_per_week=capacity, by=by, counts=counts)
    known = stand.library.frameworks
    return PathPage(
        at=stand.at,
        library=stand.library.version,
        ledger_size=stand.size,
        frameworks=tuple(known[one] for one in chosen),
        adopted=tuple(known[one] for one in adopted),
        capacity=capacity,
        by=by,
        path=found,
        steps=tuple(_ahead(stand, chosen, step) for step in found.steps),
        burn_up=burn_up(found),
        gains=tuple(_gain(engine, found, known[one], today, by) for one in chosen),
        whole=held is None or held.whole,
        verdicts={
            (one, line.requirement.id): (line.verdict, line.binding_from)
            for one in chosen
            for line in stand.posture(one).lines
        },
    )


def _ahead(stand: Standpoint, chosen: tuple[str, ...], step: Step) -> Ahead:
    won = Counter(one.framework for one in step.wins)
    adoption = stand.portfolio.declared(step.control.id)
    undecided = adoption is None or adoption.state == "not implemented"
    return Ahead(
        step=step,
        gains=tuple((stand.library.frameworks[one], won[one]) for one in chosen if won[one]),
        plan=adoption if adoption is not None and adoption.state == "planned" else None,
        can_be_planned=undecided and step.verdict_before is Verdict.ABSENT,
    )


def _ground(stand: Standpoint, chosen: tuple[str, ...]) -> tuple[Engine, Situations | None]:
    """The engine a path is read from: over all AI systems, or over those that stand for all where there are many."""
    if len(stand.systems) <= MOST_SYSTEMS:
        return stand.engine, None
    held = situations(stand.portfolio, chosen, most=MOST_SYSTEMS)
    return Engine(library=stand.library, facts=only(stand.engine.facts, held.slugs), at=stand.at), held


def _gain(engine: Engine, found: Path, framework: Framework, today: date, by: date | None) -> Gain:
    """What a framework alone has and gets from the steps of the whole path."""
    work = work_ahead(engine, (framework.id,), start=today, by=by)
    won = sum(one.framework == framework.id for step in found.steps for one in step.wins)
    return Gain(framework=framework, met=work.met, after=work.met + won, total=sum(count for _, count in work.binding))


def _told(
    page: PathPage,
    key: tuple[str, str],
    serving: Mapping[tuple[str, str], list[Step]],
    blocked: Mapping[tuple[str, str], str],
) -> bool:
    """Whether a requirement belongs into a gap analysis: nobody's duties and those after the day asked for do not."""
    verdict, binds_from = page.verdicts[key]
    if verdict is not Verdict.NOT_APPLICABLE or key in serving or key in blocked:
        return True
    return _later(page, key) and (page.by is None or binds_from is None or binds_from <= page.by)


def _later(page: PathPage, key: tuple[str, str]) -> bool:
    """Whether a requirement binds from a day ahead."""
    verdict, binds_from = page.verdicts[key]
    return verdict is Verdict.NOT_APPLICABLE and binds_from is not None and binds_from > page.path.start


def _gap(
    page: PathPage,
    framework: str,
    requirement: str,
    steps: list[Step],
    blocked: Mapping[tuple[str, str], str],
) -> Gap:
    verdict, binds_from = page.verdicts[framework, requirement]
    won = any((one.framework, one.requirement) == (framework, requirement) for step in steps for one in step.wins)
    short = not won and verdict not in {Verdict.MET, Verdict.NOT_APPLICABLE}
    left_out = f"Its work ends after {page.by.isoformat()}." if short and page.by else ""
    known = next(one for one in page.frameworks if one.id == framework)
    return Gap(
        framework=framework,
        requirement=requirement,
        title=known.by_id[requirement].title,
        verdict=verdict,
        binds_from=binds_from,
        later=_later(page, (framework, requirement)),
        missing=tuple(step.control.id for step in steps),
        step=steps[0].number if steps else None,
        owner_role=steps[0].owner_role if steps else "",
        effort_days=round(sum(step.effort_days for step in steps), 2) if steps else None,
        due_on=steps[-1].due_on if won else None,
        because=blocked.get((framework, requirement), left_out),
    )
