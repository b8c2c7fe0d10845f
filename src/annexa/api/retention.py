"""What is kept of AI systems' activity, for programs: until when, by which rule; what was chosen, and chosen anew."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from annexa.actions.activity_sources import choose_activity
from annexa.answers.activity import system_read
from annexa.answers.activity_sources import choice_now, choices_of, longest_days
from annexa.answers.retention import KeptLine, kept_by_the_store, overview
from annexa.api.activity_shapes import Slug
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Given, Instant, Shown, Text, given, now, shown
from annexa.api.whole import require_whole
from annexa.pure.activity_sources import LONGEST_TEXT, MOST_DAYS, MOST_PATTERNS, Choice, Pattern, Users
from annexa.pure.events import Kept
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor, Permit, may
from annexa.pure.proofs import rfc3339

router = Router(tags=["retention of activity"])
KeptWord = Literal["full", "redacted", "digest"]
UsersWord = Literal["pseudonym", "as_sent"]
RULE: dict[str, Any] = {"id": "AIA-26-6", "article": "EU AI Act Art.26(6)", "months": 6}
LINE: dict[str, Any] = {
    "system": "chatbot", "name": "Chatbot", "events": 41_020, "since": "2026-05-02T09:00:00Z",
    "last_at": "2026-11-20T09:40:00Z", "days": 400, "chosen_for": None, "law": [RULE],
    "next_at": "2027-06-06T09:00:00Z", "next_by": "choice",
    "next_because": "Kept for 400 days, which is usual, as nobody chose.", "holds": [], "erased": 0, "expired": 0,
}  # fmt: skip
PATTERN: dict[str, Any] = {"name": "staff", "pattern": "S[0-9]{6}"}
CHOICE: dict[str, Any] = {"kept": "redacted", "users": "pseudonym", "patterns": [PATTERN], "retention_days": 400}
MADE: dict[str, Any] = {**CHOICE, "number": 1, "because": "As our policy says", "since": "2026-11-20T09:40:00Z",
                        "by": "Kim Lee"}  # fmt: skip


class LawOfLogs(Shown):
    """A law that has logs kept for so many months at least."""

    model_config = shown(**RULE)

    id: str
    article: str
    months: int


class KeptShown(Shown):
    """What is kept of one AI system; `system` is null for what is nobody's, told to who reads everything.

    `chosen_for`: the system, organisation, or null where nobody chose. `next_at`: until when the oldest of it is kept.
    `holds`: ids of the holds that reach it. `erased`, `expired`: how many events lost what was said, or went whole.
    """

    model_config = shown(**LINE)

    system: str | None
    name: str
    events: int
    since: Instant | None
    last_at: Instant | None
    days: int
    chosen_for: str | None
    law: list[LawOfLogs]
    next_at: Instant | None
    next_by: Literal["choice", "law"] | None
    next_because: str
    holds: list[str]
    erased: int
    expired: int


class FileLeaving(Shown):
    """A file that is to go and that the store does not let go yet, with what it says."""

    model_config = shown(path="activity/chatbot/2026/05/02/09/20260502T094100.parquet", since="2026-11-20T09:40:00Z",
                         says="Locked until 2027-01-01.")  # fmt: skip

    path: str
    since: Instant
    says: str


class RetentionShown(Shown):
    """What is kept of every AI system whose activity ever was; `kept_by_the_store` for who reads everything."""

    model_config = shown(items=[LINE], kept_by_the_store=[])

    items: list[KeptShown]
    kept_by_the_store: list[FileLeaving]


class PatternGiven(Given):
    """What else is made unreadable: whatever fits an expression of RE2, with the name in its place."""

    model_config = given(**PATTERN)

    name: Annotated[str, Field(max_length=40)]
    pattern: Annotated[str, Field(max_length=LONGEST_TEXT)]


class PatternShown(Shown):
    """What else is made unreadable, and the name that stands in its place."""

    model_config = shown(**PATTERN)

    name: str
    pattern: str


class ActivityChoiceGiven(Given):
    """What is kept from now on, and for how long: `kept` full, redacted or digest; users as pseudonyms or as sent."""

    model_config = given(**CHOICE, because="As our policy says")

    kept: KeptWord
    users: UsersWord
    patterns: Annotated[list[PatternGiven], Field(max_length=MOST_PATTERNS)] = []
    retention_days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    because: Text


class ActivityChoiceMade(Shown):
    """What somebody chose, since when and why."""

    model_config = shown(**MADE)

    number: int
    kept: KeptWord
    users: UsersWord
    patterns: list[PatternShown]
    retention_days: int
    because: str
    since: Instant
    by: str | None


class ActivityChoiceShown(Shown):
    """What holds for a system, or for all others; `chosen`: every choice about it, the latest first.

    Where none was made, that of the organisation holds, else what is usual. `most_days`: longer nothing is kept.
    """

    model_config = shown(**CHOICE, most_days=3_660, chosen=[MADE])

    kept: KeptWord
    users: UsersWord
    patterns: list[PatternShown]
    retention_days: int
    most_days: int
    chosen: list[ActivityChoiceMade]


@get(router, "/activity/retention", RetentionShown)
def show_retention(request: HttpRequest) -> dict[str, Any]:
    """Show what is kept of each AI system, until when and by which rule, and what went."""
    actor = who(request).actor
    leaving = kept_by_the_store() if isinstance(may(actor, "read"), Permit) else ()
    return {
        "items": [_line(one) for one in overview(actor=actor)],
        "kept_by_the_store": [{"path": one.path, "since": rfc3339(one.since), "says": one.kept} for one in leaving],
    }


@get(router, "/activity/choice", ActivityChoiceShown, errors=(404,))
def show_choice_for_all_others(request: HttpRequest) -> dict[str, Any]:
    """Show what is kept of the events of systems about which nobody chose. For who reads the whole organisation."""
    actor = who(request).actor
    require_whole(actor)
    return _choice(actor, ORGANISATION)


@post(router, "/activity/choice", ActivityChoiceShown, may=("choose_activity",), reads=True)
def choose_for_all_others(request: HttpRequest, body: ActivityChoiceGiven) -> dict[str, Any]:
    """Choose what is kept of all other systems' events; no system's events are kept longer than this says."""
    return _chosen(request, ORGANISATION, body)


@get(router, "/systems/{slug}/activity/choice", ActivityChoiceShown, errors=(404,))
def show_choice_of_a_system(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """Show what is kept of a system's events, and for how long."""
    actor = who(request).actor
    system_read(actor=actor, slug=slug)
    return _choice(actor, slug)


