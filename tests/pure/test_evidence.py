"""Evidence passes, fails, expires or is missing; time and new answers move it only one way."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.evidence import expiry, state_of

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
BEST_FIRST = ("passing", "expired", "never", "failing")
"""As controls see it: effective, stale, unproven, failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer to an expectation."""

    effective_at: datetime
    expires_at: datetime
    passing: bool = True


def day(number: int) -> datetime:
    """The start of a day of 2026, counted from 0."""
    return START + timedelta(days=number)


def said(on: int, until: int, *, passing: bool = True) -> Said:
    """An answer observed on one day that counts until another."""
    return Said(effective_at=day(on), expires_at=day(until), passing=passing)


answers = st.builds(said, st.integers(0, 60), st.integers(61, 200), passing=st.booleans())
days = st.integers(60, 250).map(day)
"""Instants at which every drawn answer is known."""


@pytest.mark.parametrize(
    ("known", "on", "expected"),
    [
        ([], 10, ("never", None)),
        ([said(0, 90)], 10, ("passing", day(90))),
        ([said(0, 90)], 90, ("expired", None)),
        ([said(0, 90), said(5, 60)], 70, ("passing", day(90))),
        ([said(0, 30), said(5, 60)], 40, ("passing", day(60))),
        ([said(0, 90, passing=False)], 10, ("failing", None)),
        ([said(0, 90, passing=False)], 500, ("failing", None)),
        ([said(0, 90), said(5, 95, passing=False)], 10, ("failing", None)),
        ([said(0, 90, passing=False), said(5, 95)], 10, ("passing", day(95))),
        ([said(0, 90, passing=False), said(5, 20)], 30, ("expired", None)),
        ([said(0, 400), said(5, 95, passing=False), said(6, 20)], 30, ("expired", None)),
        ([said(5, 90), said(5, 90, passing=False)], 10, ("failing", None)),
    ],
    ids=[
        "nothing was ever handed in",
        "a pass counts",
        "the end is exclusive",
        "the longest pass counts, even if it is older",
        "a newer pass takes over",
        "a failure fails",
        "time alone does not heal a failure",
        "a newer failure beats a pass",
        "a pass after a failure heals it",
        "a pass after a failure may expire",
        "a pass from before the failure does not count again",
        "of the same instant the failure wins",
    ],
)
def test_what_the_evidence_says(known: list[Said], on: int, expected: tuple[str, datetime | None]) -> None:
    assert state_of(known, day(on)) == expected


@given(st.lists(answers, max_size=6), days, st.randoms())
def test_the_order_of_answers_does_not_matter(known: list[Said], at: datetime, shuffler: object) -> None:
    mixed = list(known)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined]
    assert state_of(known, at) == state_of(mixed, at)


@given(st.lists(answers, max_size=6), days, st.integers(0, 100))
def test_waiting_never_helps(known: list[Said], at: datetime, later: int) -> None:
    """Without anything new, a pass can only run out, and nothing else changes."""
    before, after = state_of(known, at)[0], state_of(known, at + timedelta(days=later))[0]
    assert after == before or (before, after) == ("passing", "expired")


@given(st.lists(answers, max_size=6), days, st.integers(0, 60), st.integers(61, 200))
def test_another_pass_never_hurts(known: list[Said], at: datetime, on: int, until: int) -> None:
    before, after = state_of(known, at)[0], state_of([*known, said(on, until)], at)[0]
    if before == "never":
        assert after in {"passing", "expired"}
    else:
        assert BEST_FIRST.index(after) <= BEST_FIRST.index(before)


@given(st.lists(answers, max_size=6), days, st.integers(0, 60), st.integers(61, 200))
def test_another_failure_never_helps(known: list[Said], at: datetime, on: int, until: int) -> None:
    before, after = state_of(known, at)[0], state_of([*known, said(on, until, passing=False)], at)[0]
    assert BEST_FIRST.index(after) >= BEST_FIRST.index(before)


@given(st.lists(answers, max_size=6), days)
def test_a_pass_ends_exactly_when_it_says(known: list[Said], at: datetime) -> None:
    state, ends = state_of(known, at)
    assert (ends is not None) == (state == "passing")
    if ends is not None:
        assert state_of(known, ends - INSTANT) == ("passing", ends)
        assert state_of(known, ends) == ("expired", None)


YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, START + YEAR), (day(30), day(30)), (START + YEAR, START + YEAR), (day(900), START + YEAR)],
    ids=["as long as the expectation allows", "shorter if it says so", "the same", "never longer"],
)
def test_when_evidence_expires(asked: datetime | None, expected: datetime) -> None:
    assert expiry(START, YEAR, asked) == expected
