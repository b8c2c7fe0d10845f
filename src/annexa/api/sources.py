"""What sends events of AI systems, for programs: sources, their rules and tokens, their end."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.activity_sources import change_source_rules, close_source, open_source, renew_source_token
from annexa.answers.activity_sources import SourceLine, list_sources, source_named
from annexa.answers.runs import run_of
from annexa.answers.tokens import Bearer
from annexa.api.activity_shapes import Slug, Word
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.problems import ProblemError
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.activity_sources import MOST_RULES
from annexa.pure.proofs import rfc3339

router = Router(tags=["activity sources"])
HERE = "/activity/sources"
ONE = f"{HERE}/{{source}}"
Source = Annotated[str, Field(max_length=60)]
RULE: dict[str, Any] = {"attribute": "service.name", "how": "equals", "value": "shop", "system": "chatbot"}
EXAMPLE: dict[str, Any] = {
    "slug": "gateway", "name": "Gateway", "account": "gateway", "system": None, "rules": [RULE],
    "systems": ["chatbot"], "tokens": 1, "closed": False, "heard_at": "2026-11-20T09:40:00Z",
    "because": "All AI of the shop", "opened_at": "2026-11-01T08:00:00Z", "by": "Kim Lee", "ended_because": "",
    "ended_at": None,
}  # fmt: skip


class RuleGiven(Given):
    """What comes from a resource with this attribute is of this AI system; letters count as they are written."""

    model_config = given(**RULE)

    attribute: Word
    how: Literal["equals", "starts_with"] = "equals"
    value: Word
    system: Slug


class RuleShown(Shown):
    """A rule: the first one that fits names the system."""

    model_config = shown(**RULE)

    attribute: str
    how: Literal["equals", "starts_with"]
    value: str
    system: str


class SourceShown(Shown):
    """A program that sends events as the service account `account`.

    `system`: of which all its events are; null where `rules` decide. `systems`: those it may send for. `tokens`: how
    many of its tokens let it in. `heard_at`: when events last came.
    """

    model_config = shown(**EXAMPLE)

    slug: str
    name: str
    account: str
    system: str | None
    rules: list[RuleShown]
    systems: list[str]
    tokens: int
    closed: bool
    heard_at: Instant | None
    because: str
    opened_at: Instant
    by: str | None
    ended_because: str
    ended_at: Instant | None


class SourcesShown(Shown):
    """A part of the sources, the open ones first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[SourceShown]
    next: str | None


class SourceMade(SourceShown):
    """A source with the text of a token for it, told now and never again."""

    model_config = shown(**EXAMPLE, token="annexa_…")  # noqa: S106  an example

    token: str


