"""The shapes that several nouns share: what is given and shown, pages with cursors, instants and days."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Schema
from ninja.parser import Parser
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from annexa.answers.runs import Place
from annexa.api.problems import ProblemError
from annexa.pure.instants import parse_instant

LONGEST = 10_000


def now() -> datetime:
    """The instant at which the API acts."""
    return datetime.now(UTC)


class Given(Schema):
    """What a program sends: nothing but what is known, each of its own kind."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shown(Schema):
    """What a program gets; fields are only ever added."""


def shown(**example: Any) -> ConfigDict:
    """The configuration of a shape with an example of it."""
    return ConfigDict(json_schema_extra={"examples": [example]})


def given(**example: Any) -> ConfigDict:
    """As `shown`, for what is sent."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example]})


def _day(value: object) -> object:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("This is not a date; write it as 2026-11-20.")
    return date.fromisoformat(value)


def _moment(value: object) -> object:
    if value is None or isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("This is not a date; write it as 2026-11-20 or 2026-11-20T09:40Z.")
    return parse_instant(value, now=now())


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "description": "A date, or an instant with its zone (UTC where none is given)."}),
]
Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
ShownDay = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Text = Annotated[str, Field(max_length=LONGEST)]
Because = Annotated[str, Field(default="", max_length=LONGEST, description="Why; it stands in the ledger.")]
Limit = Annotated[int, Query(default=50, ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str, Query(default="", max_length=1000, description="`next` of the part before; empty: the start.")]
At = Annotated[
    str,
    Query(
        default="",
        max_length=40,
        description="A date or instant, past or future; empty: now.",
        examples=["2027-03-01"],
    ),
]
ScopeWord = Annotated[
    str, Query(default="organisation", max_length=80, description="organisation, or the slug of an AI system.")
]
Verdict = Literal[
    "effective", "stale", "unproven", "planned", "absent", "failing", "not applicable",
    "met", "at risk", "partial", "unmet", "uncovered",
]  # fmt: skip


def instant(text: str) -> datetime | None:
    """The instant asked about; None for now, which today's date means too. Raises InstantError."""
    moment = now()
    at = parse_instant(text, now=moment) if text else None
    return None if at == moment else at


def cursor_of(place: Place | None, order: str = "") -> str | None:
    """Where the next part begins, so that nobody is tempted to make one up; None at the end."""
    if place is None:
        return None
    said = json.dumps([order, *place], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def place_of(cursor: str, order: str = "", *, dated: bool = False) -> Place | None:
    """Back from a cursor. Raises ProblemError for what none of our answers held, or held for another order.

    `dated`: the list is ordered by an instant.
    """
    if not cursor:
        return None
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if _is_place(said, order) and not (dated and datetime.fromisoformat(said[1]).tzinfo is None):
            return said[1], said[2]
    except ValueError:
        pass
    sentence = "This is no cursor of this list; take `next` as it was, or begin again without."
    raise ProblemError(422, sentence, errors=[("cursor", sentence)])


def after_of(cursor: str) -> str:
    """The last of what was listed, "" at the beginning. Raises ProblemError as `place_of`."""
    place = place_of(cursor)
    return place[0] if place else ""


def position_of(cursor: str) -> int | None:
    """The position in the ledger before which a list goes on, None at its beginning. Raises ProblemError."""
    said = after_of(cursor)
    if said and not (said.isascii() and said.isdecimal() and len(said) < 19):
        raise ProblemError(422, "This is no cursor of this list.", errors=[("cursor", "It says no position.")])
    return int(said) if said else None


def _is_place(said: Any, order: str) -> bool:
    if not isinstance(said, list) or len(said) != 3 or said[0] != order:
        return False
    return all(isinstance(one, str) and "\0" not in one for one in said)


class StrictParser(Parser):
    """JSON and addresses as they come, without what nothing can keep: NUL, halves of characters, no numbers."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body. Raises ProblemError."""
        if request.content_type != "application/json":
            raise ProblemError(415, f"Send application/json, not {request.content_type or 'nothing'}.")
        try:
            found = json.loads(request.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ProblemError(400, f"The body is not JSON: {_brief(error)}.") from error
        _refuse_unkept(found)
        return found

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        """What the address says."""
        found = super().parse_querydict(data, list_fields, request)
        _refuse_unkept(found)
        return found


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _brief(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _refuse_unkept(found: Any) -> None:
    """Raises ProblemError for a text that cannot be kept."""
    rest = [found]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            rest += [*one, *one.values()]
        elif isinstance(one, list):
            rest += one
        elif isinstance(one, str) and ("\0" in one or any("\ud800" <= c <= "\udfff" for c in one)):
            raise ProblemError(422, "A text holds a NUL or half a character, which nothing can keep.")
