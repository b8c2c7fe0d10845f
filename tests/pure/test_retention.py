"""What of the activity log may go: the law's least, the choice, holds; cases from the articles, and properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.permits import Refusal
from annexa.pure.retention import (
    Expiry,
    Found,
    Hold,
    LogRule,
    Terms,
    binding,
    erasure_refusal,
    expiry,
    hold_problems,
    kept_until,
    law_until,
    needs_second,
    release_problems,
    step_problems,
)

PROVIDER = LogRule(id="AIA-19", article="EU AI Act Art.19(1)", actor="provider", months=6)
DEPLOYER = LogRule(id="AIA-26-6", article="EU AI Act Art.26(6)", actor="deployer", months=6)
LAW = (PROVIDER, DEPLOYER)
MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)


def hold(**said) -> Hold:
    return Hold(**({"id": "0123456789", "because": "Case 7"} | said))


def test_it_works() -> None:
    """Thirteen months chosen for a high-risk system: longer than the law asks, so the choice says when."""
    terms = Terms(days=400, chosen_for="chatbot", law=LAW)
    until = kept_until(MARCH, terms)
    assert (until.at, until.by) == (MARCH + timedelta(days=400), "choice")
    assert until.because == "Kept for 400 days, as chosen for chatbot."
    found = expiry(
        system="chatbot", first=MARCH, last=MARCH, received_at=MARCH, terms=terms, holds=(), now=until.at
    )  # fmt: skip
    assert found == Expiry(since=until.at, because=until.because)


@pytest.mark.parametrize(
    ("received", "until"),
    [
        ((2026, 3, 1), (2026, 9, 2)),  # 184 days, one more than 183: months of the calendar count
        ((2026, 8, 31), (2027, 3, 1)),  # six months later there is no 31st
        ((2026, 1, 1), (2026, 7, 2)),
        ((2027, 8, 29), (2028, 3, 1)),  # a leap day
    ],
)
def test_six_months_are_months_of_the_calendar(received, until) -> None:
    """Rule: AI Act Art. 19(1), 26(6): at least six months, counted as Regulation 1182/71 Art. 3(2)(c) counts."""
    assert law_until(datetime(*received, 10, tzinfo=UTC), LAW) == datetime(*until, tzinfo=UTC)


def test_the_law_wins_over_a_choice_that_is_shorter() -> None:
    """A system that became one of high risk after somebody chose 30 days."""
    until = kept_until(MARCH, Terms(days=30, chosen_for="chatbot", law=LAW))
    assert (until.at, until.by) == (datetime(2026, 9, 2, tzinfo=UTC), "law")
    assert until.because == "EU AI Act Art.19(1) has logs kept for 6 months."


@pytest.mark.parametrize(
    ("roles", "classes", "bind"),
    [
        (["provider"], ["high-risk"], (PROVIDER,)),
        (["deployer", "importer"], ["high-risk", "transparency"], (DEPLOYER,)),
        (["provider", "deployer"], ["high-risk"], LAW),
        ([], ["high-risk"], LAW),
        (["importer"], ["high-risk"], LAW),
        (["provider"], ["minimal"], ()),
        (["provider"], [], (PROVIDER,)),
        ([], [], LAW),
    ],
)
def test_whom_the_law_binds(roles, classes, bind) -> None:
    """A system that nobody classified may be of high risk."""
    assert binding(LAW, roles=roles, classes=classes) == bind


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({}, True),
        ({"system": "chatbot"}, True),
        ({"system": "other"}, False),
        ({"since": MARCH + timedelta(hours=1)}, True),
        ({"since": MARCH + timedelta(hours=1, seconds=1)}, False),
        ({"until": MARCH}, True),
        ({"until": MARCH - timedelta(seconds=1)}, False),
    ],
)
def test_what_a_hold_reaches(said, holds) -> None:
    """Both ends belong to the span."""
    found = expiry(
        system="chatbot", first=MARCH, last=MARCH + timedelta(hours=1), received_at=MARCH, terms=Terms(days=1),
        holds=[hold(**said)], now=MARCH + timedelta(days=900),
    )  # fmt: skip
    assert isinstance(found, Refusal) is holds
    if holds:
        assert found == Refusal(because="Kept by legal hold 01234567 (Case 7).")


def test_who_releases_a_hold() -> None:
    assert release_problems(because="Over", released=False, set_by=1, person=2) is None
    assert release_problems(because="Over", released=False, set_by=1, person=1) == Refusal(
        because="You set this hold; somebody else releases it."
    )
    assert release_problems(because=" ", released=False, set_by=1, person=2) is not None
    assert release_problems(because="Over", released=True, set_by=1, person=2) is not None
    for set_by in (None, 1):
        program = release_problems(because="Over", released=False, set_by=set_by, person=None)
        assert program == Refusal(because="A person releases a hold: a program may be of whoever set it.")
    assert hold_problems(because="", since=MARCH, until=MARCH - timedelta(days=1)).keys() == {"because", "until"}
    assert hold_problems(because="Case", since=MARCH, until=MARCH) == {}


def test_an_erasure_is_refused_where_nothing_can_go() -> None:
    assert erasure_refusal(Found(free=1, held=4), [hold()]) is None
    held = erasure_refusal(Found(held=4), [hold(), hold(id="99", because="Case 8")])
    assert held == Refusal(because="Kept by legal holds 01234567 (Case 7); 99 (Case 8).")
    assert "No event of this person" in str(erasure_refusal(Found(), ()))
    assert not needs_second(Found(free=5, held=2))
    assert needs_second(Found(free=5, young=1))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, ""),
        ({"step": "refused", "person": 1}, ""),  # whoever asked takes it back
        ({"step": "done"}, "Choose one of"),
        ({"person": 1}, "somebody else agrees"),
        ({"person": None}, "A person agrees"),
        ({"because": " "}, "Say why"),
        ({"second": False}, "Nobody has to agree"),
        ({"steps": ("refused",)}, "refused already"),
    ],
)
def test_steps_of_an_erasure(said, wrong) -> None:
    asked = {"step": "approved", "steps": (), "second": True, "asked_by": 1, "person": 2, "because": "Agreed"} | said
    found = step_problems(**asked)
    assert (found is None) if not wrong else (wrong in found.because)


DAYS = st.integers(1, 3660)
MOMENTS = st.integers(0, 20 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(MOMENTS, DAYS, st.booleans(), st.booleans(), MOMENTS)
def test_what_goes_is_older_than_the_law_and_the_choice_ask(received, days, bound, held, now) -> None:
    """Never before the law's least and never before the choice; never later than both; never while it is held."""
    terms = Terms(days=days, law=LAW if bound else ())
    found = expiry(
        system="s", first=received, last=received, received_at=received, terms=terms, holds=[hold()] if held else [],
        now=now,
    )  # fmt: skip
    if isinstance(found, Expiry):
        assert not held
        assert now - received >= timedelta(days=days)
        assert not bound or now - received >= timedelta(days=181)
        assert not bound or now > law_until(received, LAW) - timedelta(microseconds=1)
    elif not held:
        least = law_until(received, terms.law)
        assert now < max(received + timedelta(days=days), least or received)
