"""SCIM 2.0: a conformance client finds nothing wrong, and directories are understood in their own ways."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annexa.actions.directory import map_group
from annexa.actions.door import door
from annexa.actions.errors import InvalidError
from annexa.actions.leaving import let_go, readmit, suspend_person
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person, set_password
from annexa.actions.registers import add_record
from annexa.actions.sequencer import publish
from annexa.actions.tokens import add_service_account, create_token
from annexa.actions.units import add_unit
from annexa.answers.actors import grants_of
from annexa.answers.integrity import check_everything
from annexa.answers.people import holdings
from annexa.api import scim_gate
from annexa.api.shapes import now as clock
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.completions import COMPLETIONS
from annexa.records.directory import DirectoryGroup, DirectoryMembership, DirectoryPerson
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.processes import RequestCount
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from annexa.records.tokens import ApiToken, ServiceAccount
from tests.cases import cases
from tests.web.proving import signed_in

pytestmark = pytest.mark.django_db
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ERROR = ["urn:ietf:params:scim:api:messages:2.0:Error"]


@dataclass(kw_only=True)
class Directory:
    """An identity provider with its token."""

    text: str
    client: Client

    def __call__(self, method: str, address: str, body: Any = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("Content-Type", "application/scim+json")
        if self.text:
            sent.setdefault("Authorization", f"Bearer {self.text}")
        more: dict[str, Any] = {"headers": sent}
        if body is not None:
            more |= {"data": body if isinstance(body, str | bytes) else json.dumps(body), "content_type": kind}
        found = self.client.generic(method, f"/scim/v2/{address}", **more)
        found.said = json.loads(found.content) if found.content else None
        return found

    def patch(self, address: str, *operations: dict[str, Any], **headers: str) -> Any:
        """Sends operations, as every directory wraps them."""
        return self("PATCH", address, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def add(self, name: str, /, **more: Any) -> str:
        """Makes a person; their id."""
        said = {"schemas": [USER], "userName": f"{name}@example.org", "displayName": name.title(), "active": True}
        found = self("POST", "Users", said | more)
        assert found.status_code == 201, found.said
        return str(found.said["id"])

    def group(self, name: str, /, *members: str, **more: Any) -> str:
        """Makes a group; its id."""
        found = self("POST", "Groups", {"displayName": name, "members": [{"value": one} for one in members], **more})
        assert found.status_code == 201, found.said
        return str(found.said["id"])


@pytest.fixture
def house(small_house):
    return small_house


@pytest.fixture
def ada(house) -> Person:
    return Person.objects.get(email="ada@example.org")


def token(*scopes: str) -> str:
    """A token of the directory's service account."""
    account = ServiceAccount.objects.filter(slug="entra").first() or add_service_account(
        actor=ANNEXA, person=None, slug="entra", name="Entra ID", role="administrator", now=clock()
    )
    return create_token(
        actor=ANNEXA, person=None, holder=account, name="Provisioning", scopes=scopes or ["provision"],
        expires_at=clock() + timedelta(days=90), now=clock(),
    )[1]  # fmt: skip


@pytest.fixture
def directory(house) -> Directory:
    return Directory(text=token(), client=Client())


def mapped(ada: Person, group: str, role: str, unit: str = "") -> Any:
    """A group brings a role from now on."""
    return map_group(
        actor=actor_of(ada), by=ada, group=group, role=role, unit=unit, because="Agreed with the board", now=clock()
    )


def person(key: str) -> Person:
    """Somebody as they are in the table."""
    found: Person = Person.objects.get(pk=key)
    return found


def without_password(found: Person) -> None:
    """From now on this person comes in by an identity provider only."""
    with door(actor=ANNEXA, verb="set_password_of_others", now=clock()) as opened:
        found.set_unusable_password()
        opened.write(found, kind="person", subject=found.actor_id)


def with_password(key: str) -> None:
    """From now on this person can sign in whatever becomes of the provider."""
    set_password(actor=ANNEXA, person=person(key), password="seven quiet copper kettles", now=clock())


def everything_holds() -> None:
    """Ledger and tables agree, and nothing that was committed to was changed."""
    publish()
    found = [f for check in check_everything(progress=lambda _done, _of: None) for f in check.findings]
    assert found == []


# --- the standard


@pytest.mark.slow
def test_a_conformance_client_finds_nothing_wrong(directory) -> None:
    """Rule: every check of scim2-tester passes; none is skipped for something that is not there."""
    from scim2_client.engines.wsgi import WSGISCIMClient  # here, since it takes seconds
    from scim2_tester import Status, check_server

    client = WSGISCIMClient(
        get_wsgi_application(),
        base_url="http://localhost/scim/v2",
        headers={"Authorization": f"Bearer {directory.text}"},
    )
    results = check_server(client)
    assert [f"{one.title}: {one.reason}" for one in results if one.status is not Status.SUCCESS] == []
    assert len(results) > 50
    everything_holds()


