"""Which role follows from what a provider says of somebody's groups: the highest, and nobody by mistake."""

import pytest

from annexa.pure.group_roles import parse_group_roles
from annexa.pure.sign_on import role_from

TABLE = parse_group_roles("grc=lead,annexa-admins=administrator, CN=a=b=owner, hr=owner@people")


def test_it_works() -> None:
    assert role_from(["x", "grc", "annexa-admins"], TABLE) == "administrator"
    assert role_from(["grc"], TABLE) == "lead"
    assert role_from(["CN=a=b"], TABLE) == "owner"


def test_whose_groups_bring_roles_in_units_only_is_a_member() -> None:
    assert role_from(["hr"], TABLE) == "member"
    assert role_from(["hr", "grc"], TABLE) == "lead"


@pytest.mark.parametrize("groups", [[], ["Grc"], ["annexa"], ["annexa-admins2"], [""]])
def test_nobody_gets_in_by_likeness(groups: list[str]) -> None:
    assert role_from(groups, TABLE) == ""
    assert role_from(groups, TABLE, default="auditor") == "auditor"
