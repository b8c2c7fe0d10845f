"""Who reads a part of the organisation sees exactly that part: what an organisation with nothing else would show."""

from datetime import timedelta

import pytest

from annexa.actions.controls import adopt_control, judge
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.evidence import add_evidence
from annexa.actions.grants import end_grant, grant_role
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system, change_system
from annexa.actions.tokens import create_token
from annexa.actions.units import add_unit, adopt_units
from annexa.answers.errors import UnknownError
from annexa.answers.ledger import list_entries
from annexa.answers.over_time import over_time
from annexa.answers.posture import standpoint
from annexa.answers.systems import passport
from annexa.answers.tokens import bearer
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import ANNEXA, Permit, may
from annexa.pure.proofs import posture_json, proof_json
from annexa.pure.systems import SystemFacts
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.answers.small_house import SYSTEMS, found_house

pytestmark = pytest.mark.django_db
UNITS = {"chatbot": "Retail cards", "credit-score": "Markets", "old-planner": "Retail"}
FRAMEWORKS = ("iso42001-2023", "eu-ai-act", "gdpr")


@pytest.fixture
def house(now):
    """The small organisation with units: Retail with Retail cards below it, and Markets."""
    actor = found_house(now - timedelta(minutes=1))
    for system in AiSystem.objects.all():
        change_system(
            actor=actor, slug=system.slug, facts=SystemFacts(**{**_facts(system), "unit": UNITS[system.slug]}),
            seen=system.changed_at, now=now,
        )  # fmt: skip
    retail = add_unit(actor=actor, name="Retail", now=now)
    add_unit(actor=actor, name="Retail cards", parent=retail.slug, now=now)
    adopt_units(actor=actor, now=now)
    for slug in ("chatbot", "credit-score"):
        judge(actor=actor, person=None, kind="minor nonconformity", subject="LIF-03", scope=slug, because="x", now=now)
    return actor


def _facts(system: AiSystem) -> dict[str, object]:
    from annexa.pure.systems import FIELDS

    facts = system.facts()
    return {field.name: getattr(facts, field.name) for field in FIELDS}


@pytest.fixture
def mei(house, now):
    """Somebody who works here, without any grant."""
    return add_person(actor=ANNEXA, email="mei@example.org", name="Mei", role="member", password=None, now=now)


@pytest.fixture
def given(house, now):
    """Gives a role."""

    def give(holder, role="owner", **where):
        grant_role(actor=house, person=None, holder=holder, role=role, because="Works there", now=now, **where)
        return actor_of(holder, now=now)

    return give


def test_without_a_grant_there_is_nothing(mei, now) -> None:
    with pytest.raises(UnknownError):
        standpoint(actor=actor_of(mei), now=now)
    assert list(AiSystem.objects.visible_to(actor_of(mei))) == []


def test_verdicts_and_proofs_are_those_of_an_organisation_with_nothing_else(given, mei, house, now) -> None:
    """Rule: a part is judged as if it were all there is; byte for byte, dates and exceptions included."""
    who = given(mei, unit="retail")
    part, whole = standpoint(actor=who, now=now), standpoint(actor=house, now=now)
    assert sorted(part.systems) == ["chatbot"]
    assert sorted(whole.systems) == ["chatbot", "credit-score"]
    from annexa.pure.posture import Engine

    alone = Engine(library=whole.library, facts=whole.engine.facts.about({"chatbot", "old-planner"}), at=part.at)
    for framework in FRAMEWORKS:
        assert posture_json(part.posture(framework)) == posture_json(alone.posture(framework))
        assert posture_json(part.posture(framework, "chatbot")) == posture_json(alone.posture(framework, "chatbot"))
    mine = proof_json(part.proof("iso42001-2023", "A.6.2.4"))
    assert mine == proof_json(alone.requirement("iso42001-2023", "A.6.2.4"))
    assert "credit-score" not in str(mine)
    assert "credit-score" in str(proof_json(whole.proof("iso42001-2023", "A.6.2.4")))


def test_each_keeps_up_with_new_facts(given, mei, house, now) -> None:
    """Rule: what is held for one sight is not that of another, before and after a change."""
    who = given(mei, unit="retail")
    for minute, scope in enumerate(("credit-score", "chatbot"), start=1):
        later = now + timedelta(minutes=minute)
        adopt_control(actor=house, person=None, control="LIF-03", state="implemented", scope=scope, now=later)
        part, whole = standpoint(actor=who, now=later), standpoint(actor=house, now=later)
        assert part.root != whole.root
        assert [fact.scope for fact in part.engine.facts.adoptions if fact.scope != ORGANISATION] == (
            ["chatbot"] if scope == "chatbot" else []
        )
        assert sorted(part.systems) == ["chatbot"]
        assert sorted(whole.systems) == ["chatbot", "credit-score"]
    assert len(over_time(actor=who, now=later, framework="gdpr").points) > 1


