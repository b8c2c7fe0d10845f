"""Checks over the registers: what a record says, until when, and what that comes to for a control."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.pure.checks import BY_REGISTER, KNOWN, OVER_RECORDS, THROUGH_RECORDS, says
from annexa.pure.checks.over import EVER, over
from annexa.pure.fact_entries import FACT_KINDS, fact_of_entry
from annexa.pure.facts import ORGANISATION, Facts, RecordFact, SystemFact
from annexa.pure.oversight_standing import OVERSIGHT
from annexa.pure.posture import Engine, Verdict
from annexa.pure.records_then import RecordsThen
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import CLAUSES, SUPPLIERS
from annexa.pure.statement import STATEMENT
from tests.pure.test_posture import AT, fact, implemented, shown, system
from tests.strategies import organisations as org

DAY = date(2026, 3, 1)
EVERY = {**OVER_RECORDS, **THROUGH_RECORDS}


def supplier(**values):
    return SUPPLIERS.make({"name": "Chat Ltd", "tier": "critical", **values})


def record(slug: str, until: datetime | None, **more) -> RecordFact:
    values = {"id": slug, "register": "supplier", "fulfils": (("suppliers_assessed", until),)} | more
    return fact(RecordFact, **values)


def test_a_material_change_of_a_system_ends_what_was_judged_of_it_before() -> None:
    """Rule: to fill in what nobody had said is no change; to change what was said is one, from that day on."""

    def state(days: int, **values) -> SystemFact:
        at = AT - timedelta(days=days)
        return fact(SystemFact, id="bot", name="Bot", effective_at=at, recorded_at=at, **values)

    def judged(days: int) -> RecordFact:
        day = (AT - timedelta(days=days)).date()
        return fact(
            RecordFact, id="bias", register="risk", systems=("bot",), fulfils=(("ai_risks_assessed", EVER),),
            judged=(("ai_risks_assessed", day),),
        )  # fmt: skip

    def covered(*states: SystemFact, since: int) -> bool:
        return "bot" in RecordsThen((judged(since),), (), AT, None, states).through("ai_risks_assessed")

    first, filled = state(9), state(8, supplier="North")
    moved = state(5, supplier="South")
    named = state(3, supplier="South", owner="ada@example.org")
    assert covered(first, filled, since=9)
    assert not covered(first, filled, moved, since=6)
    assert covered(first, filled, moved, since=5), "on the same day counts"
    assert covered(first, filled, moved, named, since=4), "another owner is no other system"
    assert not covered(named, moved, filled, first, since=6), "whatever the order of facts"


# --- the checks


@pytest.mark.parametrize("name", EVERY)
def test_every_check_says_what_it_asserts(name: str) -> None:
    check = EVERY[name]
    assert name in KNOWN
    assert says(name) == check.says
    assert check.says.startswith(("Every ", "For every ")), check.says
    assert check.says.endswith(".")
    assert check in BY_REGISTER[check.register.noun]
    assert not check.through or "systems" in check.register.field


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_record_fulfils_nothing(name: str) -> None:
    """Rule: silence is no answer: a record that says nothing falls short of whatever asks about it."""
    check = EVERY[name]
    empty = check.register.make({"name": "x"})
    assert not check.looks_at(empty) or check.until(empty) is None


@pytest.mark.parametrize(
    ("check", "values", "until"),
    [
        ("suppliers_assessed", {"assessment": "adequate", "assessed_on": DAY}, datetime(2027, 3, 2, tzinfo=UTC)),
        ("suppliers_assessed", {"assessment": "not adequate", "assessed_on": DAY}, None),
        ("suppliers_assessed", {"assessment": "adequate"}, None),
        ("supplier_contracts_in_force", {"contract": "C1", "contract_from": DAY}, EVER),
        (
            "supplier_contracts_in_force",
            {"contract": "C1", "contract_from": DAY, "contract_until": date(2026, 12, 31)},
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
        ("supplier_clauses_settled", {"clauses": CLAUSES[:4], "clauses_not_needed": CLAUSES[4:]}, EVER),
        ("supplier_clauses_settled", {"clauses": CLAUSES[:4]}, None),
        ("critical_suppliers_have_exit", {"exit_plan": "Move to B"}, EVER),
    ],
)
def test_a_check_holds_until_what_the_record_says(check: str, values: dict, until: datetime | None) -> None:
    assert EVERY[check].looks_at(supplier(**values))
    assert EVERY[check].until(supplier(**values)) == until


def test_who_is_not_asked_about_does_not_count() -> None:
    assert not EVERY["suppliers_assessed"].looks_at(supplier(tier="standard"))
    assert not EVERY["agents_privileges_stated"].looks_at(ASSETS.make({"name": "M", "kind": "model"}))


def test_a_check_that_errs_has_proven_nothing() -> None:
    def broken(entry):
        """Every supplier is fine."""
        return entry.nothing_like_that

    check = over(SUPPLIERS, where=lambda entry: entry.neither)(broken)
    assert check.looks_at(supplier())
    assert check.until(supplier()) is None


# --- from the ledger


def test_an_entry_becomes_what_the_checks_make_of_it() -> None:
    """Rule: a record in the ledger, whatever version wrote it, is judged by what its fields say."""
    entry = supplier(assessment="adequate", assessed_on=DAY, systems=("bot",), ended_on=date(2026, 9, 1))
    state = {"slug": "chat-ltd", **SUPPLIERS.to_json(entry), "a field of old": 1, "spend": 7}
    made = fact_of_entry(
        kind="supplier", body={"state": state, "by": "Ada"}, at=AT, effective_at=AT, actor="person/1", position=3
    )
    assert isinstance(made, RecordFact)
    assert (made.id, made.register, made.systems, made.by) == ("chat-ltd", "supplier", ("bot",), "Ada")
    assert made.ends_at == datetime(2026, 9, 1, tzinfo=UTC)
    assert dict(made.fulfils)["suppliers_assessed"] == datetime(2027, 3, 2, tzinfo=UTC)
    assert dict(made.fulfils)["suppliers_owned"] is None
    assert set(BY_REGISTER) <= FACT_KINDS
    assert set(BY_REGISTER) <= {*REGISTERS, STATEMENT.noun, OVERSIGHT.noun}


# --- what it comes to


def test_it_is_counted_and_who_falls_short_is_named() -> None:
    later = AT + timedelta(days=30)
    then = RecordsThen((record("a", later), record("b", None), record("c", AT)), (), AT)
    said = then.said("suppliers_assessed", ORGANISATION)
    assert (said.population, said.fulfilled, said.short, said.ends) == (3, 1, ("b", "c"), None)
    whole = RecordsThen((record("a", later), record("b", EVER)), (), AT).said("suppliers_assessed", ORGANISATION)
    assert (whole.population, whole.fulfilled, whole.short, whole.ends) == (2, 2, (), later)
    assert RecordsThen((), (), AT).said("suppliers_assessed", ORGANISATION).population == 0


def test_the_last_state_counts_and_what_has_ended_does_not() -> None:
    first, day = record("a", None), timedelta(days=1)
    mended = replace(first, fulfils=(("suppliers_assessed", EVER),), effective_at=AT, recorded_at=AT)
    assert RecordsThen((first, mended), (), AT).said("suppliers_assessed", ORGANISATION).fulfilled == 1
    assert RecordsThen((first, mended), (), AT - day).said("suppliers_assessed", ORGANISATION).fulfilled == 0
    ended = replace(first, ends_at=AT)
    assert RecordsThen((ended,), (), AT).said("suppliers_assessed", ORGANISATION).population == 0
    assert RecordsThen((ended,), (), AT - day).said("suppliers_assessed", ORGANISATION).population == 1


def test_when_the_last_record_ends_nothing_is_proven_any_more() -> None:
    """Rule: a check over nothing is not passed, so it falls when the last record it looks at ends."""
    soon, later = AT + timedelta(days=5), AT + timedelta(days=9)
    then = RecordsThen((record("a", EVER, ends_at=soon), record("b", EVER, ends_at=later)), (), AT)
    assert then.said("suppliers_assessed", ORGANISATION).ends == later


def test_hidden_records_count_but_are_not_named() -> None:
    facts = Facts(records=(record("a", None), record("b", EVER))).about(("alpha",))
    said = RecordsThen(facts.records, (), AT).said("suppliers_assessed", ORGANISATION)
    assert (said.population, said.fulfilled, said.short) == (2, 1, ())


def test_a_control_stands_and_falls_with_its_register() -> None:
    """Rule: the records are the evidence: nothing is uploaded, and a supplier looked at too long ago lowers it."""
    until = AT + timedelta(days=40)
    parts = record("m", EVER, register="asset", fulfils=(("components_recorded", EVER),), systems=("alpha",))
    held = Facts(
        systems=(system("alpha"),),
        adoptions=(implemented("ORG-05"), implemented("SYS-04")),
        evidence=(replace(shown("ORG-05"), expires_at=AT + timedelta(days=90)),),
        records=(record("a", until), parts),
    )

    def verdict(facts: Facts, at: datetime = AT) -> tuple[Verdict, Verdict]:
        engine = Engine(library=org.LIBRARY, facts=facts, at=at)
        return engine.control("ORG-05").verdict, engine.control("SYS-04").verdict

    assert verdict(held) == (Verdict.EFFECTIVE, Verdict.EFFECTIVE)
    proof = Engine(library=org.LIBRARY, facts=held, at=AT).control("ORG-05")
    assert proof.falls_at == until
    assert [(one.check.over, one.check.population) for one in proof.expectations if one.check] == [
        ("supplier", 1),
        ("", 1),
    ]
    assert verdict(held, until) == (Verdict.FAILING, Verdict.EFFECTIVE)
    two = replace(held, systems=(*held.systems, system("beta")))
    assert verdict(two) == (Verdict.FAILING, Verdict.FAILING)
    assert verdict(replace(held, records=(parts,)))[0] is Verdict.UNPROVEN
