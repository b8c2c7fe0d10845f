"""Addresses: a name leads to one page."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from annexa.urls import urlpatterns


def named(patterns: list[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of addresses, each with what the address takes."""
    for one in patterns:
        if hasattr(one, "url_patterns"):
            yield from named(one.url_patterns)
        elif one.name:
            yield one.name, tuple(sorted(one.pattern.converters))


def test_a_name_leads_to_one_page() -> None:
    """Rule: of two addresses with one name that take the same, a link would lead to whichever comes last."""
    assert [name for name, many in Counter(named(urlpatterns)).items() if many > 1] == []
