"""Whom one leans on: what stops with something, and how the companies behind suppliers are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.concentration import FourthParty, Leaning, fourth_parties, share
from annexa.pure.lineage import Arrow

A, B, C = ("supplier", "a"), ("supplier", "b"), ("supplier", "c")
CLOUD, MODEL = ("asset", "cloud"), ("asset", "model")
BOT, DESK = ("ai_system", "bot"), ("ai_system", "desk")


def test_what_is_between_is_counted_apart() -> None:
    leaning = Leaning((
        Arrow(A, CLOUD, "supplies"), Arrow(CLOUD, MODEL, "hosts"), Arrow(MODEL, BOT, "is used by"),
        Arrow(A, DESK, "supplies"), Arrow(B, A, "stands behind"),
    ))  # fmt: skip
    found = leaning.below(A)
    assert (found.direct, found.systems, found.assets) == ({"desk"}, {"bot", "desk"}, {"cloud", "model"})
    behind = leaning.below(B)
    assert (behind.direct, behind.systems) == (frozenset(), {"bot", "desk"})
    assert leaning.below(C).systems == frozenset()


def test_a_circle_ends() -> None:
    leaning = Leaning((Arrow(A, B, "stands behind"), Arrow(B, A, "stands behind"), Arrow(B, BOT, "supplies")))
    assert leaning.below(A).systems == leaning.below(B).systems == {"bot"}


KEYS = st.sampled_from([A, B, C, CLOUD, MODEL, BOT, DESK])
ARROWS = st.lists(st.builds(Arrow, KEYS, KEYS, st.just("supplies")), max_size=12)


@given(ARROWS, st.builds(Arrow, KEYS, KEYS, st.just("supplies")))
def test_an_arrow_more_never_takes_anything_away(arrows, more) -> None:
    before, after = Leaning(tuple(arrows)).below(A), Leaning((*arrows, more)).below(A)
    assert before.systems <= after.systems
    assert before.direct <= after.direct <= after.systems


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], ()),
        (["", "  ", ", IE"], ()),
        (["Example Hosting"], (FourthParty(name="Example Hosting"),)),
        (["Example Hosting, IE, hosting"], (FourthParty(name="Example Hosting", country="IE"),)),
        (["Example Hosting; mails; US"], (FourthParty(name="Example Hosting", country="US"),)),
        (["Example Hosting, ireland"], (FourthParty(name="Example Hosting"),)),
        # named twice: once, and with what either line says
        (["Example Hosting", "EXAMPLE hosting, IE"], (FourthParty(name="EXAMPLE hosting", country="IE"),)),
        (["A, IE", "B", "a, US"], (FourthParty(name="A", country="IE"), FourthParty(name="B"))),
    ],
)
def test_companies_are_read_as_suppliers_name_them(lines, found) -> None:
    assert fourth_parties(lines) == found


def test_of_nothing_there_is_no_share() -> None:
    assert share(0, 0) is None
    assert (share(0, 4), share(1, 4)) == (0, 0.25)