def test_it_works(directory) -> None:
    made = directory("POST", "Users", {
        "schemas": [USER], "userName": "kim", "externalId": "00u1", "active": True,
        "name": {"givenName": "Kim", "familyName": "Lee"},
        "emails": [{"value": "private@example.org"}, {"value": "Kim.Lee@example.org", "primary": True}],
    })  # fmt: skip
    assert made.status_code == 201
    assert made.headers["Content-Type"] == "application/scim+json"
    assert made.headers["Location"] == made.said["meta"]["location"]
    assert made.headers["ETag"] == made.said["meta"]["version"]
    found = person(made.said["id"])
    assert (found.email, found.name, found.role, found.is_active) == ("kim.lee@example.org", "Kim Lee", "member", True)
    assert not found.has_usable_password()
    assert (found.directory.user_name, found.directory.external_id) == ("kim", "00u1")
    seen = directory("GET", f"Users/{found.pk}")
    assert seen.said == made.said
    assert directory("GET", f"Users/{found.pk}", If_None_Match=seen.headers["ETag"]).status_code == 304
    head = directory("HEAD", f"Users/{found.pk}")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", seen.headers["ETag"])
    assert directory("DELETE", f"Users/{found.pk}").status_code == 204
    assert directory("GET", f"Users/{found.pk}").status_code == 404
    assert not person(str(found.pk)).is_active
    everything_holds()


def test_each_change_leaves_its_entries(directory) -> None:
    size = LedgerEntry.objects.count()

    def entries() -> list[tuple[str, str, str]]:
        nonlocal size
        rows = list(LedgerEntry.objects.filter(position__gte=size).order_by("position"))
        size += len(rows)
        return [(one.kind, one.subject, one.actor) for one in rows]

    key = directory.add("kim")
    about = (f"person/{key}", "service/entra")
    assert entries() == [("person", *about), ("directory_person", *about)]
    directory.patch(f"Users/{key}", {"op": "replace", "path": "externalId", "value": "1"})
    assert entries() == [("directory_person", *about)]
    directory.patch(f"Users/{key}", {"op": "replace", "path": "externalId", "value": "1"})
    assert entries() == [], "nothing changed"
    directory.patch(f"Users/{key}", {"op": "replace", "path": "active", "value": False})
    assert entries() == [("sessions_end", *about), ("person", *about), ("directory_person", *about)]
    group = directory.group("staff", key)
    about = (f"directory_group/{group}", "service/entra")
    assert entries() == [("directory_group", *about), ("directory_membership", *about)]
    directory("DELETE", f"Groups/{group}")
    assert entries() == [("directory_membership", *about), ("directory_group", *about)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userName eq "KIM@example.org"', ["Kim"]),
        ('externalId eq "x-lou"', ["Lou"]),
        ('externalId eq "X-LOU"', []),
        ('displayName sw "k" or displayName co "OU"', ["Kim", "Lou"]),
        ('displayName sw "k" and active eq true', ["Kim"]),
        ("active eq false", ["Mei"]),
        ("not (active eq true)", ["Mei"]),
        ("externalId pr", ["Lou"]),
        ('emails.value ew "example.org" and externalId pr', ["Lou"]),
        ('emails[type eq "work" and value eq "lou@example.org"]', None),
        ('emails[primary eq true and value eq "kim@example.org"]', ["Kim"]),
        ('name.familyName eq "lee"', ["Kim"]),
        ('name.familyName ne "lee" and externalId pr', ["Lou"]),
        ('urn:ietf:params:scim:schemas:core:2.0:User:displayName eq "mei"', ["Mei"]),
        ('displayName gt "Lou"', ["Mei"]),
        ('id eq "99999999999999999999999"', []),
        ('displayName eq "100%"', []),
        ('displayName eq "\\"; DROP TABLE records_person; --"', []),
        ("userName eq", None),
        ('nickName eq "x"', None),
        ('active gt "true"', None),
        ('meta.lastModified gt "2011-05-13T04:42:34Z"', None),
        ('id co "1"', None),
        ("(" * 30 + 'userName eq "x"' + ")" * 30, None),
    ],
)
def test_filters(directory, text, names) -> None:
    """Rule: a filter finds exactly what fits, or is refused as invalidFilter; it never finds everybody by mistake."""
    directory.add("kim", name={"familyName": "Lee"})
    directory.add("lou", externalId="x-lou", name={"familyName": "Doe"})
    directory.add("mei", active=False)
    for said in (
        directory("GET", f"Users?sortBy=displayName&filter={text.replace('%', '%25').replace(';', '%3B')}"),
        directory("POST", "Users/.search", {"filter": text, "sortBy": "displayName"}),
    ):
        if names is None:
            assert (said.status_code, said.said["scimType"]) == (400, "invalidFilter"), said.said
        else:
            assert said.status_code == 200, said.said
            assert [one["displayName"] for one in said.said["Resources"]] == names


