"""What sends events is opened with a token, known at the border within seconds, given rules, and closed by a row."""

from datetime import timedelta

import pytest

from annexa.actions.activity_sources import (
    change_source_rules,
    choose_activity,
    close_source,
    note_heard,
    open_source,
    renew_source_token,
)
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.actions.tokens import add_service_account, create_token, revoke_token
from annexa.answers.activity_sources import (
    KNOWN_FOR,
    choice_now,
    choices_of,
    forget,
    list_sources,
    source_named,
    source_of,
)
from annexa.answers.errors import UnknownError
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.activity_sources import Choice, Pattern, Users, system_for
from annexa.pure.events import Kept
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import VERBS, Actor, Grant, Permit, may
from annexa.pure.systems import SystemFacts
from annexa.records.activity_sources import ActivityRules, ActivitySource
from annexa.records.tokens import ServiceAccount
from tests.actions.test_door import check_ledger

RULE = {"attribute": "service.name", "how": "equals", "value": "shop", "system": "chatbot"}


@pytest.fixture(autouse=True)
def _systems(organisation, actor, now):
    forget()
    for name, classes in (("Chatbot", ("transparency",)), ("Ranking", ("high-risk",)), ("Unknown", ())):
        add_system(actor=actor, facts=SystemFacts(name=name, classes=classes), now=now)


@pytest.fixture
def by(actor, admin):
    return {"actor": actor, "person": admin}


@pytest.fixture
def opened(by, now):
    return open_source(slug="gate", name="Gateway", rules=[RULE], because="All AI goes through it", now=now, **by)


def test_it_works(by, now) -> None:
    size = check_ledger()
    source, text = open_source(slug="bot", name="Bot", system="chatbot", because="Goes live", now=now, **by)
    assert check_ledger() == size + 4
    found = source_of(text, now=now)
    assert (found.slug, found.system, found.rules, found.choices) == ("bot", "chatbot", (), {})
    assert system_for(found, {"service.name": "anything"}) == "chatbot"
    assert found.choice_for("chatbot") == Choice()
    (token,) = source_named(actor=by["actor"], slug="bot", now=now).tokens
    assert (token.id, token.scopes, source.account) == (found.token, ["log_activity"], "bot")


def test_with_its_token_a_source_does_nothing_else(opened, now) -> None:
    held = bearer(opened[1], now=now).actor
    assert {verb for verb in VERBS if isinstance(may(held, verb), Permit)} == {"log_activity"}


def test_rules_come_in_versions_and_hold_at_once(opened, by, now) -> None:
    source, text = opened
    assert system_for(source_of(text, now=now), {"service.name": "shop"}) == "chatbot"
    other = {**RULE, "how": "starts_with", "system": "ranking"}
    change_source_rules(source="gate", rules=[other, RULE], because="Ranking, too", now=now, **by)
    assert system_for(source_of(text, now=now), {"service.name": "shop"}) == "ranking"
    assert [one.number for one in ActivityRules.objects.filter(source=source).order_by("number")] == [1, 2]
    with pytest.raises(ConflictError, match="the rules already"):
        change_source_rules(source="gate", rules=[other, RULE], because="Again", now=now, **by)
    with pytest.raises(InvalidError) as error:
        change_source_rules(source="gate", rules=[{**RULE, "system": "none"}], because=" ", now=now, **by)
    assert set(error.value.problems) == {"rules", "because"}


def test_another_process_heeds_a_change_within_seconds(opened, by, now, monkeypatch) -> None:
    """Rule: what the border remembers is older than KNOWN_FOR at no time."""
    _, text = opened
    assert source_of(text, now=now).rules[0].system == "chatbot"
    ActivityRules.objects.filter()._raw_delete("default")  # as if another process had changed them
    assert source_of(text, now=now + KNOWN_FOR - timedelta(milliseconds=1)).rules
    assert source_of(text, now=now + KNOWN_FOR).rules == ()


def test_asking_again_costs_no_query(opened, now, django_assert_num_queries) -> None:
    source_of(opened[1], now=now)
    with django_assert_num_queries(0):
        source_of(opened[1], now=now + timedelta(seconds=4))


