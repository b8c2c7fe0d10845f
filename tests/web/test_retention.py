"""How long activity is kept, on pages: what is held, who releases it, what a person said that is to go."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annexa.actions.people import actor_of, add_person
from annexa.actions.retention_process import retain
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system
from annexa.answers.activity_store import journal_folder
from annexa.answers.erasures import pseudonym_of
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.people import Person
from annexa.records.retention import ActivityErasure, LegalHold
from tests.activity.making import arrive, event

ERASE = {"user": "ada", "named": "user", "system": "", "because": "Request 17"}


@pytest.fixture
def house(organisation, settings, tmp_path) -> dict[str, Person]:
    """Two leads; Ada spoke to a system of little risk, Bo to one of high risk, a minute ago."""
    settings.HOME = tmp_path
    before = timezone.now() - timedelta(minutes=1)
    for name, classes in (("Chatbot", ("minimal",)), ("Ranking", ("high-risk",))):
        add_system(actor=ANNEXA, facts=SystemFacts(name=name, classes=classes, roles=("deployer",)), now=before)
    at = int(before.timestamp() * 1_000_000)
    said = {"at": at, "received_at": at, "conversation": None}
    arrive(journal_folder(), [event(1, user=pseudonym_of("ada"), input="Ada speaks <b>", **said)])
    arrive(journal_folder(), [event(2, user=pseudonym_of("bo"), system="ranking", **said)])
    seal_everything(clock=lambda: before)
    return {
        name: add_person(
            actor=ANNEXA, email=f"{name}@example.org", name=name.title(), role=role, password=None, now=before
        )
        for name, role in (("lea", "lead"), ("max", "lead"), ("ari", "auditor"), ("sam", "member"))
    }


def test_it_works(house, client) -> None:
    """What is kept, until when, by which rule."""
    client.force_login(house["lea"])
    page = client.get("/activity/retention").content.decode()
    assert "Kept for 400 days, which is usual, as nobody chose." in page
    assert "At least 6 months: EU AI Act Art.26(6)" in page
    assert "<b>No legal hold</b> is in force" in page
    assert 'href="/activity/retention"' in client.get("/activity").content.decode()


def test_an_erasure_is_looked_at_then_asked_for_then_done(house, client) -> None:
    client.force_login(house["lea"])
    looked = client.post("/activity/retention/erase", ERASE | {"look": "1"}).content.decode()
    assert "One event would be erased" in looked
    assert pseudonym_of("ada") in looked
    assert not ActivityErasure.objects.exists()
    assert client.post("/activity/retention/erase", ERASE).url == "/activity/retention"
    assert retain().erased == 1
    page = client.get("/activity/retention").content.decode()
    assert "one event erased in one file." in page
    again = client.post("/activity/retention/erase", ERASE)
    assert (again.status_code, "No event of this person is there" in again.content.decode()) == (422, True)


def test_what_the_law_has_kept_waits_for_a_second_person(house, client) -> None:
    client.force_login(house["lea"])
    assert client.post("/activity/retention/erase", ERASE | {"user": "bo"}).status_code == 303
    erasure = ActivityErasure.objects.get()
    assert erasure.second
    assert retain().erasures == 0
    where, said = f"/activity/retention/erasures/{erasure.id}", {"step": "approved", "because": "No part of the duty"}
    assert client.post(where, said).status_code == 403
    client.force_login(house["max"])
    assert "Agree to the erasure" in client.get("/activity/retention").content.decode()
    assert client.post(where, said | {"because": ""}).status_code == 422
    assert client.post(where, said).status_code == 303
    assert client.post(where, said).status_code == 409
    assert retain().erased == 1


def test_a_hold_is_set_shown_and_released_by_somebody_else(house, client) -> None:
    client.force_login(house["lea"])
    wrong = client.post("/activity/retention/hold", {"since": "2026-12-02", "until": "2026-12-01", "because": "Case"})
    assert wrong.status_code == 422
    assert client.post("/activity/retention/hold", {"system": "chatbot", "because": "Case <7>"}).status_code == 303
    twice = client.post("/activity/retention/hold", {"system": "chatbot", "because": "Case <7>"})
    assert twice.status_code == 409
    assert "You hold the same for the same reason already." in twice.content.decode()
    assert "Nothing while it is held" in client.get("/activity/retention").content.decode()
    hold = LegalHold.objects.get()
    refused = client.post("/activity/retention/erase", ERASE).content.decode()
    assert "Kept by legal hold" in refused
    assert "Case &lt;7&gt;" in client.get("/activity/retention").content.decode()
    where = f"/activity/retention/holds/{hold.id}/release"
    assert client.post(where, {"because": "Closed"}).status_code == 403
    client.force_login(house["max"])
    assert client.post(where, {"because": "Closed"}).status_code == 303
    assert client.post(where, {"because": "Closed"}).status_code == 409
    assert "Closed" in client.get("/activity/retention").content.decode()


def test_who_may_not(house, client) -> None:
    """An auditor reads and does nothing; who works here without a role sees nothing."""
    client.force_login(house["ari"])
    assert client.get("/activity/retention").status_code == 200
    for one in ("hold", "erase"):
        assert client.get(f"/activity/retention/{one}").status_code == 404
    hold = LegalHold.objects.count()
    assert client.post("/activity/retention/hold", {"because": "Case"}).status_code == 404
    assert LegalHold.objects.count() == hold
    client.force_login(house["sam"])
    assert client.get("/activity/retention").status_code == 404


def test_on_the_command_line(house, capsys) -> None:
    from annexa.cli.main import main

    assert main(["logs", "erase", "--user", "ada", "--because", "Request 17", "--dry-run"]) == 0
    assert main(["logs", "hold", "set", "--user", "ada", "--because", "Case 7"]) == 0
    assert main(["logs", "erase", "--user", "ada", "--because", "Request 17"]) == 2
    assert main(["logs", "erase", "--user", "bo", "--because", "Request 18"]) == 1
    assert main(["logs", "hold", "list", "--format", "json"]) == 0
    assert pseudonym_of("ada") in capsys.readouterr().out
    assert main(["logs", "kept", "--format", "csv"]) == 0
    assert "ranking,1,400" in capsys.readouterr().out
    assert main(["logs", "retain"]) == 0
    hold = LegalHold.objects.get()
    from annexa.actions.retention import release_hold

    release_hold(actor=actor_of(house["max"]), person=house["max"], hold=hold.id, because="Closed", now=timezone.now())
    assert main(["logs", "erase", "--user", "ada", "--because", "Request 17"]) == 0
    assert "1 events erased in 1 files" in capsys.readouterr().err
