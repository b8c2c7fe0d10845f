"""What of a list is worth a look, what changed since last time, and whether a review is complete."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.access_lists import RIGHTS, AccessLine
from annexa.pure.access_reviews import (
    COUNTS_FOR,
    DECISIONS,
    FLAGS,
    Comparison,
    Earlier,
    Known,
    Settled,
    carried_out,
    compare,
    counts_until,
    decide_problems,
    flags_of,
    marks_of,
    progress_of,
    undecidable,
)

DAY = date(2026, 11, 20)
KNOWN = Known(
    people=frozenset({"kim@example.org"}),
    left=frozenset({"gone@example.org"}),
    approvers=frozenset({"lee@example.org"}),
)


def line(number: int = 1, account: str = "kim@example.org", **more: object) -> AccessLine:
    email = account if "@" in account else ""
    return AccessLine(**{"number": number, "account": account, "email": email, **more})  # type: ignore[arg-type]


def flags(*lines: AccessLine, me: str = "", compared: Comparison | None = None) -> dict[int, tuple[str, ...]]:
    return flags_of(  # type: ignore[return-value]
        lines, known=KNOWN, me=frozenset({me} - {""}), at=DAY, compared=compared or Comparison()
    )


@pytest.mark.parametrize(
    ("one", "flag"),
    [
        (line(active="no"), "leaver"),
        (line(account="gone@example.org"), "leaver"),
        (line(account="svc-17"), "nobody named"),
        (line(account="mlops-shared", person="Team"), "shared"),
        (line(right="administer"), "administers"),
        (line(last_used=DAY - timedelta(days=91)), "dormant"),
        (line(account="Lee@Example.org", right="deploy"), "two powers"),
        (line(account="lee@example.org", right="retrain"), "two powers"),
    ],
)
def test_a_line_is_flagged(one: AccessLine, flag: str) -> None:
    assert flags(one) == {1: (flag,)}


@pytest.mark.parametrize(
    "one",
    [
        line(), line(last_used=DAY - timedelta(days=90)), line(right="deploy"), line(granted=date(2020, 1, 1)),
        line(account="supporter@example.org"), line(account="lee@example.org", right="use"),
    ],
)  # fmt: skip
def test_an_ordinary_line_is_not(one: AccessLine) -> None:
    assert flags(one) == {}


def test_never_used_is_dormant_only_where_the_list_tells_of_uses() -> None:
    idle, used = line(granted=date(2026, 1, 1)), line(2, "bo@example.org", last_used=DAY)
    assert flags(idle) == {}
    assert flags(idle, used) == {1: ("dormant",)}


def test_who_changes_and_releases_is_flagged_in_both_lines() -> None:
    """Rule: the powers to change and to release lie with different people (ACC-04)."""
    held = line(1, right="modify", entitlement="e"), line(2, right="deploy", entitlement="r"), line(3, right="use")
    assert flags(*held) == {1: ("two powers",), 2: ("two powers",)}


def test_one_account_of_two_people_is_shared_and_one_right_twice_a_duplicate() -> None:
    assert flags(line(1, "ops", email="a@b.c"), line(2, "ops", email="d@e.f", entitlement="x")) == {
        1: ("shared",), 2: ("shared",),
    }  # fmt: skip
    assert flags(line(1), line(2, "KIM@example.org")) == {1: ("duplicate",), 2: ("duplicate",)}


def test_ones_own_line_is_known_by_address_or_by_a_name_without_one() -> None:
    assert flags(line(), me="kim@example.org")[1] == ("self",)
    nameless = AccessLine(number=1, account="k17", person="Kim Lee")
    assert "self" in flags(nameless, me="kim lee")[1]
    other = replace(nameless, email="another.kim@example.org")
    assert flags(other, me="kim lee") == {}


BEFORE = Earlier(
    lines=(line(1), line(2, "bo@example.org", entitlement="Editor"), line(3, "old@example.org")),
    settled={1: Settled(decision="revoke", because="Left"), 2: Settled(decision="change", to="Viewer", because="Less")},
)


def test_what_was_revoked_and_is_still_there_is_found() -> None:
    now = (line(7), line(8, "bo@example.org", entitlement="Editor"), line(9, "new@example.org"))
    found = compare(now, BEFORE)
    assert set(found.still_there) == {7, 8}
    assert found.new == {9}
    assert [one.account for one in found.gone] == ["old@example.org"]
    assert flags(*now, compared=found)[7][0] == "still there"


def test_what_changed_is_no_longer_as_it_was() -> None:
    found = compare((line(8, "bo@example.org", entitlement="Editor", right="use"),), BEFORE)
    assert found.changed == {8: ("Kind of right: unknown → use",)}
    assert found.still_there == {}


def test_without_an_earlier_review_nothing_is_new() -> None:
    assert compare((line(),), None) == Comparison()


def test_a_later_list_shows_what_was_carried_out() -> None:
    assert carried_out(line(), "revoke", ())
    assert not carried_out(line(), "revoke", (line(5),))
    assert not carried_out(line(), "change", (line(5),))
    assert carried_out(line(), "change", (line(5, right="use"),))
    assert not carried_out(line(), "revoke", (line(5, right="use"),))


def test_everything_wrong_with_a_decision_is_said_together() -> None:
    me = frozenset({"kim@example.org"})
    found = decide_problems(lines=[line()], decision="change", to="", because=" ", me=me)
    assert set(found) == {"lines", "because", "to"}
    assert set(decide_problems(lines=[], decision="burn", to="", because="x", me=me)) == {"lines", "decision"}
    assert decide_problems(lines=[line(1, "bo")], decision="keep", to="", because="x", me=me) == {}


def test_what_nobody_may_decide() -> None:
    kim, bo = frozenset({"kim@example.org"}), frozenset({"bo@example.org"})
    assert undecidable([line()], [kim]) == (line(),)
    assert undecidable([line()], [kim, bo]) == ()


def test_it_counts_from_the_oldest_list_on() -> None:
    old, new = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert counts_until([new, old]) == old + COUNTS_FOR
    with pytest.raises(ValueError, match="empty"):
        counts_until([])


def test_of_nothing_nothing_is_complete() -> None:
    assert not progress_of(0, []).complete


accounts = st.sampled_from(("a@x.y", "B@x.y", "root", "svc", "kim@example.org"))
some_lines = st.lists(
    st.builds(
        AccessLine, number=st.just(0), account=accounts, entitlement=st.sampled_from(("", "E", "e", "F")),
        right=st.sampled_from(RIGHTS), person=st.sampled_from(("", "P")),
    ),
    max_size=8,
).map(lambda held: tuple(replace(one, number=n) for n, one in enumerate(held, 1)))  # fmt: skip


@given(some_lines, some_lines, st.data())
def test_a_comparison_accounts_for_every_line(now: tuple, before: tuple, data: st.DataObject) -> None:
    """Rule: each line of now is new or was there; each earlier one is there or gone; nothing is both."""
    settled = {
        one.number: Settled(decision=data.draw(st.sampled_from(DECISIONS)), to="x", because="b") for one in before
    }
    found = compare(now, Earlier(lines=before, settled=settled))
    assert len(before) - len(found.gone) == len(now) - len(found.new)
    assert not found.new & (set(found.changed) | set(found.still_there))
    assert {one.decision for one in found.still_there.values()} <= {"revoke", "change"}
    assert compare(now, Earlier(lines=now, settled={})) == Comparison()


@given(some_lines, st.sampled_from(("", "kim@example.org", "root")))
def test_flags_come_gravest_first_and_self_is_never_missed(held: tuple, me: str) -> None:
    found = flags(*held, me=me)
    for one in held:
        said = found.get(one.number, ())
        assert list(said) == sorted(said, key=FLAGS.index)  # type: ignore[arg-type]
        assert ("self" in said) == (bool(me) and me in marks_of(one))


@given(st.integers(0, 50), st.lists(st.sampled_from(DECISIONS), max_size=50))
def test_progress_adds_up(more: int, decisions: list) -> None:
    found = progress_of(len(decisions) + more, decisions)
    assert found.decided + found.undecided == found.total
    assert found.complete == (not more and bool(decisions))
