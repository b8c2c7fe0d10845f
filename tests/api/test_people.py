"""People, units, committees, offices, grants and tokens over the API: what they show, change and refuse."""

from datetime import timedelta

import pytest
from django.test import Client

from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of
from annexa.api.shapes import now
from annexa.records.appointments import Appointment
from annexa.records.grants import RoleGrant
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.records.tokens import TokenRevocation
from annexa.records.units import Committee, Unit
from tests.actions.test_door import check_ledger
from tests.api.conftest import Program
from tests.api.test_nouns import every, fine
from tests.personas import found_cast
from tests.web.proving import signed_in as proven

pytestmark = pytest.mark.django_db
SEEN = {"If_Match": "*"}


@pytest.fixture
def busy(house) -> Person:
    """The owner, who answers for a control."""
    ada, owner = house["administrator"], house["owner"]
    name_owner(actor=actor_of(ada), person=ada, controls=["GOV-02"], owner=owner, now=now())
    return owner


@pytest.fixture
def signed_in(house) -> Program:
    """The administrator in a session."""
    client = Client()
    proven(client, house["administrator"])
    return Program(client=client)


def fields(said) -> set[str]:
    assert said.status == 422, said.content
    return {one["field"] for one in said.json["errors"]}


def last() -> LedgerEntry:
    return LedgerEntry.objects.latest("position")


# --- people


def test_somebody_with_what_they_hold(admin, busy) -> None:
    found = fine(admin("GET", f"people/{busy.pk}"))
    assert (found["email"], found["role"], found["active"]) == (busy.email, "owner", True)
    assert found["holdings"]["controls"] == [{"control": "GOV-02", "scope": "organisation"}]
    assert admin("GET", "people/999999").status == 404
    assert admin("GET", "people/0").status == 422


def test_another_name_and_role_with_successors(admin, busy, house) -> None:
    seen = admin("GET", f"people/{busy.pk}")
    assert admin("PATCH", f"people/{busy.pk}", {"name": "Kim"}).status == 428
    said = admin("PATCH", f"people/{busy.pk}", {"name": "Kim"}, If_Match=seen.headers["ETag"])
    assert fine(said)["name"] == "Kim"
    assert admin("PATCH", f"people/{busy.pk}", {"name": "Lou"}, If_Match=seen.headers["ETag"]).status == 412
    moved = {"role": "auditor", "because": "Audits now"}
    assert fields(admin("PATCH", f"people/{busy.pk}", moved, **SEEN)) == {"controls"}
    lost = admin("PATCH", f"people/{busy.pk}", {**moved, "successors": {"controls": 999}}, **SEEN)
    assert fields(lost) == {"successors.controls"}
    heir = house["lead"].pk
    assert fine(admin("PATCH", f"people/{busy.pk}", {**moved, "successors": {"controls": heir}}, **SEEN))
    assert fine(admin("GET", f"people/{heir}"))["holdings"]["controls"] == [
        {"control": "GOV-02", "scope": "organisation"}
    ]


def test_a_leaver_hands_over_and_may_come_back(admin, busy, house) -> None:
    address, heir = f"people/{busy.pk}", house["lead"].pk
    assert admin("POST", f"{address}/leave", {"because": "Left"}).status == 428
    assert fields(admin("POST", f"{address}/leave", {}, **SEEN)) == {"controls", "because"}
    assert Person.objects.get(pk=busy.pk).is_active
    done = admin("POST", f"{address}/leave", {"because": "Left", "successors": {"controls": heir}}, **SEEN)
    assert fine(done) == {"handed_over": 1, "grants": 0, "tokens": 0}
    assert not fine(admin("GET", address))["active"]
    assert fields(admin("POST", f"{address}/readmit", {}, **SEEN)) == {"because"}
    back = fine(admin("POST", f"{address}/readmit", {"because": "Back"}, **SEEN))
    assert (back["active"], back["holdings"]["controls"]) == (True, [])
    check_ledger()