def test_groups_are_found_by_their_members(directory) -> None:
    kim = directory.add("kim")
    staff = directory.group("Staff", kim, externalId="g1")
    directory.group("Others")
    for text in (f'members eq "{kim}"', f'members[value eq "{kim}"]', 'displayName eq "staff"', 'externalId eq "g1"'):
        said = directory("POST", "Groups/.search", {"filter": text}).said
        assert [one["id"] for one in said["Resources"]] == [staff], text
    assert directory("POST", "Users/.search", {"filter": f'groups eq "{staff}"'}).said["totalResults"] == 1
    without = directory("GET", f"Groups/{staff}?excludedAttributes=members")
    assert "members" not in without.said
    assert without.headers["ETag"] == directory("GET", f"Groups/{staff}").headers["ETag"]


def test_pages_do_not_overlap(directory) -> None:
    for name in "edcba":
        directory.add(name)
    pages = [directory("GET", f"Users?startIndex={start}&count=2&sortBy=userName").said for start in (1, 3, 5, 7)]
    assert [page["totalResults"] for page in pages] == [6] * 4
    assert [len(page["Resources"]) for page in pages] == [2, 2, 2, 0]
    names = [one["userName"][0] for page in pages for one in page["Resources"]]
    assert names == ["a", "a", "b", "c", "d", "e"]  # one of them is Ada
    down = directory("GET", "Users?sortBy=userName&sortOrder=descending&count=1").said
    assert [one["userName"][0] for one in down["Resources"]] == ["e"]
    assert directory("GET", "Users?count=0").said["Resources"] == []
    assert len(directory("GET", "Users?startIndex=-5&count=999999").said["Resources"]) == 6
    assert directory("GET", "Users?sortBy=password").said["scimType"] == "invalidPath"
    directory.group("Staff")
    both = directory("POST", ".search", {"startIndex": 6, "count": 2}).said
    assert (both["totalResults"], [one["meta"]["resourceType"] for one in both["Resources"]]) == (7, ["User", "Group"])


@pytest.mark.slow
def test_ten_thousand_people(directory) -> None:
    """Rule: the number of queries does not grow with the number of people, nor much with the page."""
    with door(actor=ANNEXA, verb="add_person", now=clock()):
        Person.objects.bulk_create(
            Person(email=f"p{n}@example.org", name=f"P {n}", role="member", created_at=clock()) for n in range(10_000)
        )
    directory("GET", "Users?count=1")  # takes its share of what is counted for all processes
    counts = {}
    for address in ("Users?count=200&startIndex=9001", 'Users?filter=userName eq "p777@example.org"', "Users?count=1"):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            began = clock()
            said = directory("GET", address)
        assert said.said["totalResults"] in {1, 10_001}
        assert clock() - began < timedelta(seconds=3), address
        counts[address] = len([one for one in seen if not _aside(one["sql"])])
    assert max(counts.values()) <= 7, counts


def _aside(sql: str) -> bool:
    """Part of a transaction, or of counting requests for all processes, which each 20th request does."""
    return "SAVEPOINT" in sql or RequestCount._meta.db_table in sql


def test_the_other_interface_lists_whom_the_directory_made(directory, ada) -> None:
    directory.add("kim")
    _, text = create_token(
        actor=actor_of(ada), person=ada, holder=ada, name="Reports", scopes=["read"],
        expires_at=clock() + timedelta(days=1), now=clock(),
    )  # fmt: skip
    said = Client().get("/api/v1/people", headers={"Authorization": f"Bearer {text}"})
    assert [(one["email"], one["role"]) for one in said.json()["items"]][1:] == [("kim@example.org", "member")]


# --- the habits of directories


