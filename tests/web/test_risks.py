"""Risks on a map, over time, in money; on its own page each says what is left and why, and is accepted in place."""

import re
from datetime import timedelta

import pytest

from annexa.actions.people import add_person
from annexa.actions.registers import add_record
from annexa.answers.registers import one_record
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.risks import RISKS
from annexa.records.risks import RiskProposal, RiskScale
from tests.actions.test_risks import CONTROL, entry, prove
from tests.web.proving import signed_in

PAGES = ("/risks/map", "/risks/money", "/risks/scale")


@pytest.fixture
def ola(organisation, now):
    """The owner of the risk."""
    return add_person(actor=ANNEXA, email="ola@example.org", name="Ola Owner", role="owner", password=None, now=now)


@pytest.fixture
def fire(ola, actor, now):
    """A rated risk of hers."""
    return add_record(actor=actor, register=RISKS, entry=entry(), now=now)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_any_risk(client, at, page) -> None:
    assert client.get(page).status_code == 200


def test_the_map_counts_and_names(client, at, fire, admin, now) -> None:
    shown = client.get("/risks/map").content.decode()
    assert "1 risk</b>, 1 above the appetite" in shown
    assert 'href="/risks/map?cell=3x3#listed"><b>1<' in shown
    assert 'href="/risks/fire"' in client.get("/risks/map?cell=3x3").content.decode()
    assert 'href="/risks/fire"' not in client.get("/risks/map?cell=1x1&before=1&area=ai").content.decode()
    prove(admin, now)
    shown = client.get("/risks/map").content.decode()
    assert "0 above the appetite" in shown
    assert 'cell=1x3#listed"><b>1<' in shown
    assert 'cell=3x3#listed"><b>1<' in client.get("/risks/map?before=1").content.decode().replace("before=1&amp;", "")


def test_odd_addresses_of_the_map(client, at, fire) -> None:
    for query in ("at=yesterday", "area=moon", "cell=9x9", "since=x", "at=2020-01-01"):
        found = client.get(f"/risks/map?{query}")
        assert found.status_code == 200, query


def test_what_moved_names_the_control(client, at, fire, admin, now, monkeypatch) -> None:
    from django.utils import timezone

    prove(admin, now)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=370))
    signed_in(client, admin)
    shown = client.get("/risks/map").content.decode()
    assert "rose from low to medium" in shown
    assert "from effective to stale" in shown


def test_money_is_never_one_number(client, at, fire) -> None:
    shown = client.get("/risks/money").content.decode()
    assert "One year in ten costs" in shown
    assert shown.count('data-label="Nine in ten"') == 2
    assert "100,000 years drawn" in shown
    told = re.search(r"One year in ten costs ([\d,]+) EUR", shown)[1].replace(",", "")
    assert set(told[3:]) <= {"0"}


def test_the_page_of_a_risk_says_why(client, at, fire) -> None:
    shown = client.get("/risks/fire").content.decode()
    assert "0 of 1 controls are effective" in shown
    assert f'href="/controls/{CONTROL}"' in shown
    assert "Propose acceptance" in shown


def test_it_is_proposed_by_one_and_accepted_by_another(client, at, fire, ola, admin, actor, now) -> None:
    signed_in(client, ola)
    given = {"until": (now + timedelta(days=60)).date().isoformat(), "because": "Insured"}
    assert client.post("/risks/fire/acceptance", given).status_code == 303
    made = RiskProposal.objects.get()
    decide = f"/risks/fire/acceptance/{made.id}"
    alone = client.post(decide, {"step": "accept", "because": "Me"})
    assert alone.status_code == 422
    assert "does not accept it alone" in alone.content.decode()
    signed_in(client, admin)
    assert "Accept what is left" in client.get("/risks/fire").content.decode()
    assert client.post(decide, {"step": "accept", "because": "Agreed"}).status_code == 303
    assert one_record(actor=actor, register=RISKS, slug="fire").accepted_by == "ada@example.org"
    assert "Accepted at medium until" in client.get("/risks/fire").content.decode()
    assert client.post(decide, {"step": "withdraw", "because": "It burnt"}).status_code == 303
    assert one_record(actor=actor, register=RISKS, slug="fire").accepted_by == ""


@pytest.mark.parametrize("given", [{}, {"until": "soon", "because": "x"}, {"until": "2020-01-01", "because": "x"}])
def test_a_proposal_that_is_none(client, at, fire, given) -> None:
    assert client.post("/risks/fire/acceptance", given).status_code == 422
    assert not RiskProposal.objects.exists()


def test_what_is_not_there(client, at, fire) -> None:
    assert client.post("/risks/ghost/acceptance", {}).status_code == 404
    assert client.post("/risks/fire/acceptance/none", {}).status_code == 404
    assert client.get("/risks/fire/acceptance").status_code == 303


def test_the_scale_is_chosen_by_who_leads(client, at, fire, ola, admin) -> None:
    given = {"scale": "3x3", "told": "", "appetite": "medium", "because": "Board"}
    assert client.post("/risks/scale", {**given, "appetite": "huge"}).status_code == 422
    assert client.post("/risks/scale", given).status_code == 303
    assert RiskScale.objects.get().scale == "3x3"
    signed_in(client, ola)
    assert "Choose the scale" not in client.get("/risks/scale").content.decode()
    assert client.post("/risks/scale", given).status_code == 403


def test_a_stranger_gets_nothing(client, fire, organisation, now) -> None:
    member = add_person(actor=ANNEXA, email="mo@example.org", name="Mo", role="member", password=None, now=now)
    signed_in(client, member)
    assert [client.get(page).status_code for page in (*PAGES, "/risks/fire")] == [404] * 4
    assert client.post("/risks/fire/acceptance", {}).status_code == 404