def test_rows_and_entries_of_others_do_not_exist(given, mei, house, now) -> None:
    who = given(mei, unit="retail")
    assert {one.slug for one in AiSystem.objects.visible_to(who)} == {"chatbot", "old-planner"}
    assert {one.scope for one in Judgement.objects.visible_to(who)} == {ORGANISATION, "chatbot"}
    assert {one.scope for one in Evidence.objects.visible_to(who)} == {ORGANISATION}
    with pytest.raises(UnknownError):
        passport(actor=who, slug="credit-score", now=now)
    subjects = set(LedgerEntry.objects.visible_to(who).values_list("subject", flat=True))
    assert {"ai_system/chatbot", "control/LIF-03/chatbot", f"control/GOV-02/{ORGANISATION}"} <= subjects
    assert [one for one in subjects if "credit-score" in one or one.startswith("person/")] == []
    hidden = Evidence.objects.get(scope="credit-score")
    assert f"evidence/{hidden.id}" not in subjects
    assert list_entries(actor=who, text="credit-score").lines == ()


def test_a_role_in_a_unit_does_there_what_it_may(given, mei, house, now) -> None:
    who = given(mei, unit="retail")
    adopt_control(actor=who, person=mei, control="LIF-03", state="implemented", scope="chatbot", now=now)
    with pytest.raises(NotFoundError, match="no AI system credit-score"):
        adopt_control(actor=who, person=mei, control="LIF-03", state="implemented", scope="credit-score", now=now)
    with pytest.raises(NotPermittedError, match="for the whole organisation"):
        adopt_control(actor=who, person=mei, control="GOV-03", state="implemented", now=now)
    with pytest.raises(NotFoundError):
        add_evidence(
            actor=who, person=mei, control="LIF-03", expectation="test-plan", scope="credit-score", file=b"x",
            name="x", limit_bytes=9, now=now,
        )  # fmt: skip
    made = add_system(actor=who, facts=SystemFacts(name="Helper", unit="Retail cards"), now=now)
    with pytest.raises(NotPermittedError):
        add_system(actor=who, facts=SystemFacts(name="Helper"), now=now)
    with pytest.raises(NotPermittedError, match="in Markets"):  # neither does it leave the unit without more
        change_system(
            actor=who, slug=made.slug, facts=SystemFacts(name="Helper", unit="Markets"), seen=made.changed_at, now=now
        )
    with pytest.raises(InvalidError, match="Mei may not change anything there"):
        name_owner(actor=house, person=None, controls=["GOV-03"], owner=mei, now=now)
    name_owner(actor=house, person=None, controls=["LIF-03"], scope="chatbot", owner=mei, now=now)


def test_one_system_is_shared_with_somebody_from_outside(house, given, now) -> None:
    """Rule: they see that system and what the organisation does for it, until the day; and write nothing."""
    guest = add_person(actor=ANNEXA, email="g@else.org", name="Gus", role="external", password=None, now=now)
    with pytest.raises(InvalidError, match="on which it ends"):
        given(guest, role="reader", system="chatbot")
    with pytest.raises(InvalidError, match="they may read or audit"):
        given(guest, role="owner", system="chatbot", ends_at=now + timedelta(days=3))
    who = given(guest, role="reader", system="chatbot", ends_at=now + timedelta(days=3))
    assert sorted(standpoint(actor=who, now=now).systems) == ["chatbot"]
    with pytest.raises(NotPermittedError):
        adopt_control(actor=who, person=guest, control="LIF-03", state="implemented", scope="chatbot", now=now)
    assert list(Person.objects.get_queryset().visible_to(who)) == [guest]
    later = actor_of(guest, now=now + timedelta(days=3))
    with pytest.raises(UnknownError):
        standpoint(actor=later, now=now)


def test_an_auditor_of_a_part_writes_findings_there_and_nothing_else(house, given, now) -> None:
    guest = add_person(actor=ANNEXA, email="a@else.org", name="Aud", role="external", password=None, now=now)
    who = given(guest, role="auditor", unit="retail", ends_at=now + timedelta(days=30))
    judge(actor=who, person=guest, kind="minor nonconformity", subject="LIF-03", scope="chatbot", because="x", now=now)
    with pytest.raises(NotFoundError):
        judge(
            actor=who, person=guest, kind="minor nonconformity", subject="LIF-03", scope="credit-score", because="x",
            now=now,
        )  # fmt: skip
    with pytest.raises(NotPermittedError):
        judge(actor=who, person=guest, kind="minor nonconformity", subject="GOV-02", because="x", now=now)
    whole = given(guest, role="auditor", ends_at=now + timedelta(days=30))
    judge(actor=whole, person=guest, kind="minor nonconformity", subject="GOV-02", because="x", now=now)
    with pytest.raises(NotPermittedError):
        adopt_control(actor=whole, person=guest, control="GOV-03", state="implemented", now=now)


def test_a_grant_ends(house, given, mei, now) -> None:
    given(mei, unit="retail")
    from annexa.records.grants import RoleGrant

    end_grant(actor=house, person=None, grant=RoleGrant.objects.get().id, because="Moved", now=now)
    assert actor_of(mei, now=now).grants == ()


