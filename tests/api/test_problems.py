"""Whatever goes wrong is a problem with the right status, every sentence by field, and never a traceback."""

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import LibraryUnreadableError
from annexa.api.problems import KINDS, ProblemError, answer_to, problem_of
from annexa.pure.instants import InstantError
from annexa.pure.tokens import token_text
from annexa.vault.blobs import BlobMissingError

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidError({"name": ["Give a name."]}), 422),
        (NotPermittedError("no"), 403),
        (NotFoundError("no"), 404),
        (UnknownError("no"), 404),
        (Http404("no"), 404),
        (ConflictError("no"), 409),
        (InstantError("no"), 422),
        (RequestDataTooBig("no"), 413),
        (LibraryUnreadableError("no"), 503),
        (OperationalError("no"), 503),
        (InterfaceError("closed"), 503),
        (BlobMissingError("0" * 64), 500),
        (ZeroDivisionError("secret"), 500),
        (ProblemError(428, "no"), 428),
    ],
)
def test_every_error_has_its_status(error: Exception, status: int) -> None:
    assert problem_of(error, guarded=False).status == status
    assert status in KINDS


def test_what_changed_meanwhile_is_a_failed_precondition_where_one_was_stated() -> None:
    assert problem_of(ConflictError("no"), guarded=True).status == 412


def test_a_mistake_of_ours_says_nothing_of_its_inside(rf, caplog) -> None:
    said = answer_to(ZeroDivisionError("secret"), rf.get("/api/v1/x"))
    assert b"secret" not in said.content
    assert "ZeroDivisionError" in caplog.text


def test_no_answer_repeats_a_token(rf) -> None:
    text = token_text(bytes(range(32)))
    error = InvalidError({"name": [f"{text!r} is no name."]})
    said = answer_to(error, rf.get(f"/api/v1/{text}"))
    assert text[:20].encode() not in said.content


def test_every_problem_of_a_body_is_told_by_field(admin) -> None:
    said = admin("POST", "systems", {"stage": "flying", "classes": ["no"], "deployed_on": 7, "wings": 2})
    assert (said.status, said.headers["Content-Type"]) == (422, "application/problem+json")
    assert said.json["type"] == "urn:annexa:problem:invalid"
    assert {one["field"] for one in said.json["errors"]} == {"name", "stage", "classes.0", "deployed_on", "wings"}
    assert said.json["detail"] == "5 things are wrong; see errors."


def test_every_problem_of_the_rules_is_told_by_field(admin) -> None:
    said = admin("POST", "systems", {"name": " ", "owner": "x@@y", "classes": ["minimal", "gpai"]})
    assert said.status == 422
    assert {one["field"] for one in said.json["errors"]} == {"name", "owner", "classes"}


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "a\\u0000b"}', "application/json", 422),
        (b'{"name": "\\ud800"}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"x", "text/plain", 415),
        (b'{"name": "' + b"x" * 5 * 1024 * 1024 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read(admin, data, kind, status) -> None:
    said = admin.client.post(
        "/api/v1/systems", data=data, content_type=kind, headers={"Authorization": f"Bearer {admin.text}"}
    )
    assert said.status_code == status
    assert said.json()["status"] == status


@pytest.mark.parametrize("address", ["", "nothing", "systems/", "systems/x/y", "systems/%00", "ledger/x%0A"])
def test_an_address_there_is_not(admin, address) -> None:
    assert admin("GET", address).status in {404, 422}


def test_a_method_there_is_not(admin) -> None:
    said = admin("DELETE", "systems/chatbot")
    assert (said.status, said.headers["Allow"]) == (405, "GET, PATCH")
    assert admin("POST", "openapi.json").status == 405


def test_head_is_get_without_its_body(admin) -> None:
    said = admin("HEAD", "systems/chatbot")
    assert (said.status, said.content) == (200, b"")
    assert said.headers["ETag"] == admin("GET", "systems/chatbot").headers["ETag"]
    evidence = admin("GET", "evidence?limit=1").json["items"][0]
    said = admin("HEAD", f"evidence/{evidence['id']}/file")
    assert (said.status, said.content, said.headers["ETag"]) == (200, b"", f'"{evidence["sha256"]}"')


@pytest.mark.parametrize(
    "address",
    ["systems?cursor=x", "evidence?cursor=WyIiLCJ4IiwieSJd", "ledger/entries?cursor=WyIiLCJ4IiwieSJd",
     "systems?limit=0", "systems?q=a%00b", "posture?at=soon", "path?capacity=0", "ledger/entries/-1",
     "portfolio?by=colour"],
)  # fmt: skip
def test_a_question_that_makes_no_sense(admin, address) -> None:
    said = admin("GET", address)
    assert said.status == 422
    assert said.json["detail"]
