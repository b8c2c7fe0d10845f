"""Which library was in force when is decided by the ledger alone."""

from datetime import UTC, datetime, timedelta

import pytest

from annexa.pure.facts import FactError
from annexa.pure.libraries import LibraryFact, in_force, library_of_entry

THEN = datetime(2026, 3, 1, tzinfo=UTC)


def fact(version: str, days: int, entry: int) -> LibraryFact:
    return LibraryFact(version=version, own=(), recorded_at=THEN + timedelta(days=days), entry=entry)


FIRST, SECOND, SAME_DAY = fact("a", 0, 3), fact("b", 10, 7), fact("c", 10, 8)


@pytest.mark.parametrize(("days", "expected"), [(-5, FIRST), (0, FIRST), (9, FIRST), (10, SAME_DAY), (4000, SAME_DAY)])
def test_the_last_one_taken_up_by_then_is_in_force(days: int, expected: LibraryFact) -> None:
    assert in_force([SECOND, SAME_DAY, FIRST], THEN + timedelta(days=days)) == expected


def test_without_any_there_is_none() -> None:
    assert in_force([], THEN) is None


def test_an_entry_says_version_and_own_files() -> None:
    body = {"state": {"version": "a" * 64, "own": ["frameworks/house.toml"]}, "because": "Ours", "by": "Mei Tanaka"}
    found = library_of_entry(body=body, at=THEN, position=4)
    assert found.own == ("frameworks/house.toml",)
    assert (found.version, found.entry, found.by, found.because) == ("a" * 64, 4, "Mei Tanaka", "Ours")


@pytest.mark.parametrize(
    "body", [{}, {"state": {}}, {"state": {"version": 5}}, {"state": {"version": "a", "own": "x"}}, []]
)
def test_another_shape_is_refused_with_its_entry(body) -> None:
    with pytest.raises(FactError, match="entry 9"):
        library_of_entry(body=body, at=THEN, position=9)
