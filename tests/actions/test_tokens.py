"""Tokens: shown once, kept as a digest, never more than their holder's role, ended by time or by a row."""

import json
import logging
from datetime import timedelta

import pytest
from django.utils.module_loading import import_string

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.actions.tokens import (
    add_service_account,
    create_token,
    holder_named,
    note_use,
    revoke_token,
    scopes_for,
)
from annexa.answers.tokens import TokenRefusedError, bearer, list_tokens
from annexa.pure.permits import ANNEXA, SCOPES, VERBS, Permit, may
from annexa.pure.systems import SystemFacts
from annexa.pure.tokens import token_text
from annexa.records.guard import opened
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.tokens import ApiToken
from tests.actions.test_door import check_ledger


def made(actor, holder, now, *, scopes=("read",), days=30, name="CI"):
    person = Person.objects.filter(pk=actor.id.partition("/")[2]).first() if actor is not ANNEXA else None
    return create_token(
        actor=actor, person=person, holder=holder, name=name, scopes=scopes, expires_at=now + timedelta(days=days),
        now=now,
    )  # fmt: skip


@pytest.fixture
def auditor(organisation, actor, now):
    return add_person(actor=actor, email="otto@example.org", name="Otto", role="auditor", password=None, now=now)


@pytest.fixture
def pipeline(organisation, actor, admin, now):
    return add_service_account(
        actor=actor, person=admin, slug="pipeline", name="Build pipeline", role="owner", now=now, because="For CI"
    )


def test_it_works(actor, admin, now) -> None:
    size = check_ledger()
    token, text = made(actor, admin, now, scopes=["read", "add_evidence"])
    assert check_ledger() == size + 1
    found = bearer(text, now=now)
    assert (found.actor.id, found.actor.role, found.person) == (actor.id, "administrator", admin)
    assert found.actor.scopes == {"read", "add_evidence"}
    assert found.actor.name == "Ada Admin (token CI)"
    assert ApiToken.objects.get() == token


def test_the_secret_is_kept_nowhere(actor, admin, now) -> None:
    _, text = made(actor, admin, now)
    row = ApiToken.objects.values().get()
    entry = LedgerEntry.objects.latest("position")
    body = bytes(EntryBody.objects.get(position=entry.position).body).decode()
    assert text not in f"{row}{body}"
    assert text[7:30] not in f"{row}{body}"
    assert json.loads(body)["state"]["sha256"] == row["sha256"]


def test_through_a_token_one_may_what_it_was_made_for_and_no_more(actor, admin, now) -> None:
    _, text = made(actor, admin, now, scopes=["read", "change_system"])
    held = bearer(text, now=now).actor
    allowed = {verb for verb in VERBS if isinstance(may(held, verb), Permit)}
    assert allowed == {"read", "read_people", "see_training", "change_system"}
    assert add_system(actor=held, facts=SystemFacts(name="A"), now=now)
    assert LedgerEntry.objects.latest("position").actor == actor.id
    with pytest.raises(NotPermittedError, match="its scopes are: change_system, read"):
        add_person(actor=held, email="x@example.org", name="X", role="lead", password=None, now=now)


def test_a_token_never_exceeds_its_holders_role_even_when_the_role_shrinks(actor, admin, auditor, now) -> None:
    with pytest.raises(InvalidError, match="change_system is more than Otto may do"):
        made(actor_of(auditor), auditor, now, scopes=["read", "change_system"])
    _, text = made(actor, admin, now, scopes=["read", "change_system"])
    admin.role = "auditor"
    with opened():
        admin.save()
    assert not isinstance(may(bearer(text, now=now).actor, "change_system"), Permit)


def test_every_problem_is_told_and_nothing_written(actor, admin, now) -> None:
    size = check_ledger()
    with pytest.raises(InvalidError) as error:
        made(actor, admin, now, name=" ", scopes=["fly", "create_token"], days=400)
    assert set(error.value.problems) == {"name", "scopes", "expires_at"}
    assert len(error.value.problems["scopes"]) == 2
    with pytest.raises(InvalidError, match="has passed"):
        made(actor, admin, now, days=0)
    with pytest.raises(InvalidError, match="may do nothing"):
        made(actor, admin, now, scopes=[])
    assert check_ledger() == size


def test_no_token_makes_tokens_or_changes_passwords(actor, admin, now) -> None:
    """Rule: whoever finds a token cannot make it last."""
    assert not SCOPES & {"create_token", "change_own_password", "add_service_account", "change_library"}
    _, text = made(actor, admin, now, scopes=sorted(set(scopes_for(actor))))
    with pytest.raises(NotPermittedError):
        made(bearer(text, now=now).actor, admin, now)


def test_who_may_make_tokens_for_whom(actor, admin, auditor, pipeline, now) -> None:
    """Rule: for oneself everybody, for a program an administrator, for another person only the machine itself."""
    assert made(actor_of(auditor), auditor, now)
    assert made(actor, pipeline, now)
    assert made(ANNEXA, auditor, now)
    with pytest.raises(NotPermittedError):
        made(actor_of(auditor), pipeline, now)
    with pytest.raises(NotPermittedError):
        made(actor, auditor, now)