def test_entra_id(directory) -> None:
    """Entra ID asks first, writes operations in capitals and truth values as text, and sends what nobody asked for."""
    asked = directory("GET", 'Users?filter=userName eq "kim@example.org"')
    assert (asked.status_code, asked.said["totalResults"], asked.said["Resources"]) == (200, 0, [])
    made = directory("POST", "Users", {
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2", "userName": "kim@example.org", "active": True,
        "displayName": "Kim Lee", "emails": [{"primary": True, "type": "work", "value": "kim@example.org"}],
        "meta": {"resourceType": "User"}, "name": {"formatted": "Kim Lee", "familyName": "Lee", "givenName": "Kim"},
        "roles": [], "title": "Engineer", ENTERPRISE: {"department": "R&D", "manager": "x"},
    })  # fmt: skip
    key = made.said["id"]
    assert made.status_code == 201
    changed = directory.patch(
        f"Users/{key}",
        {"op": "Replace", "path": "displayName", "value": "Kim Mei Lee"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "kim.lee@example.org"},
        {"op": "Replace", "path": 'addresses[type eq "work"].country', "value": "NL"},
        {"op": "Add", "path": 'emails[type eq "other"].value', "value": "kim@example.net"},
    )
    assert changed.status_code == 200, changed.said
    assert (person(key).name, person(key).email) == ("Kim Mei Lee", "kim.lee@example.org")
    dotted = {"op": "replace", "value": {"name.givenName": "Kimberly", f"{ENTERPRISE}:department": "HR"}}
    assert directory.patch(f"Users/{key}", dotted).said["name"]["givenName"] == "Kimberly"
    for text, active in (("False", False), ("True", True), ("false", False)):
        said = directory.patch(f"Users/{key}", {"op": "Replace", "path": "active", "value": text}).said
        assert (said["active"], person(key).is_active) == (active, active)
    group = directory.group("Annexa users", externalId="8aa1a0c0")
    member = [{"value": key}]
    assert directory.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": member}).status_code == 200
    assert directory("GET", f"Users/{key}").said["groups"][0]["display"] == "Annexa users"
    assert directory.patch(f"Groups/{group}", {"op": "Remove", "path": "members", "value": member}).status_code == 200
    assert "members" not in directory("GET", f"Groups/{group}").said
    everything_holds()


def test_okta(directory) -> None:
    """Okta replaces whole people, sends back what only the server sets, and takes people out of groups by a filter."""
    made = directory("POST", "Users", {
        "schemas": [USER], "userName": "lou@example.org", "name": {"givenName": "Lou", "familyName": "Doe"},
        "emails": [{"primary": True, "value": "lou@example.org", "type": "work"}], "displayName": "Lou Doe",
        "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": True,
    })  # fmt: skip
    key = made.said["id"]
    whole = made.said | {"name": {"givenName": "Louise", "familyName": "Doe"}, "displayName": "Louise Doe"}
    put = directory("PUT", f"Users/{key}", whole, Content_Type="application/json; charset=utf-8")
    assert (put.status_code, put.said["displayName"], person(key).name) == (200, "Louise Doe", "Louise Doe")
    assert not person(key).has_usable_password()
    off = directory.patch(f"Users/{key}", {"op": "replace", "value": {"active": False}})
    assert (off.status_code, off.said["active"], person(key).is_active) == (200, False, False)
    assert directory("PUT", f"Users/{key}", whole | {"active": True}).said["active"] is True
    group = directory.group("Everyone", key)
    named = directory.patch(f"Groups/{group}", {"op": "replace", "value": {"id": group, "displayName": "All"}})
    assert (named.status_code, named.said["displayName"]) == (200, "All")
    assert named.said["members"][0]["value"] == key
    out = directory.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{key}"]'})
    assert (out.status_code, "members" in out.said) == (200, False)
    everything_holds()


# --- what is refused


