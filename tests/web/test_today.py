"""What waits today, in an empty organisation, a full one and one where all is done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annexa.actions.controls import adopt_control
from annexa.actions.evidence import add_evidence
from annexa.actions.systems import add_system
from annexa.answers.today import today
from annexa.library.load import library
from annexa.pure.facts import ORGANISATION
from annexa.pure.standards import ExpectationKind
from annexa.pure.systems import SystemFacts


@pytest.fixture
def at(now, monkeypatch, client, admin):
    """The pages are read at this instant, by the administrator."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.force_login(admin)
    return now


@pytest.fixture
def control():
    """An organisation-level control that asks for a file, of an adopted framework."""
    for found in sorted(library().controls.values(), key=lambda c: c.id):
        kinds = {e.kind for e in found.expectations}
        if found.level == ORGANISATION and kinds == {ExpectationKind.ARTIFACT} and library().covered_by[found.id]:
            return found
    raise LookupError


def prove(control, *, actor, person, now, age=0.0, passing=True):
    adopt_control(actor=actor, person=person, control=control.id, state="implemented", now=now)
    for expectation in control.expectations:
        add_evidence(
            actor=actor, person=person, control=control.id, expectation=expectation.id, file=b"shown",
            name="shown.txt", limit_bytes=100, now=now, observed_at=now - expectation.max_age * age, passing=passing,
        )  # fmt: skip


def system(name, **more):
    return SystemFacts(**({"name": name} | more))


def test_an_empty_organisation_is_told_its_first_steps(client, at):
    page = client.get("/").content.decode()
    assert "First steps" in page
    assert 'href="/systems/import"' in page
    assert "Organisation set up" in page


def test_what_expires_soon_waits_with_its_reason_and_verb(client, at, actor, admin, control):
    prove(control, actor=actor, person=admin, now=at - timedelta(hours=1), age=0.99)
    found = today(actor=actor, now=at)
    assert found.renewals_total == len(control.expectations)
    one = found.renewals[0]
    assert (one.control, one.urgency, one.scope) == (control.id, "soon", ORGANISATION)
    assert one.holds_up > 0
    page = client.get("/").content.decode()
    assert one.what in page
    assert "Holds up" in page
    assert "Upload file" in page
    assert f'href="/controls/{control.id}#at-{one.expectation}"' in page


def test_what_ran_out_and_what_failed_waits(client, at, actor, admin, control):
    long_ago = at - control.expectations[0].max_age - timedelta(days=3)
    prove(control, actor=actor, person=admin, now=long_ago)
    assert {one.urgency for one in today(actor=actor, now=at).renewals} == {"expired"}
    assert "expired" in client.get("/").content.decode()
    prove(control, actor=actor, person=admin, now=at, passing=False)
    found = today(actor=actor, now=at)
    assert (found.renewals_total, found.failing_total) == (0, len(control.expectations))
    assert "Put right" in client.get("/").content.decode()


def test_what_was_declared_and_never_shown_waits(client, at, actor, admin, control):
    adopt_control(actor=actor, person=admin, control=control.id, state="implemented", now=at)
    found = today(actor=actor, now=at)
    assert found.never_total == len(control.expectations)
    assert "Declared, never shown" in client.get("/").content.decode()


def test_gaps_of_many_systems_are_one_thing_to_do(client, at, actor, admin):
    """A control that no AI system has ever shown is one line, not one for each system."""
    wanted = next(
        c for c in sorted(library().controls.values(), key=lambda c: c.id)
        if c.level == "system" and not c.binds_classes and not c.binds_roles
        and any(e.kind is not ExpectationKind.RECORD for e in c.expectations)
    )  # fmt: skip
    for name in ("Alpha", "Beta", "Gamma"):
        add_system(actor=actor, facts=system(name, owner=f"Owner of {name}"), now=at)
    adopt_control(actor=actor, person=admin, control=wanted.id, state="implemented", now=at)
    asked = [e for e in wanted.expectations if e.kind is not ExpectationKind.RECORD]
    found = today(actor=actor, now=at)
    assert [one.systems for one in found.never] == [3] * len(asked)
    assert "Alpha and 2 more AI systems" in client.get("/").content.decode()


def test_gaps_in_the_register_lead_to_their_rows(client, at, actor):
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka"), now=at)
    add_system(actor=actor, facts=system("Beta"), now=at)
    page = client.get("/").content.decode()
    assert "One AI system has no owner" in page
    assert 'href="/systems?owner=none"' in page
    assert "2 AI systems are not classified" in page
    assert 'href="/systems?risk=unclassified"' in page


def test_when_all_is_done_it_says_so_and_when_the_next_comes(client, at, actor, admin, control):
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka", classes=("minimal",)), now=at)
    prove(control, actor=actor, person=admin, now=at)
    assert today(actor=actor, now=at).waiting == 0
    page = client.get("/").content.decode()
    assert "Nothing waits for you" in page


def test_it_shows_where_we_stand_and_what_lies_ahead(client, at, actor):
    found = today(actor=actor, now=at)
    assert [one.posture.framework.id for one in found.standing] == [
        "iso27001-2022", "iso42001-2023", "eu-ai-act", "nist-ai-rmf-1.0",
    ]  # fmt: skip
    assert all(one.on > at.date() for one in found.ahead)
    page = client.get("/").content.decode()
    assert 'href="/frameworks/iso42001-2023"' in page
    assert "start to bind" in page


def test_text_of_people_is_never_markup(client, at, actor):
    add_system(actor=actor, facts=system("<b>Bold</b>"), now=at)
    page = client.get("/").content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold</b>" not in page


def test_it_asks_few_questions(client, at, actor, admin, control, django_assert_max_num_queries):
    prove(control, actor=actor, person=admin, now=at, age=0.99)
    client.get("/")
    with django_assert_max_num_queries(20):
        client.get("/")
