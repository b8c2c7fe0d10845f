"""Records come into any register whole or not at all, and nobody overwrites what they have not seen."""

import json
from datetime import date, timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.actions.systems import add_system
from annexa.answers.register_files import export_register, plan_register
from annexa.answers.registers import Asked, history, led_from, list_register, record_page
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.issues import ISSUES
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.registers import TABLES, RegisterRow
from tests.actions.test_door import check_ledger
from tests.strategies.entries import required

AUDITOR = Actor(id="person/99", name="Otto Auditor", role="auditor")
RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)
CSV = b"Name,Kind,Owner,Trained on\nScore model,model,ada@example.org,Loans\nLoans,training dataset,,\n"


def asset(**values):
    return ASSETS.make({"name": "Score model", "kind": "model", **values})


def planned(actor, data=CSV, name="assets.csv"):
    return plan_register(actor=actor, register=ASSETS, data=data, name=name)


# --- by hand


def test_it_works(organisation, actor, now) -> None:
    before = check_ledger()
    made = add_record(actor=actor, register=ASSETS, entry=asset(name="  Score\tmodel "), now=now, because="Found")
    assert (made.slug, made.name, made.kind) == ("score-model", "Score model", "model")
    assert check_ledger() == before + 1
    entry = LedgerEntry.objects.order_by("-position").first()
    assert (entry.kind, entry.subject, entry.actor) == ("asset", "asset/score-model", actor.id)
    assert json.loads(bytes(EntryBody.objects.get(position=entry.position).body))["state"] == made.state()


@pytest.mark.parametrize("noun", REGISTERS)
def test_every_register_takes_a_record(organisation, actor, now, noun) -> None:
    register = REGISTERS[noun]
    least = register.make(required(register))
    made = add_record(actor=actor, register=register, entry=least, now=now)
    assert TABLES[noun].objects.get(slug=made.slug).entry == least
    assert list_register(actor=actor, register=register, asked=Asked(), now=now).total == 1
    check_ledger()


def test_every_problem_is_told_by_field_and_nothing_is_written(organisation, actor, now) -> None:
    wrong = asset(name=" ", owner="x@@y", privileges="all", uses=("ghost",), systems=("nobody",))
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        add_record(actor=actor, register=ASSETS, entry=wrong, now=now)
    assert error.value.problems == {
        "name": ("Name is missing.",),
        "owner": ("Owner has an @ but is not an e-mail address.",),
        "uses": ("Uses leads to ghost, which is not there.",),
        "systems": ("AI systems leads to nobody, which is not there.",),
    }
    with pytest.raises(InvalidError, match="not an agent"):
        add_record(actor=actor, register=ASSETS, entry=asset(privileges="all"), now=now)
    assert check_ledger() == before


def test_a_reference_is_given_once(organisation, actor, now) -> None:
    add_record(actor=actor, register=ASSETS, entry=asset(reference="A-1"), now=now)
    with pytest.raises(InvalidError, match="Score model has this reference already"):
        add_record(actor=actor, register=ASSETS, entry=asset(name="Other", reference="a-1"), now=now)
    add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make({"name": "S", "reference": "A-1"}), now=now)


def test_who_did_not_see_the_last_change_changes_nothing(organisation, actor, now) -> None:
    made = add_record(actor=actor, register=ASSETS, entry=asset(), now=now)
    later = now + timedelta(minutes=1)
    seen = {"actor": actor, "register": ASSETS, "slug": made.slug, "seen": made.changed_at}
    changed = change_record(**seen, entry=asset(owner="ada@example.org"), now=later, because="She took over")
    with pytest.raises(ConflictError, match="Nothing was saved"):
        change_record(**seen, entry=asset(owner="kim@example.org"), now=later)
    before = check_ledger()
    again = change_record(**{**seen, "seen": changed.changed_at}, entry=changed.entry, now=later)
    assert again.changed_at == later
    assert check_ledger() == before
    with pytest.raises(NotFoundError, match="Near to it: score-model"):
        change_record(**{**seen, "slug": "score-modell"}, entry=asset(), now=later)


def test_the_history_tells_what_changed(organisation, actor, now) -> None:
    made = add_record(actor=actor, register=ASSETS, entry=asset(), now=now)
    later = now + timedelta(days=1)
    change_record(
        actor=actor, register=ASSETS, slug=made.slug, seen=made.changed_at, now=later, because="Moved",
        entry=asset(location="Dublin", protection=("logged",)),
    )  # fmt: skip
    newest, first = history(actor=actor, register=ASSETS, slug=made.slug)
    assert (first.number, first.changes) == (1, ())
    assert (newest.number, newest.because, newest.by) == (2, "Moved", actor.name)
    assert [(one.field.name, one.before, one.after) for one in newest.changes] == [
        ("location", "", "Dublin"),
        ("protection", [], ["logged"]),
    ]


# --- many at once