def test_who_is_not_let_in(opened, by, now) -> None:
    _, text = opened
    with pytest.raises(TokenRefusedError, match="begin with annexa_"):
        source_of("nonsense", now=now)
    _, own = create_token(
        holder=by["person"], name="Mine", scopes=["read"], expires_at=now + timedelta(days=1), now=now, **by
    )
    with pytest.raises(TokenRefusedError, match="not for sending events"):
        source_of(own, now=now)
    lone = add_service_account(slug="lone", name="Lone", role="member", now=now, **by)
    _, spare = create_token(
        holder=lone, name="Spare", scopes=["log_activity"], expires_at=now + timedelta(days=1), now=now, **by
    )
    with pytest.raises(TokenRefusedError, match="No source is open"):
        source_of(spare, now=now)
    known = source_of(text, now=now)
    with pytest.raises(TokenRefusedError, match="expired"):
        source_of(text, now=now + timedelta(days=366))
    revoke_token(token=known.token, now=now, because="Leaked", **by)
    with pytest.raises(TokenRefusedError, match="was revoked"):
        source_of(text, now=now + KNOWN_FOR)


def test_people_cannot_hold_such_a_token(by, now) -> None:
    with pytest.raises(InvalidError, match="for service accounts only; what sends events does so in a name of its own"):
        create_token(
            holder=by["person"], name="Mine", scopes=["log_activity"], expires_at=now + timedelta(days=1), now=now, **by
        )


def test_closed_it_takes_nothing_and_its_account_may_open_another(opened, by, now) -> None:
    _, text = opened
    source_of(text, now=now)
    close_source(source="gate", because="Moved", now=now, **by)
    with pytest.raises(TokenRefusedError, match="No source is open"):
        source_of(text, now=now)
    for act in (
        lambda: close_source(source="gate", because="Again", now=now, **by),
        lambda: change_source_rules(source="gate", rules=[], because="x", now=now, **by),
        lambda: renew_source_token(source="gate", now=now, **by),
    ):
        with pytest.raises(ConflictError, match="is closed"):
            act()
    open_source(slug="gate-2", name="Gateway", account="gate", system="ranking", because="Moved", now=now, **by)
    assert source_of(text, now=now).slug == "gate-2"
    assert [(one.source.slug, one.closed) for one in list_sources(actor=by["actor"], now=now)] == [
        ("gate-2", False), ("gate", True),
    ]  # fmt: skip


def test_another_token_lets_it_in_beside_the_first(opened, by, now) -> None:
    _, text = renew_source_token(source="gate", now=now, **by)
    assert source_of(text, now=now).slug == source_of(opened[1], now=now).slug
    assert len(source_named(actor=by["actor"], slug="gate", now=now).tokens) == 2
    with pytest.raises(NotFoundError):
        renew_source_token(source="none", now=now, **by)


def test_every_problem_is_told_and_nothing_is_written(opened, by, now) -> None:
    size = check_ledger()
    with pytest.raises(InvalidError) as error:
        open_source(slug="gate", name=" ", system="none", rules=[RULE], account="nobody", because="", now=now, **by)
    assert set(error.value.problems) == {"slug", "name", "system", "rules", "account"}
    with pytest.raises(InvalidError) as error:
        open_source(slug="Not A Slug", name="X", because="", now=now, **by)
    assert set(error.value.problems) == {"slug"}
    with pytest.raises(InvalidError, match="sends for another source already"):
        open_source(slug="b", name="B", account="gate", because="", now=now, **by)
    assert check_ledger() == size
    assert (ActivitySource.objects.count(), ServiceAccount.objects.count()) == (1, 1)


