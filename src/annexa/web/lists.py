"""What every list of records has: filters as boxes, what of them is in force, its address with its state, its files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone

from annexa.answers.imports import FORMATS, Format
from annexa.answers.systems import FacetValue

VALUES_SHOWN = 8
"""Values of a filter without words of ours, such as units, until all are asked for."""
WORDS: Mapping[str, str] = {
    "annex-iii": "Annex III",
    "annex-i": "Annex I",
    "gpai": "General-purpose model",
    "gpai-systemic": "General-purpose model with systemic risk",
    "gpai_provider": "Provider of a general-purpose model",
    "public_authority_deployer": "Deployer that is a public authority",
    "employer_deployer": "Deployer as employer",
    "high-risk": "High risk",
    "sector-law": "The law of its sector",
    "out-of-scope": "Out of scope",
    "isms": "ISMS",
    "aims": "AIMS",
    "pims": "PIMS",
    "": "Not given",
}
KINDS: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
EXPORTS: Mapping[Format, str] = {"csv": "As CSV", "xlsx": "As spreadsheet", "json": "As JSON"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One box of a filter."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter of a register: its boxes, how many more there are, and where they are shown."""

    name: str
    legend: str
    options: tuple[Option, ...]
    more: int
    more_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A view of a register with its own address."""

    label: str
    url: str
    count: int | None = None
    current: bool = False


def said(word: str) -> str:
    """A word of the record as people read it."""
    shown = word.replace("_", " ")
    return WORDS.get(word) or shown[:1].upper() + shown[1:]


def address(base: str, query: QueryDict, **changes: Any) -> str:
    """A list's address with some parameters set; a list sets several, "" drops one; the page falls away."""
    changed = query.copy()
    changed.pop("page", None)
    for name, value in changes.items():
        changed.setlist(name, [str(one) for one in value] if isinstance(value, list) else [str(value)] * (value != ""))
    encoded = changed.urlencode()
    return f"{base}?{encoded}" if encoded else base


def filter_of(
    name: str,
    legend: str,
    values: Sequence[FacetValue],
    *,
    word: Callable[[str], str] = str,
    label: Callable[[str], str] = said,
    folded: bool = False,
    more_url: str = "",
) -> Filter:
    """The boxes of a facet; of a folded one only the first and what is chosen. `word`: what addresses call a value."""
    shown = [one for i, one in enumerate(values) if not folded or i < VALUES_SHOWN or one.chosen]
    return Filter(
        name=name,
        legend=legend,
        options=tuple(
            Option(value=word(one.value), label=label(one.value), count=one.count, chosen=one.chosen) for one in shown
        ),
        more=len(values) - len(shown),
        more_url=more_url,
    )


def in_order(values: Sequence[FacetValue], words: Iterable[str]) -> Sequence[FacetValue]:
    """Words of ours in their own order, and what is not given last; anything else as it came."""
    order = {word: i for i, word in enumerate(word for word in words if word)}
    return sorted(values, key=lambda one: order.get(one.value, len(order))) if order else values


def orders(base: str, query: QueryDict, sort: str) -> list[Link]:
    """The two orders people ask for; any other is in the heads of the columns."""
    return [
        Link(label="By name", url=address(base, query, sort=""), current=sort == "name"),
        Link(label="Last changed", url=address(base, query, sort="-changed"), current=sort == "-changed"),
    ]


def sizes(base: str, query: QueryDict, known: Sequence[int], size: int) -> list[Link]:
    """How many rows a page may have."""
    return [Link(label=str(n), url=address(base, query, size=n), current=n == size) for n in known]


def format_of(query: QueryDict) -> Format:
    """The format that an export was asked for in; CSV if it said nothing we know."""
    by_name = {str(known): known for known in FORMATS}
    return by_name.get(query.get("format", ""), "csv")


def exports(base: str, query: QueryDict) -> list[Link]:
    """The addresses of a list as files."""
    return [Link(label=EXPORTS[one], url=address(base, query, format=one)) for one in FORMATS]


def file_of_list(data: bytes, name: str, file_format: Format) -> HttpResponse:
    """A list as a file to be kept, with the day in its name."""
    name = f"{name}-{timezone.now():%Y-%m-%d}.{file_format}"
    return HttpResponse(
        data, content_type=KINDS[file_format], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def page_of(query: QueryDict, sizes: Sequence[int]) -> tuple[int, int]:
    """The page (from 1) and its size that an address asks for; what it cannot mean is the first, and the smallest."""
    size, page = query.get("size", ""), query.get("page", "")
    return int(page) if page.isdecimal() and len(page) < 9 else 1, int(size) if size in map(str, sizes) else sizes[0]
