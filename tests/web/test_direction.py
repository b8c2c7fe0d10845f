"""Scopes side by side and objectives: what is computed, what was typed, and what nobody else sees."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from annexa.actions.registers import add_record, change_record
from annexa.actions.systems import add_system, change_system
from annexa.answers.objectives import direction
from annexa.pure.registers import REGISTERS
from annexa.pure.systems import SystemFacts
from annexa.records.systems import AiSystem

OBJECTIVES, SCOPES = REGISTERS["objective"], REGISTERS["scope"]


@pytest.fixture
def signed(client, admin):
    client.force_login(admin)
    return client


def keep(actor, register, now, **values):
    return add_record(actor=actor, register=register, entry=register.make(values), now=now)


@pytest.fixture
def recorded(organisation, actor, now):
    for name, owner in (("Alpha", "ada@example.org"), ("Beta", "")):
        add_system(actor=actor, facts=SystemFacts(name=name, owner=owner), now=now)
    keep(actor, SCOPES, now, name="Grid", part="isms", boundaries="Running the grid")
    keep(actor, SCOPES, now, name="All AI", part="aims", boundaries="All AI systems", certificate="7",
         certificate_scope="AI of the grid")  # fmt: skip
    keep(actor, OBJECTIVES, now, name="Owned", kpi="AI systems with an owner", target=50.0,
         direction="at least the target")  # fmt: skip
    keep(actor, OBJECTIVES, now, name="Ready", kpi="requirements met", kpi_of="iso42001-2023", target=80.0,
         direction="at least the target", due_on=now.date() - timedelta(days=1))  # fmt: skip
    typed = keep(actor, OBJECTIVES, now, name="Mails", value=20.0, valued_on=date(2026, 1, 1), target=60.0,
                 direction="at least the target", measured_in="%")  # fmt: skip
    for value, on in ((30.0, date(2026, 4, 1)), (61.0, date(2026, 7, 1))):
        entry = OBJECTIVES.replaced(typed.entry, {"value": value, "valued_on": on})
        now += timedelta(minutes=1)
        typed = change_record(
            actor=actor, register=OBJECTIVES, slug=typed.slug, entry=entry, seen=typed.changed_at, now=now
        )


def test_what_is_computed_is_counted_and_what_is_typed_has_its_days(recorded, actor, now) -> None:
    found = {one.row.name: one for one in direction(actor=actor, now=now + timedelta(hours=1)).objectives}
    assert (found["Owned"].last.value, found["Owned"].reached) == (50.0, True)
    assert (found["Ready"].last.value, found["Ready"].reached, found["Ready"].overdue) == (0.0, False, True)
    assert [(one.on, one.value) for one in found["Mails"].points] == [
        (date(2026, 1, 1), 20.0), (date(2026, 4, 1), 30.0), (date(2026, 7, 1), 61.0),
    ]  # fmt: skip
    assert found["Mails"].reached
    assert found["Mails"].computed == ""


def test_what_can_no_longer_be_counted_has_no_present_value(recorded, actor, now) -> None:
    """A share of the AI systems in use, when none is in use any more: what it was last month is not what it is."""
    later = now + timedelta(days=40)
    for system in AiSystem.objects.all():
        facts = replace(system.facts(), stage="retirement")
        change_system(actor=actor, slug=system.slug, facts=facts, seen=system.changed_at, now=later)
    found = {one.row.name: one for one in direction(actor=actor, now=later).objectives}
    assert [one.value for one in found["Owned"].points] == [50.0]
    assert (found["Owned"].last, found["Owned"].reached) == (None, None)


def test_it_works(recorded, signed) -> None:
    shown = signed.get("/context").content.decode()
    assert "2 of 3 objectives are reached; past their day: 1." in shown
    assert "ISMS: " in shown
    assert "AI of the grid" in shown
    assert shown.count("Show as table") >= 1
    assert 'href="/objectives/mails"' in shown


def test_an_empty_organisation_is_told_so(organisation, signed) -> None:
    shown = signed.get("/context").content.decode()
    assert "No scope is recorded yet." in shown
    assert "No objective is recorded yet." in shown


def test_a_stranger_is_sent_to_sign_in(organisation, client) -> None:
    assert client.get("/context").status_code == 302