def test_a_program_acts_in_its_own_name_and_states_nothing(actor, admin, pipeline, now) -> None:
    token, text = made(actor, pipeline, now, scopes=["read", "change_system"])
    found = bearer(text, now=now)
    assert (found.actor.id, found.person, token.holder) == ("service/pipeline", None, "service/pipeline")
    add_system(actor=found.actor, facts=SystemFacts(name="A"), now=now)
    assert LedgerEntry.objects.latest("position").actor == "service/pipeline"
    with pytest.raises(InvalidError, match="attest is for people only"):
        made(actor, pipeline, now, scopes=["attest"])


def test_a_service_account_is_checked(actor, admin, auditor, pipeline, now) -> None:
    with pytest.raises(InvalidError) as error:
        add_service_account(actor=actor, person=admin, slug="Bad Slug", name="", role="king", now=now)
    assert set(error.value.problems) == {"slug", "name", "role"}
    with pytest.raises(InvalidError, match="already"):
        add_service_account(actor=actor, person=admin, slug="pipeline", name="P", role="owner", now=now)
    with pytest.raises(NotPermittedError):
        add_service_account(actor=actor_of(auditor), person=auditor, slug="x", name="X", role="owner", now=now)


def test_an_end_lets_nobody_in(actor, admin, now) -> None:
    token, text = made(actor, admin, now, days=30)
    assert bearer(text, now=now + timedelta(days=30, microseconds=-1))
    with pytest.raises(TokenRefusedError, match="expired on 2026-12-20"):
        bearer(text, now=now + timedelta(days=30))
    size = check_ledger()
    revoke_token(actor=actor, person=admin, token=token.id, now=now, because="It was in a log")
    assert check_ledger() == size + 1
    with pytest.raises(TokenRefusedError, match="was revoked"):
        bearer(text, now=now)
    with pytest.raises(ConflictError, match="revoked already"):
        revoke_token(actor=actor, person=admin, token=token.id, now=now)


def test_whoever_may_not_sign_in_has_no_token_either(actor, admin, auditor, now) -> None:
    _, text = made(actor_of(auditor), auditor, now)
    auditor.is_active = False
    with opened():
        auditor.save()
    with pytest.raises(TokenRefusedError, match="may not sign in any more"):
        bearer(text, now=now)


@pytest.mark.parametrize("text", ["", "x", token_text(bytes(32)), "annexa_" + "0" * 49])
def test_a_stranger_is_refused_and_never_quoted(organisation, now, text) -> None:
    with pytest.raises(TokenRefusedError) as error:
        bearer(text, now=now)
    assert text == "" or text == "x" or text not in str(error.value)


def test_one_sees_and_revokes_ones_own_tokens_only(actor, admin, auditor, now) -> None:
    mine, _ = made(actor, admin, now)
    theirs, _ = made(actor_of(auditor), auditor, now)
    assert [one.token for one in list_tokens(actor=actor_of(auditor), now=now)] == [theirs]
    with pytest.raises(NotFoundError):
        revoke_token(actor=actor_of(auditor), person=auditor, token=mine.id, now=now)
    assert {one.token for one in list_tokens(actor=actor, now=now)} == {mine, theirs}
    revoke_token(actor=actor, person=admin, token=theirs.id, now=now)
    states = {one.token.id: one.state for one in list_tokens(actor=actor, now=now + timedelta(days=40))}
    assert states == {mine.id: "expired", theirs.id: "revoked"}


def test_use_is_remembered_at_most_once_a_minute_and_leaves_no_entry(actor, admin, now) -> None:
    token, _ = made(actor, admin, now)
    size = check_ledger()
    for seconds, kept in ((0, 0), (59, 0), (61, 61)):
        note_use(token=ApiToken.objects.get(), now=now + timedelta(seconds=seconds))
        assert ApiToken.objects.get().last_used_at == now + timedelta(seconds=kept)
    assert check_ledger() == size
    assert token.last_used_at is None


def test_a_holder_is_named_by_address_or_short_name(actor, admin, pipeline) -> None:
    assert holder_named("ADA@example.org") == admin
    assert holder_named("pipeline") == pipeline
    for unknown in ("nobody@example.org", "nobody"):
        with pytest.raises(NotFoundError, match="nobody"):
            holder_named(unknown)


def test_the_log_never_holds_a_token(settings) -> None:
    """Rule: whatever is logged, in message or traceback, nobody can sign in with it."""
    kind = import_string(settings.LOGGING["formatters"]["line"]["()"])
    text = token_text(bytes(range(32)))
    try:
        raise ValueError(f"wrong: {text}")
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "for %s", (text,), caught)
    line = kind().format(record)
    assert "for annexa_…" in line
    assert "ValueError" in line
    assert text[:20] not in line
