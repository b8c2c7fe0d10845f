"""A SCIM export of users and groups is recognised by its schemas; anything else is left to the ordinary reader."""

import json

import pytest

from annexa.adapters.scim_export import GROUP, HEADER, USER, ScimError, read_scim

KIM = {
    "schemas": [USER], "id": "1", "userName": "kim", "active": True, "name": {"givenName": "Kim", "familyName": "Lee"},
    "emails": [{"value": "old@example.org"}, {"value": "kim@example.org", "primary": True}],
    "roles": [{"value": "deployer", "display": "Deployer"}], "meta": {"created": "2026-01-05T00:00:00Z"},
}  # fmt: skip
BO = {"schemas": [USER], "id": "2", "userName": "bo@example.org", "active": False, "displayName": "Bo Berg"}
ADMINS = {"schemas": [GROUP], "displayName": "Admins", "members": [{"value": "1", "display": "Kim Lee"}]}


def rows(document: object) -> list[tuple[str, ...]]:
    found = read_scim(json.dumps(document).encode(), name="x.json")
    assert found is not None
    assert found.header == HEADER
    return [row.cells for row in found.rows]


def test_it_works() -> None:
    said = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "Resources": [KIM, BO, ADMINS]}
    kim = ("kim", "Kim Lee", "kim@example.org")
    assert rows(said) == [
        (*kim, "Deployer", "", "2026-01-05", "yes"),
        (*kim, "Admins", "", "2026-01-05", "yes"),
        ("bo@example.org", "Bo Berg", "", "", "", "", "no"),
    ]


def test_users_and_groups_side_by_side_and_as_a_bare_list() -> None:
    said = [{"Resources": [KIM]}, {"Resources": [ADMINS]}]
    assert rows(said) == rows({"users": said[0], "groups": said[1]}) == rows([KIM, ADMINS])


def test_groups_alone_are_a_row_for_each_member() -> None:
    assert rows([ADMINS]) == [("Kim Lee", "", "", "Admins", "", "", "")]


@pytest.mark.parametrize(
    "data",
    [
        b"Account,Role\nkim,Admin\n", b"[", b"{}", b'[{"Account": "kim"}]',
        b'{"Resources": [1, null, {"userName": 3}]}',
        b"[" * 100_000, b"\xff\xfe",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_ordinary_reader(data: bytes) -> None:
    assert read_scim(data, name="x") is None


def test_odd_members_do_no_harm() -> None:
    odd = KIM | {"emails": "x", "roles": [3, None, "Reader"], "name": 7, "meta": None, "active": "perhaps"}
    assert rows([odd]) == [("kim", "", "", "Reader", "", "", "")]


def test_a_group_of_nobody_says_what_to_do() -> None:
    with pytest.raises(ScimError, match="Export the users too"):
        read_scim(json.dumps([ADMINS | {"members": []}]).encode(), name="x.json")
