"""How long activity is kept, over the API: what goes when; holds and erasures that take two persons."""

from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.people import actor_of, add_person
from annexa.actions.retention_process import retain
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import change_system
from annexa.actions.tokens import add_service_account, create_token, scopes_for
from annexa.answers.activity_store import journal_folder
from annexa.answers.erasures import pseudonym_of
from annexa.api.shapes import now
from annexa.pure.permits import ANNEXA
from annexa.records.retention import ActivityErasure, LegalHold
from annexa.records.systems import AiSystem
from tests.activity.making import arrive, event
from tests.api.conftest import Client, Program

pytestmark = pytest.mark.django_db
HOLDS, ERASURES = "activity/holds", "activity/erasures"
ERASE = {"user": "ada", "because": "Request 17"}


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture(autouse=True)
def _log(house, settings, tmp_path):
    """Ada spoke to a system of little risk, Bo to one of high risk, a minute ago."""
    settings.HOME = tmp_path
    before = now() - timedelta(minutes=1)
    for slug, classes, by in (("chatbot", ("minimal",), ""), ("credit-score", ("high-risk",), "annex-iii")):
        system = AiSystem.objects.get(slug=slug)
        facts = replace(system.facts(), classes=classes, roles=("deployer",), high_risk_by=by)
        change_system(actor=ANNEXA, slug=slug, facts=facts, seen=system.changed_at, now=before)
    at = int(before.timestamp() * 1_000_000)
    said = {"at": at, "received_at": at, "conversation": None}
    arrive(journal_folder(), [event(1, user=pseudonym_of("ada"), input="Ada speaks", **said)])
    arrive(journal_folder(), [event(2, user=pseudonym_of("bo"), system="credit-score", **said)])
    seal_everything(clock=lambda: before)