class SourceGiven(Given):
    """A new source. Either all its events are of `system`, or `rules` decide. `account`: of a service account that is
    there; else one is made under its slug. Its token lives a year unless `expires_at` says less."""

    model_config = given(slug="gateway", name="Gateway", rules=[RULE], because="All AI of the shop")

    slug: Annotated[str, Field(max_length=60, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: Annotated[str, Field(max_length=200)]
    system: Slug = ""
    rules: Annotated[list[RuleGiven], Field(max_length=MOST_RULES)] = []
    account: Source = ""
    expires_at: Moment | None = None
    because: Because = ""


class RulesGiven(Given):
    """The rules from now on, in their order, and why."""

    model_config = given(rules=[RULE], because="The shop has moved")

    rules: Annotated[list[RuleGiven], Field(max_length=MOST_RULES)]
    because: Text


class SourceTokenGiven(Given):
    """Until when another token lives; a year where nothing is said."""

    model_config = given(expires_at="2027-03-01")

    expires_at: Moment | None = None


class SourceEndGiven(Given):
    """Why nothing is taken from it any more."""

    model_config = given(because="Replaced by the new gateway")

    because: Text


Of = Annotated[str, Query(default="", max_length=80, description="Only those that send for this AI system.")]


@get(router, HERE, SourcesShown, errors=(404,))
def list_activity_sources(request: HttpRequest, system: Of, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List what sends events, the open ones first."""
    rows = list_sources(actor=who(request).actor, now=now(), system=system)
    run = run_of(rows, lambda one: one.source.slug, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, HERE, SourceMade, may=("open_activity_source",), reads=True, repeats=False)
def open_an_activity_source(request: HttpRequest, response: HttpResponse, body: SourceGiven) -> dict[str, Any]:
    """Have events taken from a program. The answer holds its token, once.

    It makes a token, so no token does it: an administrator who signed in does, soon after proving that it is they. An
    Idempotency-Key, whose answers are kept for a day, is refused.
    """
    asks = _asks(request)
    made, text = open_source(
        actor=asks.actor, person=asks.person, slug=body.slug, name=body.name, system=body.system, rules=_rules(body),
        account=body.account, expires_at=body.expires_at, because=body.because, now=now(),
    )  # fmt: skip
    return _told_once(asks, response, made.slug, text)


@get(router, ONE, SourceShown, errors=(404,))
def show_an_activity_source(request: HttpRequest, source: Source) -> dict[str, Any]:
    """Show one source."""
    return _one(who(request), source)


@post(router, f"{ONE}/rules", SourceShown, may=("change_activity_source",), reads=True)
def change_rules_of_a_source(request: HttpRequest, source: Source, body: RulesGiven) -> dict[str, Any]:
    """Say anew whose the events of a source are, from now on; what is there stays whose it was."""
    asks = who(request)
    change_source_rules(
        actor=asks.actor, person=asks.person, source=source, rules=_rules(body), because=body.because, now=now()
    )
    return _one(asks, source)


@post(router, f"{ONE}/tokens", SourceMade, may=("open_activity_source",), reads=True, repeats=False)
def make_another_token_of_a_source(
    request: HttpRequest, response: HttpResponse, source: Source, body: SourceTokenGiven
) -> dict[str, Any]:
    """Make another token for a source beside those it has. The answer holds it, once.

    As with a new source: for an administrator who signed in, and without an Idempotency-Key.
    """
    asks = _asks(request)
    _, text = renew_source_token(
        actor=asks.actor, person=asks.person, source=source, expires_at=body.expires_at, now=now()
    )
    return _told_once(asks, response, source, text)


@post(router, f"{ONE}/end", SourceShown, may=("change_activity_source",), reads=True)
def close_an_activity_source(request: HttpRequest, source: Source, body: SourceEndGiven) -> dict[str, Any]:
    """Take nothing from a source any more; what it sent stays."""
    asks = who(request)
    close_source(actor=asks.actor, person=asks.person, source=source, because=body.because, now=now())
    return _one(asks, source)


def _asks(request: HttpRequest) -> Bearer:
    """Who asks for an answer that nobody may keep. Raises ProblemError."""
    if "Idempotency-Key" in request.headers:
        sentence = "The answer holds a secret that is kept nowhere: send this without a key."
        raise ProblemError(422, sentence, errors=[("Idempotency-Key", sentence)])
    return who(request)


def _told_once(asks: Bearer, response: HttpResponse, source: str, text: str) -> dict[str, Any]:
    response["Location"] = f"/api/v1{HERE}/{source}"
    response["Cache-Control"] = "no-store"
    return {**_one(asks, source), "token": text}


def _rules(body: Any) -> list[dict[str, Any]]:
    return [one.model_dump() for one in body.rules]


def _one(asks: Bearer, source: str) -> dict[str, Any]:
    return _shown(source_named(actor=asks.actor, slug=source, now=now()))


def _shown(line: SourceLine) -> dict[str, Any]:
    one = line.source
    ended = one.end if line.closed else None
    return {
        "slug": one.slug,
        "name": one.name,
        "account": one.account,
        "system": one.system or None,
        "rules": [rule.said() for rule in line.rules],
        "systems": list(line.systems()),
        "tokens": len(line.tokens),
        "closed": line.closed,
        "heard_at": rfc3339(line.heard_at),
        "because": one.because,
        "opened_at": rfc3339(one.recorded_at),
        "by": one.by.name if one.by else None,
        "ended_because": ended.because if ended else "",
        "ended_at": rfc3339(ended.recorded_at) if ended else None,
    }
