"""Sources over the API: opened by who signed in, given rules, closed; quarantine; what is kept."""

from datetime import timedelta

import pytest
from django.test import Client

from annexa.actions.activity_sources import open_source
from annexa.actions.people import actor_of
from annexa.actions.sealing import seal_everything
from annexa.answers.activity import microseconds, quarantined
from annexa.answers.activity_sources import choice_now, source_of
from annexa.answers.activity_store import journal_folder
from annexa.api.shapes import now
from annexa.pure.activity_sources import Users
from annexa.pure.events import Kept
from annexa.records.activity_sources import ActivitySource
from tests.activity.making import arrive, event
from tests.api.conftest import Program
from tests.web.proving import signed_in

pytestmark = pytest.mark.django_db
HERE = "activity/sources"
RULE = {"attribute": "service.name", "how": "starts_with", "value": "shop", "system": "chatbot"}
NEW = {"slug": "gateway", "name": "Gateway", "rules": [RULE], "because": "All AI of the shop"}
GIVEN = {"source": "gate", "attribute": "service.name", "value": "kiosk", "system": "chatbot", "because": "In Lyon"}
CHOICE = {
    "kept": "digest", "users": "pseudonym", "patterns": [{"name": "staff", "pattern": "S[0-9]{6}"}],
    "retention_days": 200, "because": "Less",
}  # fmt: skip


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture(autouse=True)
def _log(house, settings, tmp_path):
    """A source that was opened, and two events of nobody that it sent."""
    settings.HOME = tmp_path
    ada = house["administrator"]
    open_source(actor=actor_of(ada), person=ada, slug="gate", name="Gate", because="All", now=now())
    at = microseconds(now() - timedelta(hours=5))
    said = {"at": at, "received_at": at, "system": "", "source": "gate", "service": "kiosk"}
    arrive(journal_folder(), [event(number, **said) for number in (70, 71)])
    seal_everything(clock=now)


@pytest.fixture
def at_a_screen(house) -> Program:
    """The administrator, who signed in and has just proven that it is they."""
    client = Client()
    signed_in(client, house["administrator"])
    return Program(client=client)


def test_a_source_is_opened_and_its_token_told_once(at_a_screen, admin) -> None:
    made = at_a_screen("POST", HERE, NEW)
    found = fine(made, 201)
    assert made.headers["Location"] == "/api/v1/activity/sources/gateway"
    assert made.headers["Cache-Control"] == "no-store"
    assert [one.system for one in source_of(found["token"], now=now()).rules] == ["chatbot"]
    shown = fine(admin("GET", f"{HERE}/gateway"))
    assert (shown["rules"], shown["systems"], shown["tokens"], shown["by"]) == ([RULE], ["chatbot"], 1, "Ada Admin")
    assert "token" not in shown
    assert [one["slug"] for one in fine(admin("GET", f"{HERE}?system=chatbot"))["items"]] == ["gateway"]
    first = fine(admin("GET", f"{HERE}?limit=1"))
    assert fine(admin("GET", f"{HERE}?cursor={first['next']}"))["items"][0]["slug"] == "gateway"
    again = at_a_screen("POST", HERE, {**NEW, "name": " ", "system": "none", "rules": []})
    assert {one["field"] for one in again.json["errors"]} == {"slug", "name", "system"}


