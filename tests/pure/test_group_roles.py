"""Which roles follow from groups: the table is read whole or refused whole, and the highest role counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.group_roles import (
    ORDER,
    GroupRole,
    GroupRolesError,
    highest_role,
    next_role,
    parse_group_roles,
    roles_in_units,
)

TABLE = "annexa-admins=administrator, grc=lead,hr=owner@people, CN=audit=auditor"


def test_it_works() -> None:
    table = parse_group_roles(TABLE)
    assert table[2] == GroupRole(group="hr", role="owner", unit="people")
    assert table[3].group == "CN=audit"
    assert highest_role(table, {"grc", "annexa-admins", "hr"}) == "administrator"
    assert highest_role(table, {"hr"}) == ""
    assert roles_in_units(table, {"hr", "grc"}) == {("owner", "people")}
    assert parse_group_roles(" , ") == ()


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(GroupRolesError) as caught:
        parse_group_roles("nobody, =lead, a=king, b=administrator@people, c=reader, d=external, e=lead@")
    said = str(caught.value)
    for word in ("'nobody'", "'=lead'", "'king' is not a role", "'administrator'", "'reader'", "outside", "'e=lead@'"):
        assert word in said


@pytest.mark.parametrize(
    ("held", "brought", "before", "then"),
    [
        ("member", "lead", "", "lead"),
        ("lead", "", "lead", "member"),
        ("lead", "auditor", "lead", "auditor"),
        ("administrator", "", "", "administrator"),
        ("administrator", "lead", "", "administrator"),
        ("auditor", "lead", "", "lead"),
        ("external", "", "", "external"),
        ("external", "member", "", "member"),
        ("owner", "", "lead", "owner"),
    ],
)
def test_what_groups_gave_they_take_away_and_nothing_else(held, brought, before, then) -> None:
    assert next_role(held=held, brought=brought, before=before) == then


@given(st.sampled_from(ORDER), st.sampled_from(["", *ORDER]))
def test_nobody_loses_what_they_were_given_here(held: str, brought: str) -> None:
    """Property: without a role from groups before, groups only ever raise."""
    then = next_role(held=held, brought=brought, before="")
    assert ORDER.index(then) <= ORDER.index(held)
