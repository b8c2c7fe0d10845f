"""Each noun: what it shows, what it changes, in rows and ledger, and what it refuses."""

import hashlib
import json
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.answers.imports import export_systems
from annexa.library.classification import classifications
from annexa.pure.ledger import leaf_hash, verify_inclusion
from annexa.pure.permits import ANNEXA
from annexa.pure.posture import Verdict
from annexa.pure.proofs import recompute
from annexa.records.controls import Adoption, Judgement
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.actions.test_door import check_ledger
from tests.api.conftest import Program, Said

pytestmark = pytest.mark.django_db

LAW = "eu-ai-act"


def every(asks: Program, address: str, limit: int = 2) -> list:
    """All items of a list, part by part."""
    items, cursor = [], ""
    while True:
        sign = "&" if "?" in address else "?"
        said = asks("GET", f"{address}{sign}limit={limit}&cursor={quote(cursor)}")
        assert said.status == 200, said.content
        items += said.json["items"]
        cursor = said.json["next"]
        if cursor is None:
            return items


def last() -> LedgerEntry:
    return LedgerEntry.objects.latest("position")


def fine(said: Said, status: int = 200):
    assert said.status == status, said.content
    return said.json


# --- lists


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("people", "id"), ("systems", "slug"), ("systems?sort=changed", "slug"), ("controls", "id"), ("evidence", "id"),
        ("judgements", "id"), ("frameworks", "id"), ("frameworks/nis2/requirements", "id"),
        ("ledger/entries", "position"),
    ],
)  # fmt: skip
def test_the_parts_of_a_list_are_the_whole(admin, address, key) -> None:
    whole = [one[key] for one in every(admin, address, 200)]
    assert [one[key] for one in every(admin, address, 2 if len(whole) < 30 else 25)] == whole
    assert len(set(whole)) == len(whole) > 0


@pytest.mark.parametrize(("address", "make"), [("systems", "A first"), ("systems?sort=changed", "A last")])
def test_what_is_added_meanwhile_moves_nothing(admin, address, make) -> None:
    """Rule: a part begins after the last thing of the one before, so nothing is shown twice or left out."""
    sign = "&" if "?" in address else "?"
    first = fine(admin("GET", f"{address}{sign}limit=1"))
    seen = {one["slug"] for one in first["items"]}
    before = {one["slug"] for one in every(admin, address)}
    fine(admin("POST", "systems", {"name": make}), 201)
    rest = fine(admin("GET", f"{address}{sign}limit=200&cursor={first['next']}"))["items"]
    assert not seen & {one["slug"] for one in rest}
    assert before <= seen | {one["slug"] for one in rest}


def test_a_cursor_is_good_for_its_own_order_only(admin) -> None:
    cursor = fine(admin("GET", "systems?limit=1"))["next"]
    assert admin("GET", f"systems?sort=changed&cursor={cursor}").status == 422


# --- systems


def test_systems_by_facet(admin) -> None:
    said = fine(admin("GET", "systems?risk_class=high-risk&risk_class=transparency&stage=operation"))
    assert [one["slug"] for one in said["items"]] == ["chatbot", "credit-score"]
    assert said["total"] == 2
    assert {one["value"]: one["count"] for one in said["facets"]["stage"]} == {"operation": 2, "retirement": 0}
    assert {one["value"]: one["count"] for one in said["facets"]["risk_class"]} == {
        "high-risk": 1, "transparency": 1, "": 0,
    }  # fmt: skip
    assert fine(admin("GET", "systems?q=loans"))["total"] == 1
    assert fine(admin("GET", "systems?unowned=true"))["total"] == 0


def test_a_system_is_added(admin) -> None:
    size = check_ledger()
    given = {"name": "Ranking", "roles": ["importer"], "deployed_on": "2026-02-01", "because": "New"}
    said = admin("POST", "systems", given)
    assert fine(said, 201)["slug"] == "ranking"
    assert said.headers["Location"] == "/api/v1/systems/ranking"
    assert fine(admin("GET", "systems/ranking")) == said.json
    assert check_ledger() == size + 1
    assert last().subject == "ai_system/ranking"


