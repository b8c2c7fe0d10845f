"""Saved views of a list: what of an address is worth keeping, in one order however it was made."""

from collections.abc import Container
from urllib.parse import parse_qsl, urlencode

LONGEST_QUERY = 2_000
LONGEST_NAME = 60
MOST = 20
"""Views that one person keeps of one list."""
MOST_WORDS = 100
"""Parameters of an address that are looked at."""


def query_of(said: str, known: Container[str]) -> str:
    """What an address asks of a list, in one order: the parameters that the list knows, each value once.

    The page, its size and everything that a list does not know fall away; so do empty values.
    """
    pairs = parse_qsl(said[: 4 * LONGEST_QUERY], max_num_fields=None)[:MOST_WORDS]
    return urlencode(sorted({(name, value) for name, value in pairs if name in known and value}))


def problems_of(name: str, query: str) -> dict[str, list[str]]:
    """Why a view cannot be kept, by field; empty: it can."""
    problems: dict[str, list[str]] = {}
    if not 0 < len(name) <= LONGEST_NAME:
        problems["name"] = [f"Give it a name of at most {LONGEST_NAME} characters."]
    if not query:
        problems[""] = ["Nothing is chosen: search, filter or order the list first."]
    elif len(query) > LONGEST_QUERY:
        problems[""] = [f"It asks for too much: {len(query):,} characters; {LONGEST_QUERY:,} are allowed."]
    return problems