@post(router, "/systems/{slug}/activity/choice", ActivityChoiceShown, may=("choose_activity",), reads=True)
def choose_for_a_system(request: HttpRequest, slug: Slug, body: ActivityChoiceGiven) -> dict[str, Any]:
    """Choose what is kept of a system's events from now on: never for less than the law asks.

    409 where that holds already.
    """
    system_read(actor=who(request).actor, slug=slug)
    return _chosen(request, slug, body)


def _chosen(request: HttpRequest, slug: str, body: ActivityChoiceGiven) -> dict[str, Any]:
    asks = who(request)
    choice = Choice(
        kept=Kept(body.kept), users=Users(body.users), retention_days=body.retention_days,
        patterns=tuple(Pattern(name=one.name, pattern=one.pattern) for one in body.patterns),
    )  # fmt: skip
    choose_activity(actor=asks.actor, person=asks.person, system=slug, choice=choice, because=body.because, now=now())
    return _choice(asks.actor, slug)


def _choice(actor: Actor, slug: str) -> dict[str, Any]:
    return {
        **_said(choice_now(slug)),
        "most_days": longest_days(),
        "chosen": [
            {
                **_said(one.value()),
                "number": one.number,
                "because": one.because,
                "since": rfc3339(one.recorded_at),
                "by": one.by.name if one.by else None,
            }
            for one in choices_of(actor=actor, system=slug)
        ],
    }


def _said(choice: Choice) -> dict[str, Any]:
    return {
        "kept": choice.kept.value,
        "users": choice.users.value,
        "patterns": [one.said() for one in choice.patterns],
        "retention_days": choice.retention_days,
    }


def _line(one: KeptLine) -> dict[str, Any]:
    return {
        "system": one.slug or None,
        "name": one.name,
        "events": one.events,
        "since": rfc3339(one.since),
        "last_at": rfc3339(one.last),
        "days": one.terms.days,
        "chosen_for": one.terms.chosen_for or None,
        "law": [{"id": rule.id, "article": rule.article, "months": rule.months} for rule in one.terms.law],
        "next_at": rfc3339(one.next.at) if one.next else None,
        "next_by": one.next.by if one.next else None,
        "next_because": one.next.because if one.next else "",
        "holds": [hold.id for hold in one.holds],
        "erased": one.erased,
        "expired": one.expired,
    }