@pytest.fixture
def other_lead(house) -> Program:
    """A program of a second compliance lead."""
    max_ = add_person(actor=ANNEXA, email="max@example.org", name="Max", role="lead", password=None, now=now())
    _, text = create_token(
        actor=actor_of(max_), person=max_, holder=max_, name="All", now=now(), scopes=scopes_for(actor_of(max_)),
        expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    return Program(text=text, client=Client())


@pytest.fixture
def robot(house) -> Program:
    """A service account with the role of a lead, whose token sets holds and asks for erasures."""
    ada = house["administrator"]
    account = add_service_account(actor=actor_of(ada), person=ada, slug="robot", name="Robot", role="lead", now=now())
    _, text = create_token(
        actor=actor_of(ada), person=ada, holder=account, name="All", now=now(),
        scopes=["read", "hold_activity", "erase_activity"], expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    return Program(text=text, client=Client())


def test_what_is_kept_until_when_and_why(admin) -> None:
    lines = {one["system"]: one for one in fine(admin("GET", "activity/retention"))["items"]}
    kept, bound = lines["chatbot"], lines["credit-score"]
    assert (kept["events"], kept["days"], kept["chosen_for"], kept["law"]) == (1, 400, None, [])
    assert (kept["next_by"], kept["next_because"]) == ("choice", "Kept for 400 days, which is usual, as nobody chose.")
    assert [one["months"] for one in bound["law"]] == [6]
    assert (kept["holds"], kept["erased"], kept["expired"]) == ([], 0, 0)


def test_a_hold_is_set_and_released_by_somebody_else(admin, program, other_lead) -> None:
    lead = program("lead")
    wrong = lead("POST", HOLDS, {"since": "2026-12-02", "until": "2026-12-01", "because": " "})
    assert {one["field"] for one in wrong.json["errors"]} == {"until", "because"}
    body = {"system": "chatbot", "since": "2026-10-01", "until": "2036-10-01", "because": "Case 7"}
    made = fine(lead("POST", HOLDS, body, Idempotency_Key="k1"), 201)
    assert (made["since"], made["until"]) == ("2026-10-01T00:00:00Z", "2036-10-01T23:59:59.999999Z")
    assert fine(lead("POST", HOLDS, body, Idempotency_Key="k1"), 201)["id"] == made["id"]
    assert LegalHold.objects.count() == 1
    assert fine(admin("GET", "activity/retention"))["items"][0]["holds"] == [made["id"]]
    said = lead("POST", ERASURES, ERASE)
    assert (said.status, "Kept by legal hold" in said.json["detail"]) == (422, True)
    place, closed = f"{HOLDS}/{made['id']}/release", {"because": "Closed"}
    assert lead("POST", place, closed).status == 403, "who set it"
    assert other_lead("POST", place, {"because": " "}).status == 422
    released = fine(other_lead("POST", place, closed), 201)
    assert (released["in_force"], released["release"]["by"]) == (False, "Max")
    assert other_lead("POST", place, closed).status == 409
    assert fine(admin("GET", f"{HOLDS}/{made['id']}")) == released
    assert fine(admin("GET", HOLDS))["items"] == [released]
    assert fine(admin("GET", f"{HOLDS}?in_force=true"))["items"] == []


def test_what_a_person_said_goes(program) -> None:
    lead = program("lead")
    seen = fine(lead("POST", f"{ERASURES}/preview", {"user": "ada"}))
    assert (seen["user"], seen["found"], seen["second"], seen["refusal"]) == (
        pseudonym_of("ada"), {"free": 1, "held": 0, "young": 0}, False, "",
    )  # fmt: skip
    assert not ActivityErasure.objects.exists()
    assert fine(lead("POST", f"{ERASURES}/preview", {"user": "bo"}))["second"] is True
    assert "No event of this person" in fine(lead("POST", f"{ERASURES}/preview", {"user": "none"}))["refusal"]
    made = fine(lead("POST", ERASURES, ERASE, Idempotency_Key="k1"), 201)
    assert (made["state"], made["second"], made["found"]["free"]) == ("to be carried out", False, 1)
    assert made["user"] == pseudonym_of("ada")
    assert fine(lead("POST", ERASURES, ERASE, Idempotency_Key="k1"), 201)["id"] == made["id"]
    assert retain().erased == 1
    done = fine(lead("GET", f"{ERASURES}/{made['id']}"))
    assert (done["state"], done["steps"][0]["events"], done["steps"][0]["files"]) == ("done", 1, 1)
    (event_,) = fine(lead("GET", "systems/chatbot/activity/events"))["items"]
    found = fine(lead("GET", f"systems/chatbot/activity/events/{event_['leaf']}"))
    assert (found["erased"], found["input"], found["proof"]["agrees"]) == (True, None, True)
    again = lead("POST", ERASURES, ERASE)
    assert "No event of this person is there" in again.json["detail"]
    named = lead("POST", ERASURES, {**ERASE, "because": "For ADA"})
    assert [one["field"] for one in named.json["errors"]] == ["because"], "the ledger names nobody"


def test_what_the_law_has_kept_takes_a_second_person(program, other_lead, robot) -> None:
    """Rule: four eyes; a program, which may be of whoever asked, is no second person."""
    lead = program("lead")
    made = fine(lead("POST", ERASURES, {"user": pseudonym_of("bo"), "named": "pseudonym", "because": "17"}), 201)
    assert (made["state"], made["found"]["young"]) == ("waits for a second person", 1)
    place, said = f"{ERASURES}/{made['id']}/decision", {"step": "approved", "because": "No part of the duty"}
    assert lead("POST", place, said).status == 403, "who asked"
    assert robot("POST", place, said).status == 403
    assert other_lead("POST", place, {**said, "because": " "}).status == 422
    assert retain().erasures == 0
    agreed = fine(other_lead("POST", place, said), 201)
    assert (agreed["state"], agreed["steps"][0]["by"]) == ("to be carried out", "Max")
    assert other_lead("POST", place, said).status == 409
    assert retain().erased == 1
    assert fine(lead("GET", ERASURES))["items"][0]["state"] == "done"


def test_who_asked_takes_it_back(program) -> None:
    lead = program("lead")
    made = fine(lead("POST", ERASURES, {"user": "bo", "because": "17"}), 201)
    body = {"step": "refused", "because": "Asked twice"}
    assert fine(lead("POST", f"{ERASURES}/{made['id']}/decision", body), 201)["state"] == "refused"
    assert retain().erasures == 0


def test_a_program_sets_holds_and_releases_none(robot, program) -> None:
    made = fine(robot("POST", HOLDS, {"because": "Case 8"}), 201)
    assert (made["by"], made["system"]) == (None, None)
    ours = fine(program("lead")("POST", HOLDS, {"because": "Case 9"}), 201)
    for one in (made, ours):
        assert robot("POST", f"{HOLDS}/{one['id']}/release", {"because": "Closed"}).status == 403
    assert fine(program("lead")("POST", f"{HOLDS}/{made['id']}/release", {"because": "Closed"}), 201)["release"]


def test_who_may_not(program, admin) -> None:
    for role in ("owner", "auditor"):
        asks = program(role)
        assert (
            asks("GET", "activity/retention").status == asks("GET", HOLDS).status == asks("GET", ERASURES).status == 200
        )
        assert asks("POST", HOLDS, {"because": "Case"}).status == 403
        assert asks("POST", ERASURES, ERASE).status == 403
    assert not LegalHold.objects.exists()
    assert not ActivityErasure.objects.exists()
    for where in (f"{HOLDS}/none", f"{ERASURES}/none"):
        assert admin("GET", where).status == 404
    assert admin("POST", f"{HOLDS}/none/release", {"because": "x"}).status == 404
    assert admin("POST", f"{ERASURES}/none/decision", {"step": "approved", "because": "x"}).status == 404
    assert admin("POST", HOLDS, {"system": "none", "because": "x"}).status == 404
    assert admin("POST", f"{ERASURES}/preview", {"user": "ada", "system": "none"}).status == 404
    assert program("auditor")("POST", f"{ERASURES}/preview", {"user": "ada"}).status == 403