@pytest.mark.parametrize(
    ("method", "address", "body", "status", "kind"),
    [
        ("POST", "Users", "{", 400, "invalidSyntax"),
        ("POST", "Users", "[" * 100_000, 400, "invalidSyntax"),
        ("POST", "Users", '{"userName": NaN}', 400, "invalidSyntax"),
        ("POST", "Users", [], 400, "invalidSyntax"),
        ("POST", "Users", {}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "kim"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "kim\0@example.org"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "\ud800@example.org"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": f"{'k' * 300}@example.org"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "kim@example.org", "active": "perhaps"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": "ADA@example.org"}, 409, "uniqueness"),
        ("POST", "Users", {"userName": "x", "emails": [{"value": "ada@example.org"}]}, 409, "uniqueness"),
        ("PUT", "Users/1", {"userName": ""}, 400, "invalidValue"),
        ("GET", "Users/0", None, 404, None),
        ("GET", "Users/one", None, 404, None),
        ("GET", "Users/99999999999999999999", None, 404, None),
        ("GET", "Users/%00", None, 404, None),
        ("GET", "Groups/none", None, 404, None),
        ("POST", "Groups", {}, 400, "invalidValue"),
        ("POST", "Groups", {"displayName": "x", "members": [{"value": "77"}, {"value": "x"}]}, 400, "invalidValue"),
        ("PATCH", "Users/1", {"schemas": [PATCH]}, 400, "invalidValue"),
        ("PATCH", "Users/1", {"Operations": [{"op": "remove"}]}, 400, "noTarget"),
        ("PATCH", "Users/1", {"Operations": [{"op": "burn", "path": "active"}]}, 400, "invalidValue"),
        ("PATCH", "Users/1", {"Operations": [{"op": "remove", "path": "userName"}]}, 400, "mutability"),
        ("PATCH", "Users/1", {"Operations": [{"op": "add", "path": "emails[", "value": 1}]}, 400, "invalidPath"),
        ("PATCH", "Users/1", {"Operations": [{"op": "add", "path": "id", "value": "7"}]}, 400, "mutability"),
        ("PATCH", "Users/1", {"Operations": [{"op": "add", "path": "active", "value": 1}] * 1001}, 413, None),
        ("DELETE", "Users", None, 405, None),
        ("POST", "Schemas", {}, 405, None),
        ("GET", "ResourceTypes?filter=id pr", None, 403, None),
        ("GET", "Schemas/none", None, 404, None),
        ("POST", "Bulk", {}, 501, None),
        ("GET", "nothing/here", None, 404, None),
        ("GET", "Users?count=many", None, 400, "invalidValue"),
        ("POST", "Users/.search", "[]", 400, "invalidSyntax"),
        ("POST", "Users/.search", {"filter": {"a": 1}}, 400, "invalidValue"),
    ],
)
def test_wrong_input_is_told_and_changes_nothing(directory, method, address, body, status, kind) -> None:
    """Rule: what is wrong is said in SCIM's own form, and nothing is half done."""
    before = LedgerEntry.objects.count()
    said = directory(method, address.replace("Users/1", f"Users/{Person.objects.get().pk}"), body)
    assert (said.status_code, said.said.get("scimType")) == (status, kind), said.said
    assert (said.said["schemas"], said.said["status"]) == (ERROR, str(status))
    assert said.headers["Content-Type"] == "application/scim+json"
    assert len(said.said["detail"]) > 10
    assert LedgerEntry.objects.count() == before
    assert Person.objects.count() == 1


def test_other_media_types_are_not_read(directory) -> None:
    assert (
        directory("POST", "Users", "userName=kim", Content_Type="application/x-www-form-urlencoded").status_code == 415
    )


def test_all_problems_are_told_together(directory) -> None:
    said = directory("POST", "Groups", {"displayName": "x" * 300, "externalId": "y" * 300, "members": [{"value": "9"}]})
    assert all(word in said.said["detail"] for word in ("displayName", "externalId", "'9'"))


def test_a_second_group_of_one_name_is_refused(directory) -> None:
    """Rule: it is told as what it is, not as a database that fails, or a directory tries for ever."""
    directory.group("staff")
    other = directory.group("crew")
    for refused in (
        directory("POST", "Groups", {"displayName": "staff"}),
        directory("PUT", f"Groups/{other}", {"displayName": "staff"}),
        directory.patch(f"Groups/{other}", {"op": "replace", "path": "displayName", "value": "staff"}),
    ):
        assert (refused.status_code, refused.said["scimType"]) == (409, "uniqueness")
    assert directory("PUT", f"Groups/{other}", {"displayName": "crew"}).status_code == 200
    assert directory("DELETE", f"Groups/{other}").status_code == 204
    directory.group("crew")


def test_nobody_overwrites_what_they_have_not_seen(directory) -> None:
    key = directory.add("kim")
    seen = directory("GET", f"Users/{key}").headers["ETag"]
    rename = {"op": "replace", "path": "displayName", "value": "Kim L"}
    done = directory.patch(f"Users/{key}", rename, If_Match=seen)
    assert (done.status_code, done.headers["ETag"] == seen) == (200, False)
    for late in (
        directory.patch(f"Users/{key}", rename, If_Match=seen),
        directory("PUT", f"Users/{key}", {"userName": "kim@example.org"}, If_Match=seen),
        directory("DELETE", f"Users/{key}", If_Match=seen),
    ):
        assert (late.status_code, late.said["status"]) == (412, "412")
    assert directory("DELETE", f"Users/{key}", If_Match=f'"other", {done.headers["ETag"]}').status_code == 204


def test_who_may_not_provision_is_refused(directory, ada) -> None:
    """Rule: only a token made for this, never a session, and such a token does nothing else."""
    stranger = Directory(text="", client=Client())
    refused = stranger("GET", "Users")
    assert (refused.status_code, refused.said["schemas"]) == (401, ERROR)
    assert "Bearer" in refused.headers["WWW-Authenticate"]
    stranger.client.force_login(ada)
    assert stranger("GET", "Users").status_code == 401, "an administrator's session"
    for address in ("Users", "ServiceProviderConfig", "nothing"):
        assert Directory(text=token("read", "add_person"), client=Client())("GET", address).status_code == 403
    for address in ("people", "systems", "me"):
        said = directory.client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {directory.text}"})
        assert said.status_code == 403, address
    with pytest.raises(InvalidError, match="stands alone"):
        token("provision", "read")
    with pytest.raises(InvalidError, match="service accounts only"):
        create_token(
            actor=actor_of(ada), person=ada, holder=ada, name="x", scopes=["provision"],
            expires_at=clock() + timedelta(days=1), now=clock(),
        )  # fmt: skip