def test_many_are_changed_together_or_not_at_all(organisation, actor, now) -> None:
    slugs = [
        add_record(actor=actor, register=ASSETS, entry=asset(name=f"Model {n}"), now=now).slug for n in range(3)
    ]  # fmt: skip
    before, later = check_ledger(), now + timedelta(days=1)
    found = {"actor": actor, "register": ASSETS, "slugs": slugs, "now": later, "because": "New class"}
    assert change_records(**found, values={"classification": "internal"}) == 3
    assert check_ledger() == before + 3
    assert change_records(**found, values={"classification": "internal"}) == 0
    with pytest.raises(InvalidError, match="tells records apart"):
        change_records(**found, values={"reference": "X"})
    with pytest.raises(InvalidError, match="colour is not a field of assets"):
        change_records(**found, values={"colour": "red"})
    assert set(TABLES["asset"].objects.values_list("reference", flat=True)) == {""}


def test_it_is_narrowed_sorted_and_searched(organisation, actor, now) -> None:
    for name, kind, owner in (("Alpha", "model", "a@x.de"), ("beta", "agent", ""), ("Gamma", "model", "")):
        add_record(actor=actor, register=ASSETS, entry=asset(name=name, kind=kind, owner=owner), now=now)
    ended = asset(name="Old", ended_on=now.date() - timedelta(days=1))
    add_record(actor=actor, register=ASSETS, entry=ended, now=now)

    def found(**asked):
        return list_register(actor=actor, register=ASSETS, asked=Asked(**asked), now=now)

    assert [line.row.name for line in found().rows] == ["Alpha", "beta", "Gamma"]
    assert [line.row.name for line in found(sort="-name", ended=True).rows] == ["Old", "Gamma", "beta", "Alpha"]
    assert [line.row.name for line in found(chosen={"kind": ("model",)}, unowned=True).rows] == ["Gamma"]
    assert [line.row.name for line in found(text="ALPH a@x").rows] == ["Alpha"]
    page = found(chosen={"kind": ("agent",)})
    assert (page.total, page.everything, page.ended, page.unowned) == (1, 4, 1, 2)
    assert {(one.value, one.count) for one in page.facets["kind"]} == {("model", 2), ("agent", 1)}


def test_what_leads_to_a_record_is_found(organisation, actor, now) -> None:
    system = add_system(actor=actor, facts=SystemFacts(name="Bot"), now=now)
    data = add_record(actor=actor, register=ASSETS, entry=asset(name="Loans", kind="training dataset"), now=now)
    loan = asset(name="Loans 2")
    add_record(actor=actor, register=ASSETS, entry=loan, now=now)
    model = add_record(
        actor=actor, register=ASSETS, entry=asset(trained_on=(data.slug,), systems=(system.slug,)), now=now
    )
    page = record_page(actor=actor, register=ASSETS, slug=model.slug)
    assert [(one.slug, one.name) for one in page.leads["trained_on"]] == [("loans", "Loans")]
    assert [(one.noun, one.name) for one in page.leads["systems"]] == [("ai_system", "Bot")]
    (led,) = led_from(actor=actor, noun="asset", slug="loans")
    assert (led.register, led.field.name, [one.slug for one in led.targets]) == (ASSETS, "trained_on", ["score-model"])
    assert led_from(actor=actor, noun="ai_system", slug="bot")[0].targets[0].slug == "score-model"


# --- files


def test_a_file_is_taken_in_and_comes_out_again(organisation, actor, now) -> None:
    before = check_ledger()
    done = import_register(actor=actor, planned=planned(actor), now=now)
    assert (done.added, done.updated, done.unchanged) == (2, 0, 0)
    assert check_ledger() == before + 3
    assert TABLES["asset"].objects.get(slug="score-model").trained_on == ["loans"]
    out = export_register(actor=actor, register=ASSETS, file_format="csv")
    again = import_register(actor=actor, planned=planned(actor, data=out), now=now + timedelta(days=1))
    assert (again.added, again.updated, again.unchanged, again.entry) == (0, 0, 2, None)
    changed = out.replace(b"ada@example.org", b"kim@example.org")
    third = import_register(actor=actor, planned=planned(actor, data=changed), now=now + timedelta(days=2))
    assert (third.added, third.updated, third.unchanged) == (0, 1, 1)
    assert history(actor=actor, register=ASSETS, slug="score-model")[0].changes[0].after == "kim@example.org"


