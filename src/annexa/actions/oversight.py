"""Human oversight: how a system is overseen, its cases, what people decide about them, who stands in for whom."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.oversight import (
    approved_words,
    case_of,
    delegations,
    is_able,
    plan_row,
    values_of,
    with_all,
)
from annexa.pure.oversight import (
    CLAIM,
    Case,
    Decision,
    Given,
    Plan,
    case_problems,
    deadlines,
    decision_problems,
    delegation_problems,
    entitled,
    needed,
    outcome,
    plan_problems,
    seconds_taken,
    state,
    take_refusal,
)
from annexa.pure.permits import Actor, Place
from annexa.records.oversight import (
    OversightClaim,
    OversightContent,
    OversightDelegation,
    OversightDelegationEnd,
    OversightItem,
    OversightOutcome,
    OversightPlan,
    OversightVerdict,
)
from annexa.records.people import Person

LONGEST_REFERENCE, LONGEST_TRACE = 200, 128
SAME = ("title", "input", "output", "explanation", "policy", "about")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A decision of an AI system, as it posts it. `minutes`: it has less time than the plan gives; None: as much.

    `trace_id`, `span_id`, `activity_id`: what it is about in the log of activity. `about`: a pseudonym of a person.
    """

    title: str
    output: str
    input: str = ""
    explanation: str = ""
    policy: str = ""
    about: str = ""
    reference: str = ""
    minutes: int | None = None
    trace_id: str = ""
    span_id: str = ""
    activity_id: str = ""


def plan_oversight(
    *, actor: Actor, person: Person, system: str, plan: Plan, because: str, now: datetime
) -> OversightPlan:
    """Says how an AI system is overseen from now on: by whom, in which time, and what happens if nobody decides.

    Cases that wait keep their time; who decides about them follows the new plan. Ledger: oversight_plan. Raises
    InvalidError with every problem by field, NotPermittedError, NotFoundError.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="plan_oversight", now=now, because=because.strip(), place=place) as opened:
        numbers = dict.fromkeys((*plan.overseers, *plan.escalate_to))
        names = dict(Person.objects.filter(pk__in=numbers).values_list("pk", "name"))
        unable = {one: names.get(one, f"person {one}") for one in numbers if not is_able(one, place)}
        problems = plan_problems(plan, words=approved_words(system), unable=unable)
        if not because.strip():
            problems["because"] = ["Say why it is overseen so."]
        if problems:
            raise InvalidError(problems)
        before = plan_row(system)
        made = OversightPlan(
            id=uuid.uuid4().hex, system=system, number=before.number + 1 if before else 1, cases=plan.cases,
            overseers=list(dict.fromkeys(plan.overseers)), two_persons=plan.two_persons, minutes=plan.minutes,
            escalate_minutes=plan.escalate_minutes, escalate_to=list(dict.fromkeys(plan.escalate_to)),
            safe_default=plan.safe_default, safe_output=plan.safe_output.strip(), least_seconds=plan.least_seconds,
            if_unreachable=plan.if_unreachable, because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="oversight_plan", subject=f"oversight/{system}")
    return made


def post_case(*, actor: Actor, system: str, posted: Posted, now: datetime) -> OversightItem:
    """Takes a decision of an AI system that waits for a human. The same once more, under the same reference, is the
    same case. Ledger: oversight_item, oversight_content.

    Raises InvalidError, NotPermittedError, NotFoundError, and ConflictError for another case under that reference.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="post_case", now=now, place=place) as opened:
        if posted.reference and (known := _posted_before(actor, system, posted)):
            return known
        found = plan_row(system)
        plan = found.plan() if found else None
        texts = {name: getattr(posted, name) for name in SAME}
        problems = case_problems(texts, plan=plan, asked_minutes=posted.minutes) | _length_problems(posted)
        if problems or plan is None:
            raise InvalidError(problems)
        due_at, ends_at = deadlines(plan, asked_minutes=posted.minutes, now=now)
        persons = needed(approved_words(system), plan)
        made = OversightItem(
            id=uuid.uuid4().hex, system=system, plan=found, reference=posted.reference, needed=persons.persons,
            why_needed=persons.because, due_at=due_at, ends_at=ends_at,
            signs=sum(len(text) for text in texts.values()), trace_id=posted.trace_id, span_id=posted.span_id,
            activity_id=posted.activity_id, posted_by=actor.id, recorded_at=now,
        )  # fmt: skip
        opened.write(made, kind="oversight_item", subject=f"oversight_item/{made.id}")
        content = OversightContent(id=f"{made.id}-content", item=made, recorded_at=now, **texts)
        opened.write(content, kind="oversight_content", subject=f"oversight_item/{made.id}")
    return made