def test_too_many_requests_are_put_off(directory, monkeypatch) -> None:
    monkeypatch.setattr(scim_gate, "MOST_REQUESTS", 2)
    assert [directory("GET", "Schemas").status_code for _ in range(3)] == [200, 200, 429]
    said = directory("GET", "Schemas")
    assert (said.said["schemas"], said.said["status"]) == (ERROR, "429")
    assert 0 < int(said.headers["Retry-After"]) <= 60


# --- losing access


def test_access_ends_at_once_and_what_they_hold_waits(directory, house, ada) -> None:
    """Rule: a directory names no successors, so things stay in sight until an administrator hands them over."""
    kim = add_person(actor=ANNEXA, email="kim@example.org", name="Kim", role="owner", password=None, now=clock())
    name_owner(actor=house, person=ada, controls=["GOV-02"], owner=kim, now=clock())
    _, text = create_token(
        actor=actor_of(kim), person=kim, holder=kim, name="CI", scopes=["read"],
        expires_at=clock() + timedelta(days=9), now=clock(),
    )  # fmt: skip
    mine = Directory(text=text, client=Client())
    session = signed_in(Client(), kim)
    assert session.get("/tokens").status_code == 200
    directory.patch(f"Users/{kim.pk}", {"op": "Replace", "path": "active", "value": "False"})
    assert session.get("/tokens").status_code == 302
    asked = mine.client.get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert asked.status_code == 401
    assert holdings(kim, now=clock()).to_hand_over == 2  # the control, and the chatbot
    lea = add_person(actor=ANNEXA, email="lea@example.org", name="Lea", role="lead", password=None, now=clock())
    let_go(
        actor=house, by=ada, person=kim.pk, successors={"controls": lea, "systems": lea}, because="Left", now=clock()
    )
    assert holdings(kim, now=clock()).to_hand_over == 0
    directory.patch(f"Users/{kim.pk}", {"op": "Replace", "path": "active", "value": True})
    assert person(str(kim.pk)).is_active, "the directory took them back"
    assert session.get("/tokens").status_code == 302, "the old session stays ended"
    everything_holds()


def test_whom_an_administrator_let_go_no_directory_lets_in(directory, house) -> None:
    key = directory.add("kim")
    directory.patch(f"Users/{key}", {"op": "replace", "path": "active", "value": False})
    readmit(actor=house, person=int(key), because="A mistake of the directory", now=clock())
    suspend_person(actor=house, person=int(key), because="Their laptop was stolen", now=clock())
    said = directory.patch(f"Users/{key}", {"op": "replace", "path": "active", "value": True})
    assert (said.status_code, said.said["active"], person(key).is_active) == (200, False, False)
    everything_holds()


def test_the_deleted_keep_nothing_and_come_back_as_the_same_person(directory, house, ada) -> None:
    """Rule: who gets an address of somebody who left gets none of what they had: no grant, token, password or role."""
    mapped(ada, "grc", "lead")
    key = directory.add("kim")
    directory.group("grc", key)
    kim = person(key)
    assert kim.role == "lead"
    create_token(
        actor=actor_of(kim), person=kim, holder=kim, name="CI", scopes=["read"],
        expires_at=clock() + timedelta(days=9), now=clock(),
    )  # fmt: skip
    assert directory("DELETE", f"Users/{key}").status_code == 204
    assert directory("DELETE", f"Users/{key}").status_code == 404
    assert (person(key).role, holdings(kim, now=clock()).tokens) == ("member", ())
    assert ApiToken.objects.filter(holder=kim.actor_id, revocation=None).count() == 0
    assert directory("GET", 'Users?filter=userName eq "kim@example.org"').said["totalResults"] == 0
    assert directory.add("kim") == key
    assert (person(key).is_active, person(key).role) == (True, "member")
    assert "groups" not in directory("GET", f"Users/{key}").said
    everything_holds()


