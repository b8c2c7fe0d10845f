"""The as-of date of a page: query parameters, so that the address shows the same again."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest
from django.utils.http import urlencode

from annexa.answers.errors import UnknownError
from annexa.answers.posture import standpoint
from annexa.pure.instants import InstantError, parse_instant
from annexa.web.frame import actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The instant asked for: None for now. `typed` is what stands in the field, `wrong` what is wrong with it.

    `hindsight`: a past instant as we know it now, not as it was known then. `learnt_later`: how many facts were true
    then and learnt later; None unless the instant is past.
    """

    at: datetime | None
    typed: str
    wrong: str
    hindsight: bool = False
    learnt_later: int | None = None

    @property
    def query(self) -> str:
        """What an address says so that another page shows the same instant in the same way; "" for now."""
        if self.at is None:
            return ""
        return urlencode({"at": self.typed} | ({"hindsight": "1"} if self.hindsight else {}))


def as_of(request: HttpRequest, now: datetime) -> AsOf:
    """Reads `?at=` and `?hindsight=1`. A wrong date shows today, with the sentence beside the field.

    Hindsight is only asked of the past; beside any other date it says nothing.
    """
    typed = request.GET.get("at", "").strip()
    if not typed:
        return AsOf(at=None, typed="", wrong="")
    try:
        at = parse_instant(typed, now=now)
    except InstantError as error:
        return AsOf(at=None, typed=typed, wrong=str(error))
    if at >= now:
        return AsOf(at=None if at == now else at, typed=typed, wrong="")
    try:
        later = standpoint(actor=actor(request), now=now, at=at).learnt_later
    except UnknownError as error:
        raise Http404(str(error)) from error
    return AsOf(at=at, typed=typed, wrong="", hindsight=bool(request.GET.get("hindsight")), learnt_later=later)
