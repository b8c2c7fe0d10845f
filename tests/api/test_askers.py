"""Who may ask: a token or a session, from our own pages only, and not without end."""

import pytest
from django.test import Client

from annexa.actions.request_counts import Counted, take_requests
from annexa.actions.sequencer import publish
from annexa.actions.tokens import add_service_account, create_token, revoke_token
from annexa.api import askers
from annexa.api.shapes import now
from annexa.pure.permits import ANNEXA
from annexa.pure.tokens import USUAL, token_text
from annexa.records.ledger import LedgerEntry
from annexa.records.processes import RequestCount
from annexa.records.tokens import ApiToken
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def test_it_works(program, house) -> None:
    said = program("owner", "read", "change_system")("GET", "me")
    assert said.status == 200
    assert said.json["actor"] == f"person/{house['owner'].pk}"
    assert said.json["name"] == "Lou Owner (token Tests)"
    assert said.json["scopes"] == ["change_system", "read"]


def test_a_use_is_remembered_without_an_entry(program) -> None:
    asks = program("owner", "read")
    size = LedgerEntry.objects.count()
    asks("GET", "me")
    assert ApiToken.objects.get().last_used_at is not None
    assert LedgerEntry.objects.count() == size


@pytest.mark.parametrize("address", ["me", "systems", "nothing/here", "systems/x/y/z", "evidence/x/file"])
def test_a_stranger_is_told_how_to_sign_in_and_nothing_else(stranger, address) -> None:
    """Rule: who is not signed in does not even learn which addresses there are."""
    said = stranger("GET", address)
    assert (said.status, said.headers["Content-Type"]) == (401, "application/problem+json")
    assert said.headers["WWW-Authenticate"] == 'Bearer realm="annexa"'


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("Bearer", "no token of Annexa"),
        ("Bearer x", "no token of Annexa"),
        (f"Bearer {token_text(bytes(32))}", "Nobody here has this token"),
        (f"Bearer {token_text(bytes(32))[:-1]}0", "slip of the pen"),
        ("Basic YWRhOng=", "Authorization: Bearer"),
        ("annexa_x", "Authorization: Bearer"),
    ],
)
def test_a_wrong_token_is_refused_and_never_repeated(stranger, given, sentence) -> None:
    said = stranger("GET", "me", Authorization=given)
    assert said.status == 401
    assert sentence in said.json["detail"]
    assert token_text(bytes(32))[:20] not in said.content.decode()


def test_a_wrong_token_is_not_saved_by_a_session(house) -> None:
    client = Client()
    client.force_login(house["owner"])
    assert Program(client=client)("GET", "me", Authorization="Bearer x").status == 401


def test_a_revoked_token_lets_nobody_in(program, house) -> None:
    asks = program("owner", "read")
    revoke_token(actor=ANNEXA, person=None, token=ApiToken.objects.get().id, now=now())
    said = asks("GET", "me")
    assert said.status == 401
    assert said.headers["WWW-Authenticate"] == 'Bearer realm="annexa", error="invalid_token"'


def test_a_service_account_acts_in_its_own_name(house) -> None:
    account = add_service_account(
        actor=ANNEXA, person=None, slug="pipeline", name="Pipeline", role="owner", now=now()
    )  # fmt: skip
    _, text = create_token(
        actor=ANNEXA, person=None, holder=account, name="CI", scopes=["change_system"], expires_at=now() + USUAL,
        now=now(),
    )  # fmt: skip
    asks = Program(text=text, client=Client())
    assert asks("POST", "systems", {"name": "Made by CI"}).status == 201
    assert LedgerEntry.objects.latest("position").actor == "service/pipeline"
    said = asks("GET", "systems")
    assert (said.status, said.json["detail"]) == (
        403,
        "Pipeline (token CI) may not read here; its scopes are: change_system.",
    )


def test_a_session_reads(house) -> None:
    client = Client()
    client.force_login(house["auditor"])
    said = Program(client=client)("GET", "me")
    assert (said.status, said.json["scopes"], said.json["role"]) == (200, None, "auditor")


def test_a_session_changes_only_from_our_own_pages(house) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house["owner"])
    asks = Program(client=client)
    refused = asks("POST", "systems", {"name": "Forged"})
    assert refused.status == 403
    assert "only from our own pages" in refused.json["detail"]
    client.get("/account/second-factors")  # sets the cookie
    token = client.cookies["csrftoken"].value
    assert asks("POST", "systems", {"name": "Ours"}, X_CSRFToken=token).status == 201


def test_a_token_needs_no_page(program) -> None:
    asks = program("owner")
    asks.client = Client(enforce_csrf_checks=True)
    assert asks("POST", "systems", {"name": "By a program"}).status == 201


def test_too_many_requests_are_put_off(program, monkeypatch) -> None:
    monkeypatch.setattr(askers, "MOST_REQUESTS", 3)
    asks, other = program("owner", "read"), program("lead", "read")
    assert [asks("GET", "me").status for _ in range(4)] == [200, 200, 200, 429]
    said = asks("GET", "me")
    assert 0 < int(said.headers["Retry-After"]) <= askers.WINDOW
    assert said.json["retryable"] is True
    assert other("GET", "me").status == 200


def test_all_processes_count_together(program, monkeypatch) -> None:
    """Rule: with ten processes nobody may ask ten times as often; and hardly any request asks the database."""
    monkeypatch.setattr(askers, "MOST_REQUESTS", 50)
    asks, one, other = program("owner", "read"), Counted(), Counted()
    said = []
    for number in range(60):
        monkeypatch.setattr(askers, "COUNTED", (one, other)[number % 2])
        said.append(asks("GET", "me").status)
    assert said.count(200) == 50
    assert [row.made for row in RequestCount.objects.all()] == [80]


def test_counts_of_the_past_are_swept(program, house) -> None:
    program("owner", "read")("GET", "me")
    take_requests(holder="x", minute=RequestCount.objects.get().minute + 2, most=10, now=now())
    assert [row.holder for row in RequestCount.objects.all()] == ["x"]


def test_the_ledgers_files_are_for_programs_that_may_read(program) -> None:
    """Rule: who keeps checkpoints elsewhere needs no session; a token without reading, or none, gets nothing."""
    publish()
    address = "/.well-known/annexa/ledger/checkpoint"
    for scope, status in (("read", 200), ("make_pack", 401)):
        asks = program("auditor", scope)
        said = asks.client.get(address, headers={"Authorization": f"Bearer {asks.text}"})
        assert said.status_code == status, scope
    assert Client().get(address, headers={"Authorization": "Bearer x"}).status_code == 401
    assert Client().get(address).status_code == 302
    assert Client().get("/systems", headers={"Authorization": f"Bearer {program('auditor').text}"}).status_code == 302
