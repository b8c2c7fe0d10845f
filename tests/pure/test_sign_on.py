"""Which role follows from which group: in the order of the table, and nobody by mistake."""

import pytest

from annexa.pure.sign_on import RoleOfGroup, RolesError, parse_roles, role_from

KNOWN = ("administrator", "lead", "owner", "auditor")
TABLE = parse_roles("annexa-admins=administrator, grc=lead,CN=a=b=owner", known=KNOWN)


def test_it_works() -> None:
    assert (
        RoleOfGroup(group="annexa-admins", role="administrator"),
        RoleOfGroup(group="grc", role="lead"),
        RoleOfGroup(group="CN=a=b", role="owner"),
    ) == TABLE
    assert role_from(["x", "grc", "annexa-admins"], TABLE) == "administrator"
    assert role_from(["grc"], TABLE) == "lead"


@pytest.mark.parametrize("groups", [[], ["Grc"], ["annexa"], ["annexa-admins2"], [""]])
def test_nobody_gets_in_by_likeness(groups: list[str]) -> None:
    assert role_from(groups, TABLE) == ""
    assert role_from(groups, TABLE, default="auditor") == "auditor"


def test_everything_that_is_wrong_is_said() -> None:
    with pytest.raises(
        RolesError, match=r"'grc' names no group and role.*'king' is not a role; use administrator, aud"
    ):
        parse_roles("grc, a=king, =lead", known=KNOWN)
    assert parse_roles(" , ", known=KNOWN) == ()
