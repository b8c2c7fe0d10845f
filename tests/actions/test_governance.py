"""Units, committees and offices: who stands where, and what must be held by different people."""

from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.governance import add_committee, appoint, change_committee, end_appointment, standing
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.actions.units import add_unit, adopt_units, change_unit
from annexa.answers.actors import units
from annexa.answers.governance import governance_page, table_of, who_does_what
from annexa.library.governance import governance
from annexa.pure.governance import vacant
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.assets import ASSETS
from annexa.pure.systems import SystemFacts
from annexa.pure.units import in_order, names_reached
from annexa.records.ledger import LedgerEntry
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from annexa.records.units import Committee, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(organisation, now):
    return add_person(actor=ANNEXA, email="lea@example.org", name="Lea", role="lead", password=None, now=now)


@pytest.fixture
def tree(actor, now):
    """Retail with Cards below it, and Markets; two AI systems in Cards."""
    retail = add_unit(actor=actor, name="Retail", now=now)
    add_unit(actor=actor, name="Cards", parent=retail.slug, now=now)
    add_unit(actor=actor, name="Markets", now=now)
    for name in ("Score", "Chat"):
        add_system(actor=actor, facts=SystemFacts(name=name, unit="Cards"), now=now)


def change(actor, now, slug, **more):
    unit = Unit.objects.select_related("parent").get(slug=slug)
    said = {
        "name": unit.name,
        "parent": unit.parent.slug if unit.parent else "",
        "closed": unit.closed,
        "because": "So",
    }
    return change_unit(actor=actor, slug=slug, now=now, **{**said, **more})


def test_the_tree_in_order(tree) -> None:
    assert [(one.unit.name, one.depth) for one in in_order(units())] == [("Markets", 0), ("Retail", 0), ("Cards", 1)]
    assert names_reached(units(), ["retail"]) == {"Retail", "Cards"}
    assert names_reached(units(), ["nowhere"]) == frozenset()


def test_systems_follow_the_name_of_their_unit(tree, actor, now) -> None:
    """Rule: a renaming leaves an entry for the unit and one for each system, in one step."""
    before = LedgerEntry.objects.count()
    change(actor, now, "cards", name="Card business")
    assert set(AiSystem.objects.values_list("unit", flat=True)) == {"Card business"}
    assert LedgerEntry.objects.count() == before + 3
    assert names_reached(units(), ["retail"]) == {"Retail", "Card business"}


def test_records_follow_the_name_of_their_unit_and_keep_it_open(tree, actor, now) -> None:
    add_record(
        actor=actor, register=ASSETS, entry=ASSETS.make({"name": "M", "kind": "model", "unit": "Cards"}), now=now
    )
    change(actor, now, "cards", name="Card business")
    row = TABLES["asset"].objects.get()
    assert (row.unit, "card business" in row.words, row.changed_at) == ("Card business", True, now)
    assert LedgerEntry.objects.filter(subject="asset/m").count() == 2
    with pytest.raises(InvalidError, match="1 records name it"):
        change(actor, now, "cards", closed=True)


def test_a_unit_moves_but_not_below_itself(tree, actor, now) -> None:
    change(actor, now, "cards", parent="markets")
    assert names_reached(units(), ["markets"]) == {"Markets", "Cards"}
    with pytest.raises(InvalidError, match="but itself and those below"):
        change(actor, now, "markets", parent="cards")
    with pytest.raises(InvalidError, match="but itself"):
        change(actor, now, "markets", parent="markets")


def test_what_is_wrong_is_said_at_once(tree, actor, lea, now) -> None:
    with pytest.raises(InvalidError) as refused:
        change(actor, now, "retail", name="cards", parent="nowhere", closed=True, because=" ")
    assert set(refused.value.problems) == {"name", "parent", "closed", "because"}
    with pytest.raises(InvalidError, match="2 AI systems in use name it"):
        change(actor, now, "cards", closed=True)
    with pytest.raises(InvalidError) as refused:
        add_unit(actor=actor, name=" ", parent="nowhere", now=now)
    assert set(refused.value.problems) == {"name", "parent"}
    with pytest.raises(NotFoundError):
        change_unit(actor=actor, slug="x", name="X", parent="", closed=False, because="x", now=now)
    kim = add_person(actor=ANNEXA, email="kim@example.org", name="Kim", role="owner", password=None, now=now)
    with pytest.raises(NotPermittedError):
        add_unit(actor=actor_of(kim), name="Mine", now=now)


