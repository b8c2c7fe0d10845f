"""Asking to use AI, and answering: by policy at once, by a second person, again before it ends, or not at all."""

from collections.abc import Sequence
from datetime import date, datetime

from annexa.actions.door import Door, door
from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.registers import known_record, place_in, put, replace, seen_so
from annexa.answers.uses import Desk, tool_of
from annexa.pure.permits import Actor, Permit, may
from annexa.pure.register import Entry
from annexa.pure.registers.uses import APPROVED, ASKED, USES, same_person
from annexa.pure.uses import answered, decision_problems, settled, told, until_problems
from annexa.records.people import Person
from annexa.records.registers import RegisterRow

NEEDED = ("name", "purpose", "data_class", "personal_data", "result")
"""What policy cannot do without."""


def ask_use(*, actor: Actor, person: Person, entry: Entry, now: datetime) -> RegisterRow:
    """Asks to use AI for something; policy answers at once, or sends it to a person. Everybody at work may.

    `entry`: name, task, benefit, unit and what is assessed; the rest is filled in here. Ledger: use.
    Raises InvalidError, NotPermittedError.
    """
    today = now.date()
    kept = {name: entry.values[name] for name in ("name", "benefit", "unit", "users", *ASKED)}
    request = USES.tidied(
        USES.make({**kept, "asked_by": person.email, "asked_on": today, "owner": person.email, "in_use": "planned"})
    )
    with door(actor=actor, verb="ask_use", now=now, because=request.task) as opened:
        _ask_enough(request)
        return put(opened, USES, answered(request, Desk(on=today).assessed(request), on=today))


def decide_use(
    *,
    actor: Actor,
    person: Person,
    slug: str,
    decision: str,
    because: str,
    conditions: str,
    review_on: date | None,
    systems: Sequence[str] = (),
    seen: datetime,
    now: datetime,
) -> RegisterRow:
    """Approves a use, with conditions or without, or refuses it; who asked cannot. `review_on`: when approval ends.

    Whoever leads may decide, and who owns the tool. Ledger: use. Raises InvalidError with every problem by field,
    NotPermittedError, NotFoundError, and ConflictError if it changed since it was `seen`.
    """
    today = now.date()
    known = known_record(actor, USES, slug).entry
    with door(actor=actor, verb="decide_use", now=now, because=because.strip(), place=place_in(USES, known)) as opened:
        row = seen_so(USES, slug, seen)
        use = USES.replaced(row.entry, {"systems": tuple(systems) or row.entry.systems})
        _ask_charge(opened, person, use)
        found = Desk(on=today).assessed(use)
        problems = decision_problems(
            use, found, decision=decision, because=because, conditions=conditions, by=person.email, until=review_on,
            on=today,
        )  # fmt: skip
        if problems:
            raise InvalidError(problems)
        answer = settled(decision, because, [conditions], person.email, today, review_on)
        replace(opened, row, USES.replaced(use, {**answer, **told(found)}))
    return row


def renew_use(
    *, actor: Actor, person: Person, slug: str, because: str, review_on: date | None, seen: datetime, now: datetime
) -> RegisterRow:
    """Lets an approved use go on until another day, if policy still does; who asked cannot. Ledger: use.

    Raises InvalidError, NotPermittedError, NotFoundError, ConflictError as `decide_use`.
    """
    today = now.date()
    known = known_record(actor, USES, slug).entry
    with door(actor=actor, verb="decide_use", now=now, because=because.strip(), place=place_in(USES, known)) as opened:
        row = seen_so(USES, slug, seen)
        use = row.entry
        _ask_charge(opened, person, use)
        found = Desk(on=today).assessed(use)
        problems = until_problems(review_on, on=today)
        if use.decision not in APPROVED or USES.ended(use, today):
            problems[""] = ["It is not approved; decide about it instead."]
        elif same_person(use.asked_by, person.email):
            problems[""] = ["Who asked does not renew; somebody else has to."]
        elif found.outcome == "refused":
            problems[""] = [f"Policy refuses it by now: {found.fired[0].sentence}"]
        if problems:
            raise InvalidError(problems)
        values = {"review_on": review_on, "reviewed_on": today, **told(found)}
        replace(opened, row, USES.replaced(use, values))
    return row


def withdraw_use(
    *, actor: Actor, person: Person, slug: str, because: str, seen: datetime, now: datetime
) -> RegisterRow:
    """Takes a request back, or says that a use is over: by who asked, or who leads. Ledger: use.

    Raises InvalidError, NotPermittedError, NotFoundError, ConflictError as `decide_use`.
    """
    use = known_record(actor, USES, slug).entry
    with door(actor=actor, verb="ask_use", now=now, because=because.strip()) as opened:
        row = seen_so(USES, slug, seen)
        if not same_person(use.asked_by, person.email) and not _leads(opened, use):
            raise NotPermittedError(f"{actor.name} may not withdraw this; who asked may, or a compliance lead.")
        if USES.ended(use, now.date()):
            raise InvalidError({"": ["It is over already."]})
        replace(opened, row, USES.replaced(row.entry, {"ended_on": now.date(), "in_use": "no"}))
    return row


def _ask_enough(request: Entry) -> None:
    """Refuses a request that policy cannot assess."""
    problems = {
        name: [f"{USES.field[name].label} is missing."] for name in NEEDED if not str(request.values[name]).strip()
    }
    if not request.tool and not request.tool_named:
        problems["tool"] = ["Choose a tool, or name it."]
    if problems:
        raise InvalidError(problems)


def _ask_charge(opened: Door, person: Person, use: Entry) -> None:
    """Lets go on who leads, and who owns the tool. Raises NotPermittedError."""
    tool = tool_of(use)
    if not _leads(opened, use) and (tool is None or not same_person(tool.owner, person.email)):
        raise NotPermittedError(f"{opened.actor.name} does not own the tool; its owner or a compliance lead decides.")


def _leads(opened: Door, use: Entry) -> bool:
    return isinstance(may(opened.actor, USES.change, place_in(USES, use)), Permit)