def test_the_last_administrator_stays(directory, ada) -> None:
    """Rule: no directory locks everybody out."""
    for refused in (
        directory.patch(f"Users/{ada.pk}", {"op": "Replace", "path": "active", "value": "False"}),
        directory("PUT", f"Users/{ada.pk}", {"userName": "ada@example.org", "active": False}),
        directory("DELETE", f"Users/{ada.pk}"),
    ):
        assert refused.status_code == 403
        assert "last administrator" in refused.said["detail"]
    assert (person(str(ada.pk)).is_active, person(str(ada.pk)).role) == (True, "administrator")
    bo = add_person(actor=ANNEXA, email="bo@example.org", name="Bo", role="administrator", password=None, now=clock())
    assert directory("DELETE", f"Users/{ada.pk}").status_code == 403, "nobody else could come in without the provider"
    with_password(str(bo.pk))
    assert directory("DELETE", f"Users/{ada.pk}").status_code == 204
    assert directory("DELETE", f"Users/{bo.pk}").status_code == 403, "now it is Bo"
    everything_holds()


def test_where_nobody_has_a_password_the_last_administrator_at_all_stays(directory, ada) -> None:
    bo = add_person(actor=ANNEXA, email="bo@example.org", name="Bo", role="administrator", password=None, now=clock())
    without_password(ada)
    assert directory("DELETE", f"Users/{ada.pk}").status_code == 204
    refused = directory("DELETE", f"Users/{bo.pk}")
    assert (refused.status_code, "Bo is the last administrator;" in refused.said["detail"]) == (403, True)
    assert person(str(bo.pk)).is_active
    everything_holds()


def test_systems_follow_their_owners_new_address(directory, house) -> None:
    kim = add_person(actor=ANNEXA, email="kim@example.org", name="Kim", role="owner", password=None, now=clock())
    renamed = {
        "op": "replace",
        "value": {"userName": "kim.doe@example.org", "emails": [{"value": "kim.doe@example.org"}]},
    }
    assert directory.patch(f"Users/{kim.pk}", renamed).status_code == 200
    assert AiSystem.objects.get(slug="chatbot").owner == "kim.doe@example.org"
    everything_holds()


def test_what_somebody_completed_follows_their_new_address(directory, house) -> None:
    kim = add_person(actor=ANNEXA, email="kim.l@example.org", name="Kim", role="owner", password=None, now=clock())
    done = COMPLETIONS.make({"name": "Elsewhere", "person": "Kim.L@example.org", "completed_on": clock().date()})
    add_record(actor=ANNEXA, register=COMPLETIONS, entry=done, now=clock())
    renamed = {
        "op": "replace",
        "value": {"userName": "kim.doe@example.org", "emails": [{"value": "kim.doe@example.org"}]},
    }
    assert directory.patch(f"Users/{kim.pk}", renamed).status_code == 200
    (row,) = TABLES[COMPLETIONS.noun].objects.all()
    assert (row.person, "kim.doe" in row.words) == ("kim.doe@example.org", True)
    everything_holds()


# --- roles from groups


def test_roles_follow_groups(directory, ada) -> None:
    """Rule: the highest role of all groups counts, at once; what groups gave, groups take away."""
    mapped(ada, "grc", "lead")
    mapped(ada, "x-audit", "auditor")
    key = directory.add("kim")
    grc = directory.group("grc")
    audit = directory.group("Auditors", key, externalId="x-audit")
    assert person(key).role == "auditor"
    join = {"op": "add", "path": "members", "value": [{"value": key}]}
    directory.patch(f"Groups/{grc}", join)
    assert person(key).role == "lead"
    directory.patch(f"Groups/{grc}", {"op": "remove", "path": f'members[value eq "{key}"]'})
    assert person(key).role == "auditor"
    directory("DELETE", f"Groups/{audit}")
    assert person(key).role == "member"
    directory.patch(f"Groups/{grc}", join)
    directory.patch(f"Groups/{grc}", {"op": "replace", "path": "displayName", "value": "old grc"})
    assert person(key).role == "member", "the table names another group now"
    everything_holds()


def test_a_directory_makes_and_unmakes_no_administrator_unless_a_group_says_so(directory, ada) -> None:
    bo = add_person(actor=ANNEXA, email="bo@example.org", name="Bo", role="administrator", password=None, now=clock())
    mapped(ada, "grc", "lead")
    key = directory.add("kim", roles=[{"value": "administrator"}], role="administrator", userType="administrator")
    directory.group("administrators", key)
    directory.group("grc", str(bo.pk))
    assert (person(key).role, person(str(bo.pk)).role) == ("member", "administrator")
    mapped(ada, "administrators", "administrator")
    assert person(key).role == "administrator"
    without_password(ada)
    directory.patch(f"Users/{ada.pk}", {"op": "replace", "path": "active", "value": False})
    directory.patch(f"Users/{bo.pk}", {"op": "replace", "path": "active", "value": False})
    group = DirectoryGroup.objects.get(name="administrators")
    directory("DELETE", f"Groups/{group.id}")
    assert person(key).role == "administrator", "nobody else could administer any more"
    everything_holds()