def test_what_is_kept_is_chosen_for_a_system_and_for_all_others(opened, by, now) -> None:
    full = Choice(kept=Kept.FULL, users=Users.AS_SENT, retention_days=365)
    choose_activity(system="ranking", choice=full, because="Auditors read it", now=now, **by)
    digest = Choice(kept=Kept.DIGEST, patterns=(Pattern(name="staff", pattern=r"S\d{6}"),), retention_days=200)
    choose_activity(system=ORGANISATION, choice=digest, because="Policy 7", now=now, **by)
    found = source_of(opened[1], now=now)
    assert found.choice_for("chatbot") == found.choice_for("") == digest
    assert found.choice_for("ranking") == Choice(kept=Kept.FULL, users=Users.AS_SENT, retention_days=200)
    assert choice_now("chatbot") == digest
    with pytest.raises(InvalidError, match="200 days at most, as the organisation chose"):
        choose_activity(system="ranking", choice=Choice(retention_days=201), because="Longer", now=now, **by)
    with pytest.raises(ConflictError, match="holds already"):
        choose_activity(system=ORGANISATION, choice=digest, because="Again", now=now, **by)
    assert [one.number for one in choices_of(actor=by["actor"], system="ranking")] == [1]


@pytest.mark.parametrize("system", ["ranking", "unknown", ORGANISATION])
def test_never_shorter_than_the_law(system, by, now) -> None:
    with pytest.raises(InvalidError) as error:
        choose_activity(system=system, choice=Choice(retention_days=182), because="Less", now=now, **by)
    assert "183" in error.value.problems["retention_days"][0]
    choose_activity(system="chatbot", choice=Choice(retention_days=30), because="Little risk", now=now, **by)


def test_a_pattern_that_the_engine_does_not_take(by, now) -> None:
    """Rule: no expression can make the border slow: what RE2 does not take is refused when it is chosen."""
    wrong = Choice(patterns=(Pattern(name="twice", pattern=r"(\w+) \1"), Pattern(name="ahead", pattern=r"x(?=y)")))
    with pytest.raises(InvalidError) as error:
        choose_activity(system="chatbot", choice=wrong, because=" ", now=now, **by)
    assert len(error.value.problems["extra"]) == 2
    assert "because" in error.value.problems


def test_who_may(opened, by, kim, noor, now) -> None:
    """Rule: a source is opened by an administrator, changed by a compliance lead; a lead of a part chooses there."""
    lead = Actor(id="person/98", name="Lea", role="lead")
    there = Actor(
        id="person/97", name="Uma", role="member", grants=(Grant(role="lead", systems=frozenset({"chatbot"})),)
    )
    for who in (actor_of(kim), actor_of(noor), lead):
        with pytest.raises(NotPermittedError):
            open_source(actor=who, person=None, slug="x", name="X", because="", now=now)
    for who in (actor_of(kim), actor_of(noor), there):
        with pytest.raises((NotPermittedError, NotFoundError)):
            close_source(actor=who, person=None, source="gate", because="x", now=now)
        with pytest.raises(NotPermittedError):
            choose_activity(actor=who, person=None, system=ORGANISATION, choice=Choice(), because="x", now=now)
    with pytest.raises(NotFoundError):
        choose_activity(actor=there, person=None, system="ranking", choice=Choice(), because="x", now=now)
    assert isinstance(may(lead, "change_activity_source"), Permit)


def test_who_reads_a_part_sees_the_sources_of_that_part(opened, by, now) -> None:
    open_source(slug="bot", name="Bot", system="chatbot", because="", now=now, **by)
    open_source(slug="rank", name="Rank", system="ranking", because="", now=now, **by)
    there = Actor(
        id="person/97", name="Uma", role="member", grants=(Grant(role="reader", systems=frozenset({"chatbot"})),)
    )
    assert [one.source.slug for one in list_sources(actor=there, now=now)] == ["bot"]
    with pytest.raises(UnknownError):
        source_named(actor=there, slug="rank", now=now)
    everything = list_sources(actor=by["actor"], now=now, system="chatbot")
    assert [(one.source.slug, one.systems()) for one in everything] == [("bot", ("chatbot",)), ("gate", ("chatbot",))]


def test_when_it_was_last_heard_is_remembered(opened, by, now) -> None:
    _, text = opened
    assert source_named(actor=by["actor"], slug="gate", now=now).heard_at is None
    note_heard(token=source_of(text, now=now).token, now=now)
    assert source_named(actor=by["actor"], slug="gate", now=now).heard_at == now