def test_no_token_makes_an_administrator(admin, signed_in, busy) -> None:
    """Rule: whoever finds a token cannot make it more: not by adding, not by moving, not by bringing back."""
    new = {"email": "eve@example.org", "name": "Eve", "role": "administrator"}
    assert admin("POST", "people", new).status == 403
    assert admin("PATCH", f"people/{busy.pk}", {"role": "administrator", "because": "x"}, **SEEN).status == 403
    eve = fine(signed_in("POST", "people", new), 201)["id"]
    assert fine(signed_in("POST", f"people/{eve}/leave", {"because": "Left"}, **SEEN))["handed_over"] == 0
    assert admin("POST", f"people/{eve}/readmit", {"because": "Back"}, **SEEN).status == 403
    assert not Person.objects.get(pk=eve).is_active
    assert fine(signed_in("POST", f"people/{eve}/readmit", {"because": "Back"}, **SEEN))["active"]


# --- units and committees


def test_the_tree_of_units(admin) -> None:
    said = admin("POST", "units", {"name": "Retail"}, Idempotency_Key="a")
    assert (fine(said, 201)["slug"], said.headers["Location"]) == ("retail", "/api/v1/units/retail")
    assert admin("POST", "units", {"name": "Retail"}, Idempotency_Key="a").json == said.json
    fine(admin("POST", "units", {"name": "Cards", "parent": "retail"}), 201)
    fine(admin("POST", "units", {"name": "Markets"}), 201)
    found = [(one["slug"], one["parent"], one["depth"]) for one in every(admin, "units", 1)]
    assert found == [("markets", None, 0), ("retail", None, 0), ("cards", "retail", 1)]
    assert fields(admin("POST", "units", {"name": "cards", "parent": "nowhere"})) == {"name", "parent"}
    tag = admin("GET", "units/cards").headers["ETag"]
    assert admin("PATCH", "units/cards", {"name": "Card business"}).status == 428
    changed = {"name": "Card business", "parent": "", "because": "Board"}
    moved = fine(admin("PATCH", "units/cards", changed, If_Match=tag))
    assert (moved["name"], moved["parent"]) == ("Card business", None)
    assert admin("PATCH", "units/cards", {"name": "X", "because": "x"}, If_Match=tag).status == 412
    assert fields(admin("PATCH", "units/cards", {"closed": True}, **SEEN)) == {"because"}
    assert fine(admin("PATCH", "units/cards", {"closed": True, "because": "Sold"}, **SEEN))["closed"]
    assert admin("GET", "units/nowhere").status == 404
    assert Unit.objects.get(slug="cards").name == "Card business"


def test_names_become_units(admin) -> None:
    fine(admin("PATCH", "systems/chatbot", {"unit": "Fisheries"}, **SEEN))
    assert fine(admin("GET", "units"))["not_units"] == [{"name": "Fisheries", "systems": 1}]
    made = fine(admin("POST", "adopted-units", {"because": "First import"}), 201)["items"]
    assert [(one["slug"], one["systems"]) for one in made] == [("fisheries", 1)]
    assert fine(admin("POST", "adopted-units", {}), 201)["items"] == []
    assert fine(admin("GET", "units"))["not_units"] == []


def test_committees(admin) -> None:
    wrong = {"name": " ", "purpose": "", "months_between": 3}
    assert fields(admin("POST", "committees", wrong)) == {"name", "purpose"}
    made = admin("POST", "committees", {"name": "AI board", "purpose": "Decides.", "months_between": 3})
    assert fine(made, 201)["slug"] == "ai-board"
    tag = admin("GET", "committees/ai-board").headers["ETag"]
    changed = admin("PATCH", "committees/ai-board", {"months_between": 1, "because": "More"}, If_Match=tag)
    assert (fine(changed)["months_between"], changed.json["purpose"]) == (1, "Decides.")
    assert admin("PATCH", "committees/ai-board", {"closed": True, "because": "x"}, If_Match=tag).status == 412
    assert [one["slug"] for one in every(admin, "committees", 1)] == ["ai-board"]
    assert Committee.objects.get().months_between == 1


