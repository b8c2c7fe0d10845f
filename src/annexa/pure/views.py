"""Saved views of a list: what can be kept, and how many."""

LONGEST_QUERY = 2_000
LONGEST_NAME = 60
MOST = 20
"""Views that one person keeps of one list."""


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