def test_units_that_systems_name_are_taken_over(actor, now) -> None:
    for name, unit in (("A", "Bureau of Fisheries"), ("B", "Bureau of Fisheries"), ("C", "")):
        add_system(actor=actor, facts=SystemFacts(name=name, unit=unit), now=now)
    assert governance_page(actor=actor).loose == (("Bureau of Fisheries", 2),)
    assert [one.slug for one in adopt_units(actor=actor, now=now)] == ["bureau-of-fisheries"]
    assert adopt_units(actor=actor, now=now) == ()
    page = governance_page(actor=actor)
    assert (page.loose, [line.systems for line in page.units]) == ((), [2])


def test_an_office_held_alone_changes_hands(actor, admin, kim, lea, now) -> None:
    given = {"actor": actor, "by": admin, "office": "security-lead", "body": "organisation", "because": "Board"}
    appoint(person=kim, now=now, **given)
    with pytest.raises(InvalidError, match="holds this office already"):
        appoint(person=kim, now=now, **given)
    appoint(person=lea, now=now + timedelta(days=1), **given)
    assert [one.person for one in standing("organisation")] == [lea]


def test_some_offices_are_apart(actor, admin, kim, now) -> None:
    """Rule: nobody audits their own work, and the data protection officer does not decide on purposes and means."""
    given = {"actor": actor, "by": admin, "body": "organisation", "person": kim, "because": "Board", "now": now}
    appoint(office="programme-lead", **given)
    with pytest.raises(InvalidError, match="have to be different people: Who runs the programme cannot audit it"):
        appoint(office="internal-auditor", **given)
    appoint(office="data-protection-officer", **given)
    with pytest.raises(InvalidError, match=r"Art\. 38\(6\)"):
        appoint(office="business-owner", **given)
    assert governance_page(actor=actor).conflicts == ()


def test_what_cannot_be_appointed(actor, admin, kim, tree, now) -> None:
    given = {"actor": actor, "by": admin, "person": kim, "now": now}
    with pytest.raises(InvalidError, match="is an office of organisation"):
        appoint(office="executive-sponsor", body="unit/retail", because="x", **given)
    with pytest.raises(NotFoundError, match="no open unit nowhere"):
        appoint(office="unit-head", body="unit/nowhere", because="x", **given)
    with pytest.raises(NotFoundError, match="no office"):
        appoint(office="king", body="organisation", because="x", **given)
    guest = add_person(actor=ANNEXA, email="g@else.org", name="Gus", role="external", password=None, now=now)
    with pytest.raises(InvalidError) as refused:
        appoint(actor=actor, by=admin, person=guest, office="unit-head", body="unit/retail", because=" ", now=now)
    assert set(refused.value.problems) == {"because", "person"}
    appoint(actor=actor, by=admin, person=guest, office="internal-auditor", body="organisation", because="x", now=now)


def test_a_committee_and_its_seats(actor, admin, kim, lea, now) -> None:
    made = add_committee(actor=actor, name="AI board", purpose="Decides on AI.", months_between=3, now=now)
    for office, person in (("chair", kim), ("seat", lea), ("seat", admin)):
        appoint(
            actor=actor, by=admin, office=office, body=f"committee/{made.slug}", person=person, because="x", now=now
        )
    assert [one.members for one in governance_page(actor=actor).committees] == [3]
    first = standing("committee/ai-board")[0]
    end_appointment(actor=actor, by=admin, appointment=first.id, because="Moved", now=now)
    with pytest.raises(ConflictError):
        end_appointment(actor=actor, by=admin, appointment=first.id, because="Moved", now=now)
    with pytest.raises(InvalidError) as refused:
        add_committee(actor=actor, name="ai BOARD", purpose="", months_between=0, now=now)
    assert set(refused.value.problems) == {"name", "purpose", "months_between"}
    change_committee(
        actor=actor, slug="ai-board", name="AI board", purpose="Decides on AI.", months_between=3, closed=True,
        because="Merged", now=now,
    )  # fmt: skip
    assert (standing("committee/ai-board"), Committee.objects.get().closed) == ([], True)


def test_who_does_what_names_the_people(actor, admin, kim, now) -> None:
    appoint(actor=actor, by=admin, office="security-lead", body="organisation", person=kim, because="x", now=now)
    name_owner(actor=actor, person=admin, controls=["ACC-01"], owner=admin, now=now)
    found = who_does_what(actor=actor, now=now)
    access = next(row for row in found.processes if row.id == "access")
    assert [[one.name for one in cell.people] for cell in access.of("A")] == [["Kim Lee"]]
    assert all(len(row.of("A")) == 1 for row in (*found.processes, *found.controls))
    assert all(row.of("R") for row in (*found.processes, *found.controls))
    mine = next(row for row in found.controls if row.id == "ACC-01")
    assert [one.name for one in mine.of("R")[0].people] == ["Ada Admin"]
    assert vacant(governance(), [access]) == ("technical-owner",)
    line = next(row for row in table_of(found.processes, governance()) if row[0] == "access")
    assert line[3] == "Chief information security officer (Kim Lee)"