# --- offices


def test_offices_are_filled_and_emptied(admin, house) -> None:
    before = fine(admin("GET", "offices?limit=200"))
    needed = {one["office"] for one in before["items"] if one["vacant"]}
    assert "security-lead" in needed
    given = {"office": "security-lead", "person": house["lead"].pk, "because": "Board"}
    assert fields(admin("POST", "appointments", {**given, "person": 999})) == {"person"}
    said = admin("POST", "appointments", given)
    made = fine(said, 201)
    assert said.headers["Location"] == f"/api/v1/appointments/{made['id']}"
    assert fine(admin("GET", f"appointments/{made['id']}")) == made
    after = fine(admin("GET", "offices?limit=200"))
    assert after["vacant"] == before["vacant"] - 1
    office = next(one for one in after["items"] if one["office"] == "security-lead")
    assert [one["appointment"] for one in office["holders"]] == [made["id"]]
    assert fields(admin("POST", f"appointments/{made['id']}/end", {"because": " "})) == {"because"}
    ended = fine(admin("POST", f"appointments/{made['id']}/end", {"because": "Merged"}), 201)
    assert ended["ended_because"] == "Merged"
    assert admin("POST", f"appointments/{made['id']}/end", {"because": "Merged"}).status == 409
    assert admin("GET", "appointments/none").status == 404


def test_offices_that_are_apart_are_told(admin, house) -> None:
    given = {"person": house["lead"].pk, "because": "Board"}
    fine(admin("POST", "appointments", {"office": "programme-lead", **given}), 201)
    assert fields(admin("POST", "appointments", {"office": "internal-auditor", **given})) == {"person"}
    assert fine(admin("GET", "offices"))["conflicts"] == []
    assert Appointment.objects.count() == 1


def test_who_does_what(admin, busy, house) -> None:
    fine(admin("POST", "appointments", {"office": "security-lead", "person": house["lead"].pk, "because": "x"}), 201)
    rows = {one["id"]: one for one in every(admin, "raci", 5)}
    accountable = [cell for cell in rows["access"]["cells"] if cell["letter"] == "A"]
    assert accountable[0]["people"] == [{"person": house["lead"].pk, "name": house["lead"].name}]
    assert all(sum(cell["letter"] == "A" for cell in one["cells"]) == 1 for one in rows.values())
    controls = {one["id"]: one for one in every(admin, "raci?of=controls", 200)}
    assert controls["GOV-02"]["cells"][0]["people"] == [{"person": busy.pk, "name": busy.name}]
    cursor = fine(admin("GET", "raci?limit=1"))["next"]
    assert admin("GET", f"raci?of=controls&cursor={cursor}").status == 422


# --- grants and tokens


def test_roles_are_given_by_people_who_signed_in(admin, signed_in, house, program) -> None:
    """Rule: a token shares one AI system, and gives nothing more, whoever's it is."""
    fine(admin("POST", "units", {"name": "Retail"}), 201)
    holder = f"person/{house['auditor'].pk}"
    whole = {"holder": holder, "role": "owner", "unit": "retail", "because": "Works there"}
    refused = admin("POST", "grants", whole)
    assert (refused.status, "may not grant" in refused.json["detail"]) == (403, True)
    made = fine(signed_in("POST", "grants", whole), 201)
    assert (made["unit"], made["system"], made["state"], made["name"]) == (
        "retail", None, "counts", house["auditor"].name,
    )  # fmt: skip
    shared = {"holder": house["auditor"].email, "role": "reader", "system": "chatbot", "because": "Reads it"}
    one = fine(program("lead")("POST", "grants", shared), 201)
    assert [each["id"] for each in every(admin, f"grants?holder={holder}", 1)] == [one["id"], made["id"]]
    assert fine(admin("GET", "grants?holder=person/1&counting=true"))["items"] == []
    assert fields(signed_in("POST", "grants", {**shared, "role": "boss", "because": ""})) == {"role", "because"}
    assert admin("POST", "grants", {**shared, "holder": "nobody@example.org"}).status == 404
    assert admin("POST", f"grants/{made['id']}/end", {"because": "Moved"}).status == 403
    ended = fine(program("lead")("POST", f"grants/{one['id']}/end", {"because": "Done"}), 201)
    assert (ended["state"], ended["ended_because"]) == ("ended", "Done")
    assert RoleGrant.objects.filter(end__isnull=True).count() == 1
    assert last().kind == "grant_end"