def test_who_gives_and_what(house, mei, given, now) -> None:
    """Rule: nobody gives a role to themselves; a lead shares one system, an administrator gives the rest."""
    ada = Person.objects.get(email="ada@example.org")
    with pytest.raises(InvalidError, match="themselves"):
        grant_role(actor=house, person=ada, holder=ada, role="owner", because="x", now=now)
    lead = add_person(actor=ANNEXA, email="l@example.org", name="Lea", role="lead", password=None, now=now)
    with pytest.raises(NotPermittedError):
        grant_role(actor=actor_of(lead), person=lead, holder=mei, role="owner", unit="retail", because="x", now=now)
    grant_role(actor=actor_of(lead), person=lead, holder=mei, role="reader", system="chatbot", because="x", now=now)
    with pytest.raises(InvalidError) as refused:
        grant_role(
            actor=house, person=None, holder=mei, role="boss", unit="nowhere", system="nothing", because=" ", now=now,
            ends_at=now,
        )  # fmt: skip
    assert set(refused.value.problems) == {"role", "unit", "system", "because", "ends_at"}


def test_a_token_for_a_unit_does_there_what_its_holder_may(house, now) -> None:
    ada = Person.objects.get(email="ada@example.org")
    _, text = create_token(
        actor=house, person=ada, holder=ada, name="CI", scopes=["read", "adopt_control"], units=["retail"],
        expires_at=now + timedelta(days=1), now=now,
    )  # fmt: skip
    who = bearer(text, now=now).actor
    assert {one.slug for one in AiSystem.objects.visible_to(who)} == {"chatbot", "old-planner"}
    adopt_control(actor=who, person=ada, control="LIF-03", state="implemented", scope="chatbot", now=now)
    with pytest.raises(NotFoundError):
        adopt_control(actor=who, person=ada, control="LIF-03", state="implemented", scope="credit-score", now=now)
    with pytest.raises(NotPermittedError):
        adopt_control(actor=who, person=ada, control="GOV-03", state="implemented", now=now)
    with pytest.raises(InvalidError, match="no open unit nowhere"):
        create_token(
            actor=house, person=ada, holder=ada, name="CI", scopes=["read"], units=["nowhere"],
            expires_at=now + timedelta(days=1), now=now,
        )  # fmt: skip


def test_where_one_role_reads_everything_grants_take_nothing_away(house, given, now) -> None:
    kim = add_person(actor=ANNEXA, email="kim@example.org", name="Kim", role="owner", password=None, now=now)
    who = given(kim, role="lead", unit="retail")
    assert isinstance(may(who, "read"), Permit)
    assert len(standpoint(actor=who, now=now).systems) == len(SYSTEMS) - 1


def test_a_slower_request_is_not_given_more_than_its_sight(house, given, mei, now, monkeypatch) -> None:
    """Rule: whoever reads a part never gets what is held for everybody, whichever thread is faster."""
    from annexa.answers import posture

    who = given(mei, unit="retail")
    early = posture.seen_by(who)
    later = now + timedelta(minutes=1)
    adopt_control(actor=house, person=None, control="LIF-03", state="implemented", scope="credit-score", now=later)
    standpoint(actor=who, now=later)  # another thread, with a later snapshot
    monkeypatch.setattr(posture, "seen_by", lambda _actor: early)
    slow = standpoint(actor=who, now=later)
    assert sorted(slow.systems) == ["chatbot"]
    assert slow.sight == early.sight
    monkeypatch.undo()
    assert sorted(standpoint(actor=who, now=later).systems) == ["chatbot"]


def test_an_auditor_of_a_part_does_not_see_who_works_here(house, given, now) -> None:
    guest = add_person(actor=ANNEXA, email="a@else.org", name="Aud", role="external", password=None, now=now)
    who = given(guest, role="auditor", unit="retail", ends_at=now + timedelta(days=30))
    assert list(Person.objects.get_queryset().visible_to(who)) == [guest]
    assert who.within({"Retail"}).role == "external"


def test_who_comes_from_outside_holds_only_what_outsiders_may(house, given, mei, now) -> None:
    """Rule: however the row came to be there, an outsider with it is no lead."""
    given(mei, role="lead")
    mei.role = "external"
    assert actor_of(mei, now=now).grants == ()


def test_a_grant_has_a_beginning_before_its_end_and_is_given_once(house, mei, now) -> None:
    given = {
        "actor": house,
        "person": None,
        "holder": mei,
        "role": "owner",
        "unit": "retail",
        "because": "x",
        "now": now,
    }
    later = now + timedelta(days=10)
    with pytest.raises(InvalidError, match="not ahead of its beginning"):
        grant_role(starts_at=later, ends_at=later - timedelta(days=1), **given)
    grant_role(starts_at=later, **given)
    with pytest.raises(InvalidError, match="has this role there already"):
        grant_role(**given)
