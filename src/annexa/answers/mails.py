"""Questions about mail: how somebody is mailed, what waits for them, what is on its way and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings

from annexa.answers.actors import actor_of
from annexa.answers.errors import UnknownError
from annexa.answers.tasks import Todo, list_todos
from annexa.pure.facts import ORGANISATION
from annexa.pure.mails import USUAL, Line
from annexa.pure.permits import Actor, Permit, may
from annexa.records.mails import Mail, MailChoice
from annexa.records.people import Person

AT_ONCE = 50
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """One mail as administrators see it: to whom, when, how often it was tried, and what was answered. Not what."""

    to: str
    how: str
    state: str
    tries: int
    created_at: datetime
    sent_at: datetime | None
    next_at: datetime | None
    answer: str


def is_on() -> bool:
    """Whether an administrator has set a server for mail."""
    return settings.MAIL is not None


def choice_of(*, person: Person) -> str:
    """How somebody is mailed."""
    return MailChoice.objects.filter(person=person).values_list("how", flat=True).first() or USUAL


def choices() -> Mapping[int, str]:
    """How those are mailed who have chosen."""
    return dict(MailChoice.objects.values_list("person_id", "how"))


def lines_for(*, person: Person, now: datetime) -> tuple[Line, ...]:
    """All that waits for somebody now, as far as they may know of it. Cost: see list_todos."""
    try:
        found = list_todos(actor=actor_of(person), now=now, whose="mine")
    except UnknownError:
        return ()
    return tuple(_line(one) for one in found.rows)


def _line(one: Todo) -> Line:
    where = "" if one.scope == ORGANISATION else one.scope_name
    if one.id:
        title, address = one.name, f"/tasks/{one.id}"
    elif one.address:
        title, address = one.name, one.address
    else:
        scope = "" if one.scope == ORGANISATION else f"?scope={quote(one.scope)}"
        title, address = f"Evidence: {one.name}", f"/controls/{one.control}{scope}#at-{one.expectation}"
    return Line(title=title, scope=where, address=address, due_on=one.due_on, late=one.state == "late")


def waiting_mails(*, now: datetime) -> tuple[Mail, ...]:
    """What is to be sent now, the oldest first."""
    rows = Mail.objects.filter(next_at__lte=now).select_related("person")
    return tuple(rows.order_by("next_at", "id")[:AT_ONCE])


def list_mails(*, actor: Actor, limit: int, failed: bool = False) -> tuple[MailLine, ...]:
    """The latest mails first, those that told something; with `failed` those that were not taken."""
    if not isinstance(may(actor, "manage_webhooks"), Permit):
        raise UnknownError("There are no mails to see.")
    rows = Mail.objects.exclude(keys=[]).select_related("person").order_by("-created_at", "id")
    rows = rows.exclude(answer="").filter(sent_at=None) if failed else rows
    return tuple(
        MailLine(
            to=one.person.email, how=one.how, state=state_of(one), tries=one.tries, created_at=one.created_at,
            sent_at=one.sent_at, next_at=one.next_at, answer=one.answer,
        )
        for one in rows[:limit]
    )  # fmt: skip


def state_of(one: Mail) -> str:
    """Whether a mail was sent, waits, or was given up."""
    if one.sent_at is not None:
        return "sent"
    return "waits" if one.next_at is not None else "dropped" if one.answer == NOTHING_LEFT else "given up"


NOTHING_LEFT = "nothing was left to tell"
"""What is written of a mail whose things were done, or are no longer for this person, when it was to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """How many mails wait, since when, and how many were given up lately; what was answered last."""

    waiting: int
    oldest: datetime | None
    given_up: int
    answer: str


def failing(*, now: datetime) -> Failing:
    """What administrators have to know of mails that did not go."""
    rows = Mail.objects.filter(next_at__isnull=False)
    lost = Mail.objects.filter(next_at=None, sent_at=None, created_at__gt=now - LATELY).exclude(keys=[])
    lost = lost.exclude(answer=NOTHING_LEFT)
    said = Mail.objects.filter(sent_at=None).exclude(answer__in=["", NOTHING_LEFT]).order_by("-created_at")
    return Failing(
        waiting=rows.count(),
        oldest=rows.order_by("created_at").values_list("created_at", flat=True).first(),
        given_up=lost.count(),
        answer=said.values_list("answer", flat=True).first() or "",
    )