@pytest.mark.parametrize(
    ("passwords", "stays"),
    [((), "mei"), (("kim",), "kim"), (("lou",), "lou"), (("kim", "lou"), "lou"), (("kim", "lou", "mei"), "mei")],
    ids=["nobody", "first", "second", "two", "all"],
)
def test_of_administrators_that_lose_it_together_one_stays(directory, ada, passwords, stays) -> None:
    """Rule: that nobody else could administer is asked after each of them, not once for all; as long as one of them has
    a password, one who has stays."""
    mapped(ada, "administrators", "administrator")
    keys = {name: directory.add(name) for name in ("kim", "lou", "mei")}
    group = directory.group("administrators", *keys.values())
    for name in passwords:
        with_password(keys[name])
    without_password(ada)
    assert directory.patch(f"Users/{ada.pk}", {"op": "replace", "path": "active", "value": False}).status_code == 200
    assert directory("DELETE", f"Groups/{group}").status_code == 204
    assert [name for name, key in keys.items() if person(key).role == "administrator"] == [stays]
    everything_holds()


def test_groups_bring_roles_in_units(directory, house, ada) -> None:
    add_unit(actor=house, name="People", now=clock())
    rule = mapped(ada, "hr", "owner", "people")
    key = directory.add("kim")
    group = directory.group("hr", key)
    found = grants_of(f"person/{key}")
    assert [(one.role, sorted(one.units)) for one in found] == [("owner", ["People"])]
    assert person(key).role == "member"
    directory.patch(f"Groups/{group}", {"op": "replace", "path": "members", "value": []})
    assert grants_of(f"person/{key}") == ()
    assert rule.role == "owner"
    everything_holds()


def test_the_setting_of_single_sign_on_counts_too(directory, settings) -> None:
    """Rule: one table for both ways in."""

    @dataclass(frozen=True)
    class Line:
        group: str
        role: str

    settings.SSO_ROLES = (Line(group="grc", role="lead"),)
    key = directory.add("kim")
    directory.group("grc", key)
    assert person(key).role == "lead"


# --- any order of things

WORDS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "put", "off", "on", "delete", "group", "join", "leave", "rename", "drop", "map"]),
        WORDS, WORDS,
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=cases(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_a_directory_does_ledger_and_tables_agree(directory, ada, steps) -> None:
    """Property: any sequence of requests is answered without a mistake of ours; the ledger verifies, there is an
    administrator, who is gone or suspended cannot sign in, and roles are what the groups bring."""
    for what, one, two in steps:
        people = {row.user_name[0]: str(row.person_id) for row in DirectoryPerson.objects.filter(gone=False)}
        groups = {row.name: row.id for row in DirectoryGroup.objects.filter(gone=False)}
        key, group = people.get(one, "0"), groups.get(two, "0")
        said = {"userName": f"{one}@example.org", "displayName": two}
        match what:
            case "add":
                found = directory("POST", "Users", said)
            case "put":
                found = directory("PUT", f"Users/{key}", said | {"active": two != "c"})
            case "off" | "on":
                found = directory.patch(f"Users/{key}", {"op": "Replace", "path": "active", "value": str(what == "on")})
            case "delete":
                found = directory("DELETE", f"Users/{key}")
            case "group":
                found = directory("POST", "Groups", {"displayName": two, "members": [{"value": key}]})
            case "join":
                found = directory.patch(f"Groups/{group}", {"op": "add", "path": "members", "value": [{"value": key}]})
            case "leave":
                found = directory.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{key}"]'})
            case "rename":
                found = directory.patch(f"Groups/{group}", {"op": "replace", "path": "displayName", "value": one})
            case "drop":
                found = directory("DELETE", f"Groups/{group}")
            case _:
                settings_of = {"a": "administrator", "b": "lead", "c": "auditor"}
                if not any(line.group == two for line in _table()):
                    mapped(ada, two, settings_of[one])
                continue
        assert found.status_code < 500, found.said
    everything_holds()
    assert Person.objects.filter(role="administrator", is_active=True).exists()
    assert not DirectoryPerson.objects.filter(gone=True, person__is_active=True).exists()
    assert not DirectoryPerson.objects.filter(suspended=True, person__is_active=True).exists()
    brings = {line.group: line.role for line in _table()}
    order = ["administrator", "lead", "auditor", "member"]
    for row in DirectoryPerson.objects.filter(gone=False).select_related("person"):
        rows = DirectoryMembership.objects.filter(person=row.person, standing=True, group__gone=False)
        held = [brings[m.group.name] for m in rows.select_related("group") if m.group.name in brings]
        assert row.person.role == min([*held, "member"], key=order.index)


def _table():
    from annexa.answers.directory import group_roles

    return group_roles()
