"""A list of who has access is read by its headings; what is guessed is said, and every problem comes at once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.access_lists import (
    MOST_LINES,
    RIGHTS,
    AccessLine,
    guess_access_columns,
    line_of,
    plan_access,
    right_of,
)
from annexa.pure.tables import Row, Table

texts = st.text(max_size=12)
days = st.none() | st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1))
lines = st.builds(
    AccessLine, number=st.integers(0, 10**6), account=texts, person=texts, email=texts, entitlement=texts,
    right=st.sampled_from(RIGHTS), last_used=days, granted=days, active=st.sampled_from(("", "yes", "no")), ref=texts,
)  # fmt: skip


def table(header: tuple[str, ...], *rows: tuple[str, ...]) -> Table:
    return Table(format="csv", header=header, rows=tuple(Row(number=n, cells=row) for n, row in enumerate(rows, 2)))


def test_it_works() -> None:
    read = table(
        ("Login name", "Display name", "Mail", "Roles", "Last sign-in", "Created", "Status"),
        ("kim", "Kim Lee", "kim@example.org", "Release manager", "2026-11-01", "1 Feb 2026", "Enabled"),
    )
    plan = plan_access(read)
    assert plan.lines == (
        AccessLine(
            number=2, account="kim", person="Kim Lee", email="kim@example.org", entitlement="Release manager",
            right="deploy", last_used=date(2026, 11, 1), granted=date(2026, 2, 1), active="yes",
        ),
    )  # fmt: skip
    assert plan.column_of("account") == "Login name"
    assert all(one.because for one in plan.columns)
    assert plan.notes == ("The kind of right of 1 of 1 lines was guessed from the words of the role.",)


def test_every_problem_comes_at_once_with_row_and_column() -> None:
    read = table(("Account", "Role", "Last used"), ("", "x", ""), ("a", "r" * 301, "2026-02-31"), ("b", "", ""))
    plan = plan_access(read)
    assert [(one.row, one.column) for one in plan.problems] == [(2, "Account"), (3, "Role"), (3, "Last used")]
    assert [one.account for one in plan.lines] == ["b"]


def test_a_list_without_accounts_says_so_and_can_be_told() -> None:
    read = table(("Wer", "Was"), ("kim", "Admin"))
    assert "say which one does" in str(plan_access(read).problems[0])
    plan = plan_access(read, {"account": "Wer", "entitlement": "Was"})
    assert (plan.lines[0].account, plan.lines[0].right) == ("kim", "administer")
    assert {one.because for one in plan.columns} == {"chosen here"}


def test_what_is_chosen_not_to_be_read_is_not() -> None:
    read = table(("Account", "Role"), ("kim", "Admin"))
    assert plan_access(read, {"entitlement": ""}).lines[0].entitlement == ""


def test_an_address_stands_for_the_account_where_no_column_does() -> None:
    plan = plan_access(table(("Email", "Role"), ("kim@example.org", "Viewer")))
    assert (plan.lines[0].account, plan.lines[0].email) == ("kim@example.org", "kim@example.org")
    assert "stands for it" in plan.columns[0].because


def test_days_are_read_as_the_column_writes_them() -> None:
    plan = plan_access(table(("Account", "Last used"), ("a", "31/1/2026"), ("b", "2/1/2026")))
    assert [one.last_used for one in plan.lines] == [date(2026, 1, 31), date(2026, 1, 2)]
    told = plan_access(table(("Account", "Last used"), ("b", "2/1/2026")), day_first=False)
    assert told.lines[0].last_used == date(2026, 2, 1)


def test_too_many_lines_are_refused() -> None:
    read = Table(
        format="csv", header=("Account",), rows=tuple(Row(number=n, cells=("a",)) for n in range(MOST_LINES + 1))
    )
    assert "Split it by system" in str(plan_access(read).problems[0])


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("Global Administrator", "administer"), ("ML engineer: retrain", "retrain"), ("model-deployer", "deploy"),
        ("Contributor", "modify"), ("Log reader", "read logs"), ("Viewer", "use"), ("Quux", "unknown"), ("", "unknown"),
        ("Editor and release manager", "deploy"), ("adminton fan", "unknown"),
    ],
)  # fmt: skip
def test_the_gravest_right_that_the_words_speak_of(said: str, right: str) -> None:
    assert right_of(said) == right


@given(lines)
def test_a_line_is_kept_without_loss(line: AccessLine) -> None:
    assert line_of(line.kept()) == line


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8, unique=True))
def test_no_column_is_taken_twice_but_for_the_account(header: list[str]) -> None:
    found = guess_access_columns(header)
    taken = [one.column for one in found if one.field != "account"]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(header)


@given(
    st.lists(st.sampled_from(("Account", "Role", "Last used", "Status", "Odd")), min_size=1, unique=True),
    st.lists(st.lists(st.text(max_size=15), min_size=5, max_size=5), max_size=6),
)
def test_whatever_a_file_holds_is_a_line_or_a_problem(header: list[str], rows: list[list[str]]) -> None:
    """Rule: no row is lost in silence, none is both."""
    read = table(tuple(header), *(tuple(row[: len(header)]) for row in rows))
    plan = plan_access(read)
    bad = {one.row for one in plan.problems}
    good = {one.number for one in plan.lines}
    assert not bad & good
    if 0 not in bad:
        assert bad | good == {row.number for row in read.rows}