def test_many_systems_at_once_or_none(admin) -> None:
    rows = [{"Name": "One", "Stage": "operation"}, {"Name": "Two", "Team colour": "red"}]
    size = LedgerEntry.objects.count()
    whole = json.loads(admin("GET", "systems/export?format=json").content)
    assert fine(admin("POST", "systems/import?dry_run=true", whole))["unchanged"] == len(whole) == 3
    plan = fine(admin("POST", "systems/import?dry_run=true", rows))
    assert (plan["dry_run"], plan["added"], plan["entry"]) == (True, 2, None)
    assert LedgerEntry.objects.count() == size
    done = fine(admin("POST", "systems/import", rows))
    assert (done["added"], done["entry"]) == (2, size + 2)
    assert AiSystem.objects.get(slug="two").source == [["Team colour", "red"]]
    bad = admin("POST", "systems/import", [{"Name": "Three"}, {"Name": "", "Stage": "flying"}])
    assert bad.status == 422
    assert not AiSystem.objects.filter(slug="three").exists()
    assert admin("POST", "systems/import", []).status == 422
    assert admin("POST", "systems/import", [{"x": 1}]).status == 422


def test_what_is_exported_can_be_sent_back(admin) -> None:
    rows = json.loads(export_systems(actor=ANNEXA, file_format="json"))
    done = fine(admin("POST", "systems/import", rows))
    assert (done["added"], done["updated"], done["unchanged"]) == (0, 0, 3)


# --- controls, evidence, judgements


def test_a_control_is_declared_and_its_verdict_stays_computed(admin, house) -> None:
    assert fine(admin("GET", "controls/GOV-03"))["verdict"] == "absent"
    said = admin("POST", "controls/GOV-03/declarations", {"state": "implemented"})
    assert fine(said, 201)["ledger_index"] == last().position
    found = fine(admin("GET", "controls/GOV-03"))
    assert (found["verdict"], found["declarations"][0]["state"]) == ("unproven", "implemented")
    assert Adoption.objects.get(control="GOV-03").by == house["administrator"]
    wrong = admin("POST", "controls/GOV-03/declarations", {"state": "planned"})
    assert wrong.json["errors"] == [{"field": "plan_due", "detail": "A plan needs a date."}]
    assert admin("POST", "controls/XXX-99/declarations", {"state": "implemented"}).status == 404
    assert admin("GET", "controls/XXX-99").status == 404
    assert admin("GET", "controls/GOV-03?scope=old-planner").status == 404


def test_who_may_declare_may_not_always_exclude(program) -> None:
    owner = program("owner")
    assert owner("POST", "controls/GOV-03/declarations", {"state": "implemented"}).status == 201
    said = owner("POST", "controls/GOV-03/declarations", {"state": "excluded", "because": "No need here"})
    assert said.status == 403


def test_controls_by_verdict(admin) -> None:
    found = every(admin, "controls?verdict=effective&verdict=failing", 1)
    assert {one["verdict"] for one in found} <= {"effective", "failing"}
    assert {one["id"] for one in found} >= {"GOV-02"}


def test_a_file_becomes_evidence_and_can_be_read_again(admin) -> None:
    data = b"A review of all suppliers"
    given = {
        "control": "SUP-01", "expectation": "due-diligence-files", "passing": "false", "note": "Two are late",
        "file": SimpleUploadedFile("../review.txt", data),
    }  # fmt: skip
    said = admin.send("evidence", given)
    found = fine(said, 201)
    assert (found["sha256"], found["passing"]) == (hashlib.sha256(data).hexdigest(), False)
    assert (found["name"], found["media_type"], found["note"]) == ("review.txt", "text/plain", "Two are late")
    assert found["ledger_index"] == last().position
    assert fine(admin("GET", f"evidence/{found['id']}")) == found
    file = admin("GET", f"evidence/{found['id']}/file")
    assert (file.content, file.headers["Content-Type"]) == (data, "application/octet-stream")
    assert "attachment" in file.headers["Content-Disposition"]
    assert [one["id"] for one in every(admin, f"evidence?sha256={found['sha256']}")] == [found["id"]]


def test_evidence_that_is_refused(admin, settings) -> None:
    size = Evidence.objects.count()

    def file(data: bytes = b"x" * 2048) -> dict[str, SimpleUploadedFile]:
        return {"file": SimpleUploadedFile("a.txt", data)}

    asked = {"control": "SUP-01", "expectation": "due-diligence-files"}
    assert {one["field"] for one in admin.send("evidence", file()).json["errors"]} == {"control", "expectation"}
    assert admin.send("evidence", asked).json["errors"][0]["field"] == "file"
    assert admin.send("evidence", asked | file() | {"observed_at": "2999-01-01"}).status == 422
    assert admin.send("evidence", asked | file() | {"observed_at": "soon"}).json["errors"][0]["field"] == "observed_at"
    assert admin.send("evidence", asked | file() | {"scope": "nothing"}).status == 404
    assert admin.send("evidence", asked | file(b"")).status == 422
    settings.UPLOAD_LIMIT_BYTES = 1024
    assert admin.send("evidence", asked | file()).status == 413
    assert Evidence.objects.count() == size


