"""The as-of date of a page: a query parameter, so that the address shows the same again."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from annexa.pure.instants import InstantError, parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The instant asked for: None for now. `typed` is what stands in the field, `wrong` what is wrong with it."""

    at: datetime | None
    typed: str
    wrong: str


def as_of(request: HttpRequest, now: datetime) -> AsOf:
    """Reads `?at=`. A wrong date shows today, with the sentence beside the field."""
    typed = request.GET.get("at", "").strip()
    if not typed:
        return AsOf(at=None, typed="", wrong="")
    try:
        at = parse_instant(typed, now=now)
    except InstantError as error:
        return AsOf(at=None, typed=typed, wrong=str(error))
    return AsOf(at=None if at == now else at, typed=typed, wrong="")
