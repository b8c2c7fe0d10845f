"""What waits today, for one person or everybody: tasks, evidence, decisions; what moved since the last visit."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Func, Subquery

from annexa.answers.access_reviews import FollowUp, ReviewWaiting, waiting_access
from annexa.answers.assessments import Standing as Assessment
from annexa.answers.assessments import ToApprove, waiting_assessments
from annexa.answers.decisions import LatePlan, ReviewAsked, late_plans, reviews_asked
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.ledger import Change, list_changes
from annexa.answers.libraries import active_library
from annexa.answers.owners import key_of, owners
from annexa.answers.people import LeftBehind, left_behind
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.renewals import AHEAD, Renewal, renewals
from annexa.answers.since import last_visit, moved_since
from annexa.answers.tasks import Todo, Whose, standing_tasks, whose_of
from annexa.answers.waits import Wait, waits
from annexa.pure.owners import Owner
from annexa.pure.permits import Actor
from annexa.pure.posture import FrameworkPosture, Verdict
from annexa.pure.since import Move
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.organisation import Organisation
from annexa.records.systems import AiSystem

MOST = 6
"""How many things of a kind stand on the page; the others are behind a link."""
MOST_MOVES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the organisation stands against one adopted framework, and when the first verdict falls if nobody acts.

    `gained`: how many more requirements are met than at the last visit; None if there was none.
    """

    posture: FrameworkPosture
    met: int
    falls_at: datetime | None
    gained: int | None = None

    @property
    def lost(self) -> int:
        """How many fewer are met than at the last visit."""
        return max(-(self.gained or 0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A date to come on which requirements begin to bind."""

    on: date
    framework: str
    framework_title: str
    requirements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What the first page of the day shows, of one's own or of everybody's (`whose`).

    `tasks` are late or due soon, `reviews`, `plans`, `approvals` of assessments, the lines of `access` reviews and what
    records `asked` for wait for a decision, `again` for another look, `follow_ups` for somebody to carry one out,
    `anew` for an assessment to be done anew; a task for such a plan is no second thing. `left` are those who may not
    sign in any more and still hold things. What `failing` does not hold, `renewals` ran out or soon will, `never` was
    never shown; each the first few of its total. `next_due` is when the next verdict falls. `declared` counts controls
    that somebody said something about. `moves` are verdicts that differ from those at `since`, when the last visit
    ended (None: the first one).
    """

    organisation: Organisation | None
    whose: Whose
    tasks: tuple[Todo, ...]
    tasks_total: int
    reviews: tuple[ReviewAsked, ...]
    reviews_total: int
    left: tuple[LeftBehind, ...]
    left_total: int
    plans: tuple[LatePlan, ...]
    plans_total: int
    access: tuple[ReviewWaiting, ...]
    access_total: int
    approvals: tuple[ToApprove, ...]
    approvals_total: int
    asked: tuple[Wait, ...]
    asked_total: int
    again: tuple[Wait, ...]
    again_total: int
    anew: tuple[Assessment, ...]
    anew_total: int
    follow_ups: tuple[FollowUp, ...]
    follow_ups_total: int
    since: datetime | None
    moves: tuple[Move, ...]
    moves_total: int
    failing: tuple[Renewal, ...]
    failing_total: int
    renewals: tuple[Renewal, ...]
    renewals_total: int
    never: tuple[Renewal, ...]
    never_total: int
    next_due: datetime | None
    declared: int
    systems: int
    without_owner: int
    without_class: int
    standing: tuple[Standing, ...]
    recent: tuple[Change, ...]
    ahead: tuple[Ahead, ...]
    at: datetime
    ledger_size: int

    @property
    def to_do(self) -> int:
        """How many tasks, decisions and expectations wait."""
        return (
            self.tasks_total
            + self.follow_ups_total
            + self.to_decide
            + self.anew_total
            + self.again_total
            + self.failing_total
            + self.renewals_total
            + self.never_total
        )

    @property
    def to_decide(self) -> int:
        """How many decisions wait."""
        return self.reviews_total + self.plans_total + self.access_total + self.approvals_total + self.asked_total

    @property
    def waiting(self) -> int:
        """How many things wait: tasks, decisions, evidence to give, and gaps in the register."""
        return self.to_do + self.left_total + bool(self.without_owner) + bool(self.without_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every page says of the organisation: its name, and how much there is of what."""

    name: str
    demo: bool
    systems: int
    controls: int
    entries: int


def house(*, actor: Actor) -> House:
    """The organisation as the frame of every page shows it. Cost: one query, four more after a change."""
    counted = AiSystem.objects.visible_to(actor).order_by().annotate(n=Func("pk", function="COUNT")).values("n")
    sealed = LedgerCheckpoint.objects.order_by("-size").values("size")[:1]
    found = Organisation.objects.annotate(systems=Subquery(counted), entries=Subquery(sealed)).first()
    if found is None:
        return House(name="", demo=False, systems=0, controls=0, entries=0)
    return House(
        name=found.name,
        demo=found.demo,
        systems=found.systems or 0,
        controls=len(active_library(size=found.entries or 0).controls),
        entries=found.entries or 0,
    )


def today(*, actor: Actor, now: datetime, whose: str = "") -> Today:
    """Today's page for one person; `whose` mine or all, "" for one's own if one owns anything, else everybody's."""
    stand = standpoint(actor=actor, now=now)
    adopted = adopted_frameworks(stand.library)
    held, given = owners(actor=actor, stand=stand), standing_tasks(actor=actor, stand=stand, today=now.date())
    chosen, since = whose_of(actor, held, given, whose), last_visit(person=key_of(actor))
    me = key_of(actor) if chosen == "mine" else None
    found = renewals(stand=stand, owners=held, adopted=adopted, now=now, person=me)
    failing = [one for one in found if one.urgency == "failing"]
    due = [one for one in found if one.urgency in {"expired", "soon"}]
    never = [one for one in found if one.urgency == "never"]
    tasks = [one for one in given if _is_due(one, now) and _counts(one.owner, me)]
    reviews = [one for one in reviews_asked(actor=actor, stand=stand) if me is None or one.mine]
    access = waiting_access(actor=actor, now=now, person=me)
    approvals, outdated = waiting_assessments(actor=actor, stand=stand, now=now, person=me)
    anew = tuple(one for one in outdated if _counts(held.systems.get(one.system.slug), me))
    asking = [one for one in waits(actor=actor, stand=stand, held=held, now=now) if me is None or one.mine]
    asked, again = (tuple(one for one in asking if one.decision is decision) for decision in (True, False))
    plans = [one for one in late_plans(stand=stand, owners=held, now=now) if _counts(one.owner, me)]
    planned = {(one.control, one.scope) for one in plans}
    tasks = [one for one in tasks if (one.control, one.scope) not in planned]
    systems = [one for slug, one in stand.engine.systems.items() if me is None or _counts(held.systems.get(slug), me)]
    left = left_behind(actor=actor, now=now)
    then = moved_since(actor=actor, stand=stand, frameworks=adopted, since=since) if since else None
    standing = tuple(_standing(stand.posture(one), then[0].met(one) if then else None) for one in adopted)
    moves = then[1] if then else ()
    return Today(
        organisation=Organisation.objects.first(),
        whose=chosen,
        tasks=tuple(tasks[:MOST]),
        tasks_total=len(tasks),
        reviews=tuple(reviews[:MOST]),
        reviews_total=len(reviews),
        left=left[:MOST],
        left_total=len(left),
        plans=tuple(plans[:MOST]),
        plans_total=len(plans),
        approvals=approvals[:MOST],
        approvals_total=len(approvals),
        asked=asked[:MOST],
        asked_total=len(asked),
        again=again[:MOST],
        again_total=len(again),
        anew=anew[:MOST],
        anew_total=len(anew),
        access=access.reviews[:MOST],
        access_total=len(access.reviews),
        follow_ups=access.follow_ups[:MOST],
        follow_ups_total=len(access.follow_ups),
        since=since if then else None,
        moves=moves[:MOST_MOVES],
        moves_total=len(moves),
        failing=tuple(failing[:MOST]),
        failing_total=len(failing),
        renewals=tuple(due[:MOST]),
        renewals_total=len(due),
        never=tuple(never[:MOST]),
        never_total=len(never),
        next_due=min((one.falls_at for one in standing if one.falls_at), default=None),
        declared=len({fact.control for fact in stand.engine.facts.adoptions}),
        systems=AiSystem.objects.visible_to(actor).count(),
        without_owner=sum(not system.owner for system in systems),
        without_class=sum(not system.classes for system in systems),
        standing=standing,
        recent=list_changes(actor=actor),
        ahead=_ahead(stand, adopted, now),
        at=stand.at,
        ledger_size=stand.size,
    )


def _is_due(todo: Todo, now: datetime) -> bool:
    """Whether a task is late or due soon."""
    return todo.due_on is not None and todo.due_on <= (now + AHEAD).date()


def _counts(owner: Owner | None, person: int | None) -> bool:
    """Whether it belongs to what is shown: everybody's, or what this person answers for."""
    return person is None or (owner is not None and owner.person == person)


def _standing(posture: FrameworkPosture, met_before: int | None) -> Standing:
    met = posture.counts[Verdict.MET]
    return Standing(
        posture=posture,
        met=met,
        falls_at=min((line.due for line in posture.lines if line.due), default=None),
        gained=None if met_before is None else met - met_before,
    )


def _ahead(stand: Standpoint, adopted: tuple[str, ...], now: datetime) -> tuple[Ahead, ...]:
    found: dict[tuple[date, str], int] = {}
    for framework in (stand.library.frameworks[one] for one in adopted):
        for leaf in framework.leaves:
            if not leaf.no_duty and leaf.applies_from is not None and leaf.applies_from > now.date():
                key = (leaf.applies_from, framework.id)
                found[key] = found.get(key, 0) + 1
    return tuple(
        Ahead(on=on, framework=one, framework_title=stand.library.frameworks[one].title, requirements=n)
        for (on, one), n in sorted(found.items())
    )[:6]