def test_a_statement_is_a_persons(admin, house) -> None:
    given = {
        "control": "AIM-02", "expectation": "classification-reviewed", "scope": "chatbot",
        "statement": "I looked at the class again.",
    }  # fmt: skip
    found = fine(admin("POST", "evidence/statements", given), 201)
    assert (found["kind"], found["by"]) == ("attestation", "Ada Admin")
    assert b"token Tests" in admin("GET", f"evidence/{found['id']}/file").content


def test_a_judgement_is_recorded_and_closed(program) -> None:
    auditor = program("auditor")
    given = {"kind": "major nonconformity", "subject": "GOV-01", "because": "Two sites are left out"}
    found = fine(auditor("POST", "judgements", given), 201)
    assert (found["ledger_index"], found["closure"]) == (last().position, None)
    assert found["id"] in {one["id"] for one in every(auditor, "judgements?standing=true")}
    closed = fine(auditor("POST", f"judgements/{found['id']}/closure", {"because": "They are in"}), 201)
    assert closed["closure"]["because"] == "They are in"
    assert fine(auditor("GET", f"judgements/{found['id']}"))["closure"] == closed["closure"]
    assert [one["id"] for one in every(auditor, "judgements?standing=false")] == [found["id"]]
    assert auditor("POST", f"judgements/{found['id']}/closure", {"because": "Again"}).status == 422
    assert auditor("POST", "judgements", given | {"kind": "exclusion"}).json["errors"][0]["field"] == "ends_at"
    assert auditor("POST", "judgements", given | {"framework": "nis2"}).status == 404
    assert Judgement.objects.filter(subject="GOV-01").count() == 1


# --- classification


def test_a_law_is_answered_reviewed_and_approved_by_two(program) -> None:
    owner, lead = program("owner"), program("lead")
    place = f"classification/chatbot/{LAW}"
    example = next(one for one in classifications()[LAW].examples if one.name.startswith("An employer ranks"))
    answers = {question: list(said) if isinstance(said, tuple) else said for question, said in example.answers.items()}
    seen = owner("GET", place)
    assert fine(seen)["stage"] == "unanswered"
    assert owner("POST", f"{place}/answers", {"answers": answers}).status == 428
    done = owner("POST", f"{place}/answers", {"answers": answers}, If_Match=seen.headers["ETag"])
    assert (fine(done, 201)["stage"], done.json["revision"]) == ("settled", 1)
    assert owner("POST", f"{place}/answers", {"answers": answers}, If_Match=seen.headers["ETag"]).status == 412
    tag = {"If_Match": done.headers["ETag"]}
    assert fine(owner("POST", f"{place}/review", {}, **tag), 201)["stage"] == "asked"
    assert program("lead", "read")("POST", f"{place}/decision", {"decision": "approved"}, **tag).status == 403
    said = fine(lead("POST", f"{place}/decision", {"decision": "approved", "because": "I read it"}, **tag), 201)
    assert [one["decision"] for one in said["reviews"]] == ["approved", "asked"]
    assert "high-risk" in AiSystem.objects.get(slug="chatbot").classes
    assert fine(owner("GET", "classification/chatbot"))["regimes"][0]["settled"] is True


def test_answers_that_are_none(program) -> None:
    owner = program("owner")
    place = f"classification/chatbot/{LAW}/answers"
    said = owner("POST", place, {"answers": {"no_such": "yes"}}, If_Match="*")
    assert (said.status, said.json["errors"][0]["field"]) == (422, "no_such")
    assert owner("POST", "classification/chatbot/nis2/answers", {"answers": {}}, If_Match="*").status == 404
    assert owner("GET", "classification/nothing").status == 404


# --- what is asked and where we stand


def test_the_organisation_chooses_its_frameworks(admin) -> None:
    seen = admin("GET", "organisation")
    assert fine(seen)["name"] == "Test House"
    done = admin("PATCH", "organisation", {"frameworks": ["nis2"]}, If_Match=seen.headers["ETag"])
    assert fine(done)["frameworks"] == Organisation.objects.get().frameworks == ["nis2"]
    assert admin("PATCH", "organisation", {"frameworks": ["x"]}, If_Match=done.headers["ETag"]).status == 422
    assert admin("PATCH", "organisation", {"frameworks": ["x"]}, If_Match=seen.headers["ETag"]).status == 412


def test_people(admin) -> None:
    made = fine(admin("POST", "people", {"email": "mei@example.org", "name": "Mei", "role": "owner"}), 201)
    assert made in every(admin, "people")
    assert not Person.objects.get(email="mei@example.org").has_usable_password()
    assert admin("POST", "people", {"email": "mei@example.org", "name": "Mei", "role": "owner"}).status == 422