def take_case(*, actor: Actor, person: Person, item: str, now: datetime) -> OversightClaim:
    """Takes a case to look at it: for half an hour it is kept for who took it. Taking it again begins anew.

    Ledger: oversight_claim. Raises NotPermittedError, NotFoundError, ConflictError if it is taken or over.
    """
    place, _ = _place_of(actor, item)
    with door(actor=actor, verb="decide_case", now=now, place=place) as opened:
        row = _locked(item)
        _ask_take(row, case_of(row), person, now)
        made = _claim(row, person, now, until=now + CLAIM)
        opened.write(made, kind="oversight_claim", subject=f"oversight_item/{item}")
    return made


def give_back_case(*, actor: Actor, person: Person, item: str, now: datetime) -> OversightClaim:
    """Gives a case back that one took, so that somebody else can take it. Ledger: oversight_claim.

    Raises NotPermittedError, NotFoundError, ConflictError where it is not theirs to give back.
    """
    place, _ = _place_of(actor, item)
    with door(actor=actor, verb="decide_case", now=now, place=place) as opened:
        row = _locked(item)
        if seconds_taken(case_of(row), now, person=person.pk) is None:
            raise ConflictError("You have not taken it, or it was taken back after half an hour.")
        made = _claim(row, person, now, until=None)
        opened.write(made, kind="oversight_claim", subject=f"oversight_item/{item}")
    return made


def decide_case(
    *, actor: Actor, person: Person, item: str, decision: str, because: str, instead: str = "", now: datetime
) -> OversightVerdict:
    """Approves what an AI system decided, overrides it with something else, or stops it; by who has taken the case.

    Where it needs two persons, it ends when two say the same; one who stops it ends it. Ledger: oversight_verdict, and
    oversight_outcome where it ends. Raises InvalidError, NotPermittedError, NotFoundError, ConflictError.
    """
    place, _ = _place_of(actor, item)
    with door(actor=actor, verb="decide_case", now=now, because=because.strip(), place=place) as opened:
        row = _locked(item)
        case = case_of(row)
        in_stead_of = _ask_take(row, case, person, now)
        seconds = seconds_taken(case, now, person=person.pk)
        if seconds is None:
            raise ConflictError("Take the case first; it is kept for you for half an hour while you look at it.")
        if problems := decision_problems(decision, because=because, instead=instead):
            raise InvalidError(problems)
        persons = needed(approved_words(row.system), (plan_row(row.system) or row.plan).plan()).persons
        made = OversightVerdict(
            id=uuid.uuid4().hex, item=row, number=len(case.given) + 1, decision=decision, instead=instead.strip(),
            needed=max(case.persons, persons), seconds=seconds, in_stead_of_id=in_stead_of, because=because.strip(),
            recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="oversight_verdict", subject=f"oversight_item/{item}")
        _end(opened, row, case, made, now)
    return made


