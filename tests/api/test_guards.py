"""Nobody overwrites what they have not seen, and nothing asked for twice is done twice."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.actions.errors import ConflictError
from annexa.actions.kept_answers import begin_once, end_once
from annexa.api.shapes import now
from annexa.records.evidence import Evidence
from annexa.records.kept_answers import KeptAnswer
from annexa.records.ledger import LedgerEntry
from annexa.records.systems import AiSystem

pytestmark = pytest.mark.django_db

KEY = {"Idempotency_Key": "5f1c"}


def test_a_change_says_what_it_saw(admin) -> None:
    seen = admin("GET", "systems/chatbot")
    done = admin(
        "PATCH", "systems/chatbot", {"owner": "Mei", "because": "She took over"}, If_Match=seen.headers["ETag"]
    )
    assert (done.status, done.json["owner"]) == (200, "Mei")
    assert done.json["purpose"] == seen.json["purpose"]
    assert done.headers["ETag"] != seen.headers["ETag"]
    late = admin("PATCH", "systems/chatbot", {"owner": "Kim"}, If_Match=seen.headers["ETag"])
    assert late.status == 412
    assert AiSystem.objects.get(slug="chatbot").owner == "Mei"


def test_without_having_seen_it_nobody_changes_anything(admin) -> None:
    assert admin("PATCH", "systems/chatbot", {"owner": "Mei"}).status == 428
    assert admin("PATCH", "systems/chatbot", {"owner": "Mei"}, If_Match='"x", W/"y"').status == 412
    assert admin("PATCH", "systems/chatbot", {"owner": "Mei"}, If_Match="*").status == 200
    assert admin("PATCH", "organisation", {"frameworks": ["nis2"]}).status == 428
    assert admin("PATCH", "systems/nothing", {"owner": "Mei"}, If_Match="*").status == 404


def test_who_has_it_already_gets_nothing_again(admin) -> None:
    for address in ("systems/chatbot", "systems", "openapi.json"):
        tag = admin("GET", address).headers["ETag"]
        said = admin("GET", address, If_None_Match=f'"x", {tag}')
        assert (said.status, said.content, said.headers["ETag"]) == (304, b"", tag)


def test_the_same_request_is_done_once(admin) -> None:
    first = admin("POST", "systems", {"name": "Once"}, **KEY)
    size = LedgerEntry.objects.count()
    again = admin("POST", "systems", {"name": "Once"}, **KEY)
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == "/api/v1/systems/once"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert LedgerEntry.objects.count() == size
    assert AiSystem.objects.filter(name="Once").count() == 1


def test_another_request_needs_another_key(admin) -> None:
    assert admin("POST", "systems", {"name": "One"}, **KEY).status == 201
    said = admin("POST", "systems", {"name": "Two"}, **KEY)
    assert said.status == 422
    assert said.json["errors"][0]["field"] == "Idempotency-Key"
    assert admin("POST", "judgements", {"name": "One"}, **KEY).status == 422
    assert not AiSystem.objects.filter(name="Two").exists()


def test_keys_of_others_are_their_own(program) -> None:
    assert program("owner")("POST", "systems", {"name": "Same"}, **KEY).status == 201
    assert program("lead")("POST", "systems", {"name": "Same"}, **KEY).json["slug"] == "same-2"


def test_what_was_refused_may_be_tried_again(admin) -> None:
    assert admin("POST", "systems", {"name": ""}, **KEY).status == 422
    assert admin("POST", "systems", {"name": "Mended"}, **KEY).status == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ä"])
def test_a_key_that_is_none(admin, key) -> None:
    assert admin("POST", "systems", {"name": "A"}, Idempotency_Key=key).status in {400, 422}
    assert not AiSystem.objects.filter(name="A").exists()


def test_a_file_is_added_once(admin) -> None:
    """Rule: what parts the fields of a form is another word each time; the request is the same all the same."""
    fields = {"control": "SUP-01", "expectation": "due-diligence-files"}
    sent = [
        admin.send(
            "evidence", fields | {"file": SimpleUploadedFile("a.txt", b"The same bytes")}, **{"Idempotency-Key": "k"}
        )
        for _ in range(2)
    ]
    assert [one.status for one in sent] == [201, 201]
    assert sent[0].json["id"] == sent[1].json["id"]
    other = admin.send(
        "evidence", fields | {"file": SimpleUploadedFile("a.txt", b"Other bytes!")}, **{"Idempotency-Key": "k"}
    )
    assert other.status == 422
    assert Evidence.objects.filter(name="a.txt").count() == 1


def test_a_request_that_is_being_worked_on_is_not_begun_again(house) -> None:
    said = {"holder": "person/1", "key": "k", "request": "r"}
    assert begin_once(**said, now=now()) is None
    with pytest.raises(ConflictError, match="being worked on"):
        begin_once(**said, now=now())


def test_answers_are_kept_for_a_day(house) -> None:
    said = {"holder": "person/1", "key": "k"}
    at = now()
    begin_once(**said, request="r", now=at)
    end_once(**said, status=201, headers={}, body="{}", now=at)
    assert begin_once(**said, request="r", now=at + timedelta(hours=23)).body == "{}"
    assert begin_once(**said, request="other", now=at + timedelta(hours=25)) is None
    assert KeptAnswer.objects.count() == 1
