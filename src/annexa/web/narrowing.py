"""Facets as plain links: each value leads to the same page narrowed by it, or widened again if it is chosen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

PASSING = ("page", "open")
"""What an address says of a place in a list; it means nothing in a list that is narrowed otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a facet: how many things it leaves, and the address that chooses it or takes it back."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A facet with its values as links."""

    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> Choice | None:
        """The value it is narrowed by."""
        return next((choice for choice in self.choices if choice.chosen), None)


def facet(
    request: HttpRequest, title: str, name: str, values: Iterable[tuple[str, int]], said: Callable[[str], str] = str
) -> Facet:
    """The values of one query parameter as links; a chosen value that leaves nothing is kept, to be taken back."""
    now = request.GET.get(name, "")
    counted = dict(values)
    if now:
        counted.setdefault(now, 0)
    choices = tuple(
        Choice(
            label=said(value),
            count=count,
            url=address(request, **{name: "" if value == now else value}),
            chosen=value == now,
        )
        for value, count in counted.items()
    )
    return Facet(name=name, title=title, choices=choices)


def address(request: HttpRequest, **parameters: str) -> str:
    """This page's address with some parameters set; an empty one is dropped."""
    query = request.GET.copy()
    for name in PASSING:
        query.pop(name, None)
    for name, value in parameters.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"?{query.urlencode()}"