def test_no_token_makes_a_token(admin, at_a_screen) -> None:
    """Rule: whoever finds a token cannot make it last; and what is kept of an answer would be the token."""
    assert admin("POST", HERE, NEW).status == 403
    assert admin("POST", f"{HERE}/gate/tokens", {}).status == 403
    for where, body in ((HERE, NEW), (f"{HERE}/gate/tokens", {})):
        said = at_a_screen("POST", where, body, Idempotency_Key="k1")
        assert (said.status, said.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert ActivitySource.objects.count() == 1


def test_who_signed_in_long_ago_proves_it_first(at_a_screen) -> None:
    session = at_a_screen.client.session
    session["proved_at"] = 0
    session.save()
    said = at_a_screen("POST", HERE, NEW)
    assert (said.status, "Show first that it is you" in said.json["detail"]) == (403, True)


def test_other_rules_another_token_and_the_end(admin, at_a_screen, program) -> None:
    lead = program("lead")
    wrong = lead("POST", f"{HERE}/gate/rules", {"rules": [{**RULE, "system": "none"}], "because": " "})
    assert {one["field"] for one in wrong.json["errors"]} == {"rules", "because"}
    body = {"rules": [RULE], "because": "Moved"}
    assert fine(lead("POST", f"{HERE}/gate/rules", body, Idempotency_Key="k1"), 201)["rules"] == [RULE]
    assert lead("POST", f"{HERE}/gate/rules", body, Idempotency_Key="k1").headers["Idempotency-Replayed"] == "true"
    assert lead("POST", f"{HERE}/gate/rules", body).status == 409
    other = fine(at_a_screen("POST", f"{HERE}/gate/tokens", {}), 201)
    assert (source_of(other["token"], now=now()).slug, other["tokens"]) == ("gate", 2)
    ended = fine(lead("POST", f"{HERE}/gate/end", {"because": "Replaced"}), 201)
    assert (ended["closed"], ended["ended_because"]) == (True, "Replaced")
    assert lead("POST", f"{HERE}/gate/end", {"because": "Again"}).status == 409
    assert at_a_screen("POST", f"{HERE}/gate/tokens", {}).status == 409
    for step in ("rules", "end"):
        assert program("owner")("POST", f"{HERE}/gate/{step}", {"rules": [], "because": "x"}).status == 403
    assert admin("GET", f"{HERE}/none").status == 404
    assert lead("POST", f"{HERE}/none/end", {"because": "x"}).status == 404


def test_what_is_nobodys_is_given_to_a_system(admin, program) -> None:
    (group,) = fine(admin("GET", "activity/quarantine"))["groups"]
    assert (group["events"], group["attribute"], group["value"]) == (2, "service.name", "kiosk")
    place = "activity/quarantine/assignments"
    wrong = admin("POST", place, {**GIVEN, "system": "none", "because": " "})
    assert {one["field"] for one in wrong.json["errors"]} == {"system", "because"}
    assert admin("POST", place, {**GIVEN, "attribute": "host.name"}).status == 422
    assert program("owner")("POST", place, GIVEN).status == 403
    made = fine(program("lead")("POST", place, GIVEN), 201)
    assert made == {"source": "gate", "system": "chatbot", "events": 2, "rule_added": True}
    assert fine(admin("GET", "activity/quarantine")) == {"events": 0, "groups": []}
    assert quarantined() == ()
    assert admin("POST", place, GIVEN).status == 409
    listed = fine(admin("GET", "systems/chatbot/activity/events"))["items"]
    found = fine(admin("GET", f"systems/chatbot/activity/events/{listed[0]['leaf']}"))
    assert (found["given_later"]["because"], found["proof"]["agrees"]) == ("In Lyon", True)
    assert admin("GET", f"systems/chatbot/activity/events/{listed[0]['leaf']}/proof").status == 200


def test_what_is_kept_is_chosen(program, admin) -> None:
    place, lead = "systems/chatbot/activity/choice", program("lead")
    before = fine(admin("GET", place))
    assert (before["kept"], before["retention_days"], before["chosen"]) == ("redacted", 400, [])
    few = lead("POST", "systems/credit-score/activity/choice", {**CHOICE, "retention_days": 100})
    assert (few.status, "100 days are too few" in few.json["detail"]) == (422, True)
    made = fine(lead("POST", place, CHOICE), 201)
    assert (made["kept"], made["retention_days"], made["chosen"][0]["by"]) == ("digest", 200, "Lou Lead")
    found = choice_now("chatbot")
    assert (found.kept, found.users, found.patterns[0].name) == (Kept.DIGEST, Users.PSEUDONYM, "staff")
    assert lead("POST", place, CHOICE).status == 409
    wrong = lead("POST", place, {**CHOICE, "patterns": [{"name": "A b", "pattern": "("}], "because": ""})
    assert {one["field"] for one in wrong.json["errors"]} == {"extra", "because"}
    assert lead("POST", "activity/choice", {**CHOICE, "retention_days": 190}).status == 201
    assert fine(admin("GET", place))["retention_days"] == 190, "nothing is kept longer than the organisation says"
    assert fine(admin("GET", "activity/choice"))["most_days"] == 190
    assert program("owner")("POST", place, CHOICE).status == 403
    assert lead("POST", "systems/none/activity/choice", CHOICE).status == 404
    assert admin("GET", "systems/none/activity/choice").status == 404
