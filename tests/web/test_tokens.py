"""The page of one's tokens: made and shown once, revoked, and nobody else's."""

import re

import pytest
from django.utils import timezone

from annexa.actions.people import actor_of, add_person
from annexa.actions.tokens import create_token
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.permits import ANNEXA
from annexa.pure.tokens import USUAL
from annexa.records.tokens import ApiToken
from tests.web.proving import signed_in

TOKEN = re.compile(r"annexa_[0-9A-Za-z]{49}")


@pytest.fixture
def page(client, admin):
    return signed_in(client, admin)


def asked(**more):
    return {"name": "Nightly", "scopes": ["read"], "expires_at": (timezone.now() + USUAL).date().isoformat()} | more


def test_it_works(page):
    form = page.get("/tokens")
    assert form.status_code == 200
    assert "Add evidence" in form.content.decode()
    answer = page.post("/tokens", asked())
    text = TOKEN.search(answer.content.decode())
    assert answer.status_code == 201
    assert text
    assert f'data-copy="{text[0]}"' in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert bearer(text[0], now=timezone.now()).actor.scopes == {"read"}
    again = page.get("/tokens").content.decode()
    assert "Nightly" in again
    assert not TOKEN.search(again)


def test_what_is_wrong_is_shown(page):
    answer = page.post("/tokens", asked(name="", expires_at="2020-01-01"))
    assert answer.status_code == 422
    answer = page.post("/tokens", asked(expires_at="2020-01-01"))
    assert answer.status_code == 422
    assert "has passed" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_revoked(page):
    text = TOKEN.search(page.post("/tokens", asked()).content.decode())[0]
    address = f"/tokens/{ApiToken.objects.get().id}/revoke"
    assert page.post(address)["Location"] == "/tokens"
    with pytest.raises(TokenRefusedError, match="revoked"):
        bearer(text, now=timezone.now())
    assert page.post(address).status_code == 409
    assert page.get(address).status_code == 405


def test_an_auditor_is_offered_what_an_auditor_may_and_sees_no_others(client, actor, admin):
    now = timezone.now()
    mine, _ = create_token(
        actor=actor, person=admin, holder=admin, name="Ada’s own", scopes=["read"], expires_at=now + USUAL, now=now
    )
    otto = add_person(actor=ANNEXA, email="otto@example.org", name="Otto", role="auditor", password=None, now=now)
    assert actor_of(otto).role == "auditor"
    signed_in(client, otto)
    page = client.get("/tokens").content.decode()
    assert "Record judgements" in page
    assert "Add evidence" not in page
    assert "Ada’s own" not in page
    assert client.post(f"/tokens/{mine.id}/revoke").status_code == 404
    assert client.post("/tokens", asked(scopes=["read", "add_evidence"])).status_code == 422


def test_a_stranger_signs_in_first(client, organisation):
    assert client.get("/tokens").status_code == 302