def test_a_token_is_looked_at_and_ends_itself(program) -> None:
    asks = program("owner", "read", "revoke_token")
    mine = every(asks, "tokens")
    assert [(one["scopes"], one["units"], one["state"]) for one in mine] == [(["read", "revoke_token"], [], "in use")]
    address = f"tokens/{mine[0]['id']}"
    assert fine(asks("GET", address)) == mine[0]
    others = every(program("lead"), "tokens")
    assert asks("POST", f"tokens/{others[0]['id']}/revoke", {}).status == 404
    assert fine(asks("POST", f"{address}/revoke", {"because": "In a log"}), 201)["state"] == "revoked"
    assert asks("GET", "me").status == 401
    assert TokenRevocation.objects.get().because == "In a log"
    assert program("owner", "read")("POST", f"{address}/revoke", {}).status == 403


def test_me_says_where_roles_count(house) -> None:
    cast = found_cast(now())
    narrowed = fine(Program(text=cast.unit_token, client=Client())("GET", "me"))
    assert (narrowed["role"], narrowed["units"]) == ("member", ["retail"])
    assert narrowed["grants"] == [{"role": "administrator", "units": ["Retail"], "systems": [], "everywhere": False}]
    client = Client()
    proven(client, cast.people["reader"])
    reader = fine(Program(client=client)("GET", "me"))
    assert (reader["units"], reader["grants"][0]["systems"]) == (None, ["chatbot"])


def test_a_token_for_a_unit_changes_nothing_beyond_it(house) -> None:
    """Rule: with all that is asked said, an administrator's token for one unit governs nothing."""
    cast = found_cast(now())
    asks, person = Program(text=cast.unit_token, client=Client()), cast.people["owner"].pk
    size = LedgerEntry.objects.count()
    until = (now() + timedelta(days=9)).date().isoformat()
    for method, address, body in (
        ("POST", "people", {"email": "x@example.org", "name": "X", "role": "owner"}),
        ("PATCH", f"people/{person}", {"name": "X", "because": "x"}),
        ("POST", f"people/{person}/leave", {"because": "x"}),
        ("POST", f"people/{person}/readmit", {"because": "x"}),
        ("POST", "units", {"name": "X"}),
        ("PATCH", "units/retail", {"name": "X", "because": "x"}),
        ("POST", "committees", {"name": "X", "purpose": "X", "months_between": 1}),
        ("PATCH", "committees/ai-board", {"name": "X", "because": "x"}),
        ("POST", "appointments", {"office": "privacy-lead", "person": person, "because": "x"}),
        ("POST", "grants", {"holder": f"person/{person}", "role": "owner", "unit": "retail", "because": "x"}),
        ("POST", "grants",
         {"holder": f"person/{person}", "role": "reader", "system": "chatbot", "because": "x", "ends_at": until}),
    ):  # fmt: skip
        headers = {"If_Match": "*"} if method == "PATCH" or address.endswith(("leave", "readmit")) else {}
        assert asks(method, address, body, **headers).status == 403, address
    assert LedgerEntry.objects.count() == size
    assert {one["slug"] for one in fine(asks("GET", "systems"))["items"]} == {"chatbot"}
    assert AiSystem.objects.count() == 4