def delegate_cases(
    *, actor: Actor, person: Person, system: str, to: int, until: datetime, because: str, now: datetime
) -> OversightDelegation:
    """Lets somebody decide in one's place about a system until an instant; only who may decide there.

    Ledger: oversight_delegation. Raises InvalidError, NotPermittedError, NotFoundError.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="delegate_cases", now=now, because=because.strip(), place=place) as opened:
        found = plan_row(system)
        running = values_of(delegations(systems=[system], now=now).get(system, ()))
        problems = delegation_problems(
            found.plan() if found else None, by=person.pk, to=to, able=is_able(to, place), until=until, now=now,
            running=running,
        )  # fmt: skip
        if not because.strip():
            problems["because"] = ["Say why."]
        if problems:
            raise InvalidError(problems)
        made = OversightDelegation(
            id=uuid.uuid4().hex, system=system, to_id=to, until=until, because=because.strip(), recorded_at=now,
            by=person,
        )  # fmt: skip
        opened.write(made, kind="oversight_delegation", subject=f"oversight/{system}")
    return made


def end_delegation(
    *, actor: Actor, person: Person, delegation: str, because: str = "", now: datetime
) -> OversightDelegationEnd:
    """Ends a delegation before its time: who made it, or who may say how the system is overseen.

    Ledger: oversight_delegation_end. Raises NotPermittedError, NotFoundError, ConflictError.
    """
    found = OversightDelegation.objects.visible_to(actor).filter(id=delegation).first()
    if found is None:
        raise NotFoundError(f"There is no delegation {delegation}.")
    place = place_of(actor, found.system)
    verb = "delegate_cases" if found.by_id == person.pk else "plan_oversight"
    with door(actor=actor, verb=verb, now=now, because=because.strip(), place=place) as opened:
        if OversightDelegationEnd.objects.filter(delegation=found).exists() or found.until <= now:
            raise ConflictError("It has ended already.")
        made = OversightDelegationEnd(
            id=uuid.uuid4().hex, delegation=found, because=because.strip(), recorded_at=now, by=person
        )
        opened.write(made, kind="oversight_delegation_end", subject=f"oversight/{found.system}")
    return made


def _posted_before(actor: Actor, system: str, posted: Posted) -> OversightItem | None:
    """The case that was posted under this reference already. Raises ConflictError if it is another one."""
    known = OversightItem.objects.filter(system=system, reference=posted.reference).prefetch_related("contents").first()
    if known is None:
        return None
    content = next(iter(known.contents.all()), None)
    same = content is not None and all(getattr(content, name) == getattr(posted, name) for name in SAME)
    if known.posted_by != actor.id or not same:
        raise ConflictError(f"Another case of {system} was posted under the reference {posted.reference}.")
    return known


def _length_problems(posted: Posted) -> dict[str, list[str]]:
    longest = {"reference": LONGEST_REFERENCE} | dict.fromkeys(("trace_id", "span_id", "activity_id"), LONGEST_TRACE)
    return {
        name: [f"At most {most} characters are taken."]
        for name, most in longest.items()
        if len(getattr(posted, name)) > most
    }


def _place_of(actor: Actor, item: str) -> tuple[Place, str]:
    """Where a case is, and of which system. Raises NotFoundError."""
    system = OversightItem.objects.filter(id=item).values_list("system", flat=True).first()
    lost = f"There is no case {item}."
    if system is None:
        raise NotFoundError(lost)
    return place_of(actor, system, lost=lost), system


def _locked(item: str) -> OversightItem:
    """A case as it is now that it is this one's turn to change it."""
    return with_all(OversightItem.objects.filter(id=item)).get()


def _ask_take(row: OversightItem, case: Case, person: Person, now: datetime) -> int | None:
    """Lets go on who may take a case, or decide about it now; in whose place, None: their own.

    Raises NotPermittedError, ConflictError.
    """
    plan = (plan_row(row.system) or row.plan).plan()
    running = values_of(delegations(systems=[row.system], now=now).get(row.system, ()))
    escalated = state(case, now) == "escalated"
    may_decide = entitled(plan, running, person=person.pk, escalated=escalated, now=now)
    if refusal := take_refusal(case, now, person=person.pk, entitled=may_decide):
        raise (ConflictError if may_decide else NotPermittedError)(refusal.because)
    if entitled(plan, (), person=person.pk, escalated=escalated, now=now):
        return None
    return next(one.by for one in running if one.to == person.pk)


def _claim(row: OversightItem, person: Person, now: datetime, *, until: datetime | None) -> OversightClaim:
    number = max((one.number for one in row.claims.all()), default=0) + 1
    return OversightClaim(id=uuid.uuid4().hex, item=row, number=number, until=until, recorded_at=now, by=person)


def _end(opened: Door, row: OversightItem, case: Case, made: OversightVerdict, now: datetime) -> None:
    """Writes what came of a case, if that is settled by the decision that was just taken."""
    said = Given(by=made.by_id, decision=cast(Decision, made.decision), instead=made.instead, needed=made.needed)
    found = outcome(replace(case, given=(*case.given, said)))
    if found is None:
        return
    ended = OversightOutcome(
        id=f"{row.id}-outcome", item=row, how="decided", decision=found.decision, output=found.instead,
        by=list(found.by), recorded_at=now,
    )  # fmt: skip
    opened.write(ended, kind="oversight_outcome", subject=f"oversight_item/{row.id}")