def test_requirements(admin) -> None:
    found = fine(admin("GET", "frameworks/eu-ai-act/requirements/Art.26(6)"))
    assert (found["framework"], found["judged"]) == ("eu-ai-act", True)
    assert found["covered_by"]
    assert admin("GET", "frameworks/eu-ai-act/requirements/Art.999").status == 404
    assert admin("GET", "frameworks/nothing/requirements").status == 404
    assert admin("GET", "frameworks/nothing").status == 404
    matches = fine(admin("GET", "resolve?number=A.12.4.1&edition=iso27001-2013"))["matches"]
    assert "A.8.15" in {one["id"] for one in matches}


def test_a_verdict_and_its_proof_agree(admin) -> None:
    """Rule: the proof alone gives the verdict that posture states."""
    for scope in ("organisation", "credit-score"):
        found = fine(admin("GET", f"posture?framework=iso42001-2023&scope={scope}"))["frameworks"][0]
        assert sum(found["counts"].values()) == len(found["requirements"])
        for line in found["requirements"][::9]:
            address = f"explain?framework=iso42001-2023&requirement={quote(line['id'])}&scope={scope}"
            proof = fine(admin("GET", address))
            proof = {name: value for name, value in proof.items() if name != "systems" or value is not None}
            assert recompute(proof) == Verdict(line["verdict"])


def test_another_day(admin) -> None:
    early = fine(admin("GET", "posture?framework=iso42001-2023&at=2020-01-01"))["frameworks"][0]
    assert early["readiness"] in {None, 0.0}
    assert admin("GET", "posture?framework=nothing").status == 404
    assert admin("GET", "posture?scope=nothing").status == 404


def test_path_and_gaps(admin) -> None:
    found = fine(admin("GET", "path?framework=iso42001-2023&limit=3&capacity=2"))
    assert [step["step"] for step in found["steps"]] == [1, 2, 3]
    assert found["met_after"] > found["met"]
    gaps = every(admin, "gaps?framework=iso42001-2023", 50)
    assert {one["framework"] for one in gaps} == {"iso42001-2023"}
    assert admin("GET", "path?framework=nothing").status == 404


def test_portfolio_obligations_search(admin) -> None:
    rows = fine(admin("GET", "portfolio?by=stage"))["rows"]
    assert [(row["value"], row["systems"]) for row in rows] == [("operation", 2)]
    ahead = every(admin, "obligations", 5)
    assert [one["on"] for one in ahead] == sorted(one["on"] for one in ahead)
    assert admin("GET", "obligations?regime=nothing").status == 404
    assert fine(admin("GET", "search?q=chat"))["systems"] == [{"slug": "chatbot", "name": "Chatbot"}]


# --- webhooks


def test_a_receiver_is_added_and_ended(admin) -> None:
    given = {"url": "https://example.org/hook", "kinds": ["evidence"]}
    made = fine(admin("POST", "webhooks", given), 201)
    assert made["secret"].startswith("whsec_")
    kept = {name: value for name, value in made.items() if name != "secret"}
    assert fine(admin("GET", f"webhooks/{made['id']}")) == kept
    assert every(admin, "webhooks") == [kept]
    assert every(admin, f"webhooks/{made['id']}/deliveries") == []
    assert fine(admin("POST", f"webhooks/{made['id']}/end", {"because": "Moved"}), 201)["ended"] is True
    assert admin("POST", f"webhooks/{made['id']}/end", {}).status == 409
    assert admin("GET", "webhooks/none/deliveries").status == 404
    assert {one["field"] for one in admin("POST", "webhooks", {"url": "x", "kinds": []}).json["errors"]} == {
        "url", "kinds",
    }  # fmt: skip


# --- the ledger


def test_an_entry_comes_with_its_proof(admin) -> None:
    head = fine(admin("GET", "ledger/head"))
    entry = fine(admin("GET", "ledger/entries/3"))
    leaf = leaf_hash(entry["header"].encode())
    hashes = tuple(bytes.fromhex(one) for one in entry["proof"])
    verify_inclusion(leaf, index=3, size=entry["size"], proof=hashes, root=bytes.fromhex(head["root"]))
    assert leaf.hex() == entry["leaf"]
    assert head["size"] == entry["size"] == LedgerEntry.objects.count()
    assert admin("GET", f"ledger/entries/{head['size']}").status == 404
    assert {one["kind"] for one in every(admin, "ledger/entries?kind=evidence", 50)} == {"evidence"}