def test_what_a_new_record_leaves_empty_it_takes_from_where_it_leads(organisation, actor, now) -> None:
    """As it stands then: what is changed there later, and records that were there before, stay as they are."""
    parley = add_record(
        actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make({"name": "Parley", "notice_hours": 24}), now=now
    )
    add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make({"name": "Ferret"}), now=now)
    by_hand = SUPPLIER_INCIDENTS.make({"name": "By hand", "supplier": "parley"})
    add_record(actor=actor, register=SUPPLIER_INCIDENTS, entry=by_hand, now=now)
    data = b'Incident,Supplier,"Notice agreed, hours"\nTaken,Parley,\nSaid,Parley,8\nNone,Ferret,\nNobody,,\n'
    plan = plan_register(actor=actor, register=SUPPLIER_INCIDENTS, data=data, name="incidents.csv")
    import_register(actor=actor, planned=plan, now=now)
    rows = TABLES["supplier_incident"].objects
    assert dict(rows.values_list("slug", "notice_hours")) == {
        "by-hand": 24, "taken": 24, "said": 8, "none": None, "nobody": None
    }  # fmt: skip
    change_record(
        actor=actor, register=SUPPLIERS, slug="parley", entry=SUPPLIERS.replaced(parley.entry, {"notice_hours": 72}),
        seen=parley.changed_at, now=now,
    )  # fmt: skip
    emptied = rows.get(slug="by-hand")
    change_record(
        actor=actor, register=SUPPLIER_INCIDENTS, slug="by-hand", now=now, seen=emptied.changed_at,
        entry=SUPPLIER_INCIDENTS.replaced(emptied.entry, {"notice_hours": None}),
    )  # fmt: skip
    out = export_register(actor=actor, register=SUPPLIER_INCIDENTS, file_format="csv")
    again = plan_register(actor=actor, register=SUPPLIER_INCIDENTS, data=out, name="incidents.csv")
    assert import_register(actor=actor, planned=again, now=now).unchanged == 5
    assert rows.get(slug="by-hand").notice_hours is None
    check_ledger()


def test_a_file_with_a_problem_changes_nothing(organisation, actor, now) -> None:
    wrong = planned(actor, data=CSV + b"X,dragon,,\nY,model,,Nothing\n")
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        import_register(actor=actor, planned=wrong, now=now)
    assert [one.split(":")[0] for one in error.value.problems["file"]] == [
        "Row 4, column Kind",
        "Row 5, column Trained on",
    ]
    assert check_ledger() == before
    assert import_register(actor=actor, planned=wrong, now=now, skip_bad=True).skipped == 2


def test_a_plan_for_another_register_is_refused(organisation, actor, now) -> None:
    plan = planned(actor)
    add_record(actor=actor, register=ASSETS, entry=asset(name="Between"), now=now)
    with pytest.raises(ConflictError, match="Nothing was imported"):
        import_register(actor=actor, planned=plan, now=now)


# --- who may


def test_an_auditor_reads_and_a_stranger_finds_nothing(organisation, actor, now) -> None:
    made = add_record(actor=actor, register=ASSETS, entry=asset(unit="Retail"), now=now)
    assert list_register(actor=AUDITOR, register=ASSETS, asked=Asked(), now=now).total == 1
    with pytest.raises(NotPermittedError):
        add_record(actor=AUDITOR, register=ASSETS, entry=asset(), now=now)
    with pytest.raises(NotPermittedError):
        change_record(actor=AUDITOR, register=ASSETS, slug=made.slug, entry=asset(), seen=now, now=now)
    stranger = Actor(id="person/97", name="Nobody", role="member")
    assert list_register(actor=stranger, register=ASSETS, asked=Asked(), now=now).total == 0
    with pytest.raises(NotFoundError):
        change_record(actor=stranger, register=ASSETS, slug=made.slug, entry=asset(), seen=now, now=now)


def test_a_unit_sees_and_changes_its_own(organisation, actor, now, monkeypatch) -> None:
    monkeypatch.setattr("annexa.actions.door.afresh", lambda actor, **_: actor)
    mine = add_record(actor=actor, register=ASSETS, entry=asset(name="Mine", unit="Retail"), now=now)
    other = add_record(actor=actor, register=ASSETS, entry=asset(name="Other", unit="Bank"), now=now)
    add_record(actor=actor, register=ISSUES, entry=ISSUES.make({"name": "Rates", "side": "external"}), now=now)
    seen = list_register(actor=RETAIL, register=ASSETS, asked=Asked(), now=now)
    assert [line.row.name for line in seen.rows] == ["Mine"]
    changed = asset(name="Mine", unit="Retail", in_use_since=date(2026, 1, 1))
    change_record(actor=RETAIL, register=ASSETS, slug=mine.slug, entry=changed, seen=mine.changed_at, now=now)
    with pytest.raises(NotFoundError):
        change_record(actor=RETAIL, register=ASSETS, slug=other.slug, entry=changed, seen=now, now=now)
    with pytest.raises(NotPermittedError):
        add_record(actor=RETAIL, register=ASSETS, entry=asset(unit="Bank"), now=now)
    with pytest.raises(InvalidError, match="other"):
        add_record(actor=RETAIL, register=ASSETS, entry=asset(name="New", unit="Retail", uses=(other.slug,)), now=now)
    assert history(actor=RETAIL, register=ASSETS, slug=mine.slug)
    assert history(actor=RETAIL, register=ASSETS, slug=other.slug) == ()


@pytest.mark.parametrize("register", REGISTERS.values(), ids=lambda one: one.noun)
def test_no_field_hides_what_every_row_has(register) -> None:
    """Rule: a field called like a method of the row would break the row, so none is."""
    assert not {one.name for one in register.fields if one.name != "name" and hasattr(RegisterRow, one.name)}
