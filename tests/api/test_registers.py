"""Every register over the API: what is shown and changed, in rows and ledger, what is refused, what is not told."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest

from annexa.api.register_shapes import RESERVED
from annexa.api.shapes import Shown, now
from annexa.api.spec import document, operations
from annexa.pure.fields import EMPTY, plain
from annexa.pure.registers import REGISTERS
from annexa.records.ledger import LedgerEntry
from annexa.records.registers import TABLES
from tests.actions.test_door import check_ledger
from tests.api.test_nouns import every, fine, last
from tests.personas import found_cast
from tests.strategies.entries import required

pytestmark = pytest.mark.django_db
each = pytest.mark.parametrize("register", REGISTERS.values(), ids=lambda one: one.noun)
DATASET = {"name": "Loans 2025", "kind": "training dataset"}
MODEL = {
    "name": "Score model", "kind": "model", "unit": "Retail", "trained_on": ["loans-2025"], "systems": ["credit-score"],
    "protection": ["logged"], "in_use_since": "2026-02-01", "because": "Found in the repository",
}  # fmt: skip


@cache
def described() -> dict[str, Any]:
    """The description of the API, made once: it takes a second."""
    return document()


@pytest.fixture
def model(admin) -> dict:
    """A model that was trained on a dataset."""
    fine(admin("POST", "assets", DATASET), 201)
    return fine(admin("POST", "assets", MODEL), 201)


# --- all of them


@each
def test_it_works(admin, register) -> None:
    size = check_ledger()
    said = admin("POST", register.plural, {**required(register), "because": "First"})
    made = fine(said, 201)
    address = f"{register.plural}/{made['slug']}"
    assert said.headers["Location"] == f"/api/v1/{address}"
    assert fine(admin("GET", address)) == made
    assert [one["slug"] for one in every(admin, register.plural)] == [made["slug"]]
    (version,) = every(admin, f"{address}/history")
    assert (version["number"], version["because"], version["entry"]) == (1, "First", size)
    assert check_ledger() == size + 1
    assert last().subject == f"{register.noun}/{made['slug']}"


@each
def test_every_field_is_shown_and_may_be_sent(register) -> None:
    """Rule: a field more is in the API by itself, with its help, its words and what it is without an answer."""
    schemas = described()["components"]["schemas"]
    word = "".join(part.capitalize() for part in register.noun.split("_"))
    shown, new = schemas[f"{word}Record"]["properties"], schemas[f"New{word}"]
    assert list(shown) == ["slug", *register.field, "source", "created_at", "changed_at"]
    assert set(new["properties"]) == {*register.field, "because"}
    assert set(new["required"]) == {one.name for one in register.fields if one.required}
    for one in register.fields:
        sent = new["properties"][one.name]
        assert sent["description"] == shown[one.name]["description"] == one.help
        words = sent.get("enum") or sent.get("items", {}).get("enum")
        assert words is None or words == [word for word in one.choices if word or not one.required]
        assert one.required or sent.get("default") == plain(EMPTY[one.kind])


@each
def test_no_name_means_two_things(register) -> None:
    """Rule: what is said beside fields, or asked beside facets, is no field; nor is an address that of another noun."""
    assert not RESERVED & set(register.field)
    assert [one for one in register.field if hasattr(Shown, one)] == [], "the shapes have something of that name"
    tags = {told["tags"][0] for _, at, told in operations(described()) if at == f"/api/v1/{register.plural}"}
    assert tags == {register.many}


def test_a_stranger_gets_nothing_and_who_is_elsewhere_finds_nothing(house, program, stranger) -> None:
    cast = found_cast(now())
    elsewhere, administrator = cast.client("elsewhere"), cast.client("administrator")
    for register in REGISTERS.values():
        for address in ("", "/export", "/chatbot", "/chatbot/history"):
            assert stranger("GET", f"{register.plural}{address}").status == 401, register.plural
        for address in ("/chatbot", "/chatbot/history"):
            assert administrator.get(f"/api/v1/{register.plural}{address}").status_code == 200, register.plural
            status = elsewhere.get(f"/api/v1/{register.plural}{address}").status_code
            assert status == (200 if register.open_to else 404), register.plural
        if not register.open_to:
            assert elsewhere.get(f"/api/v1/{register.plural}?ended=true").json()["items"] == [], register.plural


# --- lists


def test_the_registers_are_listed(admin, model) -> None:
    found = {one["plural"]: one for one in fine(admin("GET", "registers"))["items"]}
    assert set(found) == {one.plural for one in REGISTERS.values()}
    assert (found["assets"]["records"], found["assets"]["noun"]) == (2, "asset")


def test_assets_by_words_facets_and_end(admin, model) -> None:
    fine(admin("POST", "assets", {"name": "Old model", "kind": "model", "ended_on": "2020-01-01"}), 201)
    assert [one["slug"] for one in every(admin, "assets", 1)] == ["loans-2025", "score-model"]
    assert [one["slug"] for one in every(admin, "assets?sort=changed", 1)] == ["loans-2025", "score-model"]
    said = fine(admin("GET", "assets?kind=model&q=score"))
    assert ([one["slug"] for one in said["items"]], said["total"]) == (["score-model"], 1)
    assert {one["value"]: one["count"] for one in said["facets"]["unit"]} == {"Retail": 1}
    assert fine(admin("GET", "assets?ended=true"))["total"] == 3
    assert fine(admin("GET", "assets?unowned=true"))["total"] == 2
    assert (
        admin("GET", f"assets?sort=changed&cursor={quote(fine(admin('GET', 'assets?limit=1'))['next'])}").status == 422
    )


# --- one


def test_a_change_is_guarded_and_kept(admin, model) -> None:
    tag = admin("GET", "assets/score-model").headers["ETag"]
    change = {"location": "Dublin", "trained_on": [], "in_use_since": None, "because": "Moved"}
    assert admin("PATCH", "assets/score-model", change).status == 428
    said = admin("PATCH", "assets/score-model", change, If_Match=tag)
    assert (fine(said)["location"], said.json["trained_on"], said.json["protection"]) == ("Dublin", [], ["logged"])
    assert admin("PATCH", "assets/score-model", change, If_Match=tag).status == 412
    assert admin("PATCH", "assets/score-modell", change, If_Match="*").status == 404
    newest, first = every(admin, "assets/score-model/history", 1)
    assert (newest["because"], first["changes"]) == ("Moved", [])
    assert {one["field"]: (one["before"], one["after"]) for one in newest["changes"]} == {
        "location": ("", "Dublin"), "trained_on": (["loans-2025"], []), "in_use_since": ("2026-02-01", None),
    }  # fmt: skip


def test_everything_that_is_wrong_is_told_and_nothing_is_written(admin, model) -> None:
    size = LedgerEntry.objects.count()
    wrong = {"name": "X", "kind": "dragon", "colour": "red", "in_use_since": "soon", "uses": "y", "owner": 3}
    said = admin("POST", "assets", wrong)
    assert said.status == 422
    assert {one["field"] for one in said.json["errors"]} == {"kind", "colour", "in_use_since", "uses", "owner"}
    said = admin("POST", "assets", {"name": "X", "kind": "model", "uses": ["ghost"], "owner": "a@@b"})
    assert {one["field"] for one in said.json["errors"]} == {"uses", "owner"}
    assert admin("PATCH", "assets/score-model", {"kind": ""}, If_Match="*").status == 422
    assert LedgerEntry.objects.count() == size


def test_the_same_request_again_makes_one(admin) -> None:
    said = [admin("POST", "assets", DATASET, Idempotency_Key="k") for _ in range(2)]
    assert said[0].json == said[1].json
    assert TABLES["asset"].objects.count() == 1


# --- many


def test_the_same_values_for_many_or_none(admin, model) -> None:
    size = LedgerEntry.objects.count()
    body = {"slugs": ["loans-2025", "score-model"], "values": {"classification": "internal"}, "because": "Policy"}
    assert fine(admin("POST", "assets/bulk", body)) == {"changed": 2}
    assert fine(admin("POST", "assets/bulk", body)) == {"changed": 0}
    assert LedgerEntry.objects.count() == size + 2
    assert admin("POST", "assets/bulk", {**body, "slugs": ["loans-2025", "ghost"]}).status == 404
    assert admin("POST", "assets/bulk", {**body, "values": {"colour": "red"}}).status == 422
    assert admin("POST", "assets/bulk", {**body, "values": {"privileges": "all"}}).status == 422
    assert LedgerEntry.objects.count() == size + 2


def test_what_is_exported_is_imported(admin, model) -> None:
    """Rule: the export with format=json is the body of an import, which then changes nothing."""
    rows = json.loads(admin("GET", "assets/export?format=json").content)
    assert [one["Name"] for one in rows] == ["Loans 2025", "Score model"]
    done = fine(admin("POST", "assets/import", rows))
    assert (done["added"], done["updated"], done["unchanged"], done["entry"]) == (0, 0, 2, None)
    assert admin("GET", "assets/export?format=xlsx").content.startswith(b"PK")
    assert admin("GET", "assets/export?format=pdf").status == 422


def test_an_import_is_planned_and_done_as_a_whole(admin, model) -> None:
    rows = [{"Name": "Score model 2", "Kind": "model", "Trained on": "Loans 2025"}, {"Name": "Y", "Kind": "dragon"}]
    size = LedgerEntry.objects.count()
    plan = fine(admin("POST", "assets/import?dry_run=true", rows))
    assert (plan["added"], len(plan["problems"]), plan["entry"]) == (1, 1, None)
    assert admin("POST", "assets/import", rows).status == 422
    assert LedgerEntry.objects.count() == size
    done = fine(admin("POST", "assets/import", rows[:1]))
    assert (done["added"], done["entry"]) == (1, size + 1)
    assert TABLES["asset"].objects.get(slug="score-model-2").trained_on == ["loans-2025"]


# --- what is not told


def test_links_to_what_one_may_not_know_of_are_neither_told_nor_lost(house, program) -> None:
    """Rule: where a record leads to what one may not know of, that is not shown, and a change keeps it."""
    cast = found_cast(now())
    client, given = cast.client("unit owner"), {"content_type": "application/json", "headers": {"If-Match": "*"}}
    assert client.get("/api/v1/assets/chatbot").json()["systems"] == ["chatbot"]
    for body in ({"location": "Dublin"}, {"systems": []}, {"systems": ["chatbot"]}):
        said = client.patch("/api/v1/assets/chatbot", json.dumps(body), **given)
        assert said.status_code == 200, said.content
        assert "zanzibar" not in said.content.decode().lower()
    assert TABLES["asset"].objects.get(slug="chatbot").systems == ["zanzibar-vault", "chatbot"]
    said = client.patch("/api/v1/assets/chatbot", json.dumps({"systems": ["credit-score"]}), **given)
    assert (said.status_code, "not there" in said.content.decode()) == (422, True)
    assert "zanzibar" not in client.get("/api/v1/assets/chatbot/history").content.decode().lower()
