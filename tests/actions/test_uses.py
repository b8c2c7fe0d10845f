"""Everybody at work asks to use AI; policy answers at once; a second person decides the rest, and nobody their own."""

from datetime import date, timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.grants import grant_role
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record, change_record, import_register
from annexa.actions.systems import add_system
from annexa.actions.units import add_unit
from annexa.actions.uses import ask_use, decide_use, renew_use, withdraw_use
from annexa.answers.register_files import plan_register
from annexa.answers.registers import Asked, list_register, record_page
from annexa.pure.permits import ANNEXA, Actor, Grant
from annexa.pure.registers.tools import TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import USES
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import LedgerEntry
from annexa.records.registers import TABLES
from tests.actions.test_door import check_ledger

UNTIL = date(2027, 3, 1)


@pytest.fixture
def sam(organisation, now):
    """An employee without a role."""
    return add_person(
        actor=ANNEXA, email="sam@example.org", name="Sam Staff", role="member", password=None, now=now
    )  # fmt: skip


@pytest.fixture
def lea(organisation, now):
    """A compliance lead."""
    return add_person(actor=ANNEXA, email="lea@example.org", name="Lea Lead", role="lead", password=None, now=now)


@pytest.fixture
def aide(actor, now):
    """An approved tool that Kim owns."""
    values = {
        "name": "Aide", "status": "approved", "purposes": ("writing and editing",), "data_up_to": "internal",
        "personal_up_to": "none", "trains_on_inputs": "no", "approved_until": UNTIL, "owner": "kim@example.org",
    }  # fmt: skip
    return add_record(actor=actor, register=TOOLS, entry=TOOLS.make(values), now=now)


def asked(person, now, **values):
    first = {
        "name": "Draft letters", "tool": "aide", "purpose": "writing and editing", "data_class": "internal",
        "personal_data": "none", "result": "own draft or idea",
    }  # fmt: skip
    return ask_use(actor=actor_of(person), person=person, entry=USES.make({**first, **values}), now=now)


def decided(person, row, now, **said):
    first = {"decision": "approved", "because": "Useful", "conditions": "", "review_on": UNTIL}
    return decide_use(
        actor=actor_of(person), person=person, slug=row.slug, seen=row.changed_at, now=now, **{**first, **said}
    )  # fmt: skip


def renewed(person, row, now, **said):
    first = {"because": "Still useful", "review_on": UNTIL + timedelta(days=100)}
    return renew_use(
        actor=actor_of(person), person=person, slug=row.slug, seen=row.changed_at, now=now, **{**first, **said}
    )  # fmt: skip


# --- asking


def test_it_works(sam, aide, now) -> None:
    """A use within what the tool is approved for is answered at once, by policy, until the tool's approval ends."""
    before = check_ledger()
    row = asked(sam, now)
    assert (row.decision, row.decided_by, row.review_on, row.in_use) == ("approved", "policy", UNTIL, "yes")
    assert (row.asked_by, row.asked_on, row.owner) == ("sam@example.org", now.date(), "sam@example.org")
    assert row.reasons == "Aide is approved for writing and editing with data up to internal."
    assert check_ledger() == before + 1
    entry = LedgerEntry.objects.order_by("-position").first()
    assert (entry.kind, entry.subject, entry.actor) == ("use", f"use/{row.slug}", sam.actor_id)


def test_what_policy_cannot_settle_waits_for_a_person(sam, aide, now) -> None:
    row = asked(sam, now, tool="", tool_named="Newcomer")
    assert (row.decision, row.decided_by, row.review_on, row.in_use) == ("with owner", "", None, "planned")
    assert "not in the catalogue" in row.reasons


def test_what_the_law_forbids_is_refused_at_once(sam, aide, now) -> None:
    row = asked(sam, now, purpose="reading emotions at work or school")
    assert (row.decision, row.in_use) == ("refused", "no")
    assert "Art. 5(1)(f)" in row.reason


def test_the_answer_is_not_for_who_asks_to_write(sam, aide, now) -> None:
    """Whatever else comes along with a request, policy fills in the answer, and the asker is who signed in."""
    row = asked(
        sam, now, tool="", tool_named="Newcomer", decision="approved", decided_by="lea@example.org", review_on=UNTIL,
        asked_by="lea@example.org", asked_on=date(2020, 1, 1), systems=("nothing",),
    )  # fmt: skip
    assert (row.decision, row.decided_by, row.review_on, row.asked_by) == ("with owner", "", None, "sam@example.org")
    assert row.asked_on == now.date()
    assert row.systems == []


def test_everything_that_is_missing_is_told_at_once(sam, organisation, now) -> None:
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        asked(sam, now, name="", purpose="", data_class="", personal_data="", result="", tool="")
    assert set(error.value.problems) == {"name", "purpose", "data_class", "personal_data", "result", "tool"}
    with pytest.raises(InvalidError, match="Tool leads to ghost"):
        asked(sam, now, tool="ghost")
    assert check_ledger() == before


def ruled(actor, now, **values):
    rule = {"name": "No letters", "tools": ("aide",), "outcome": "refused", "reason": "Not now.", **values}
    return add_record(actor=actor, register=USE_RULES, entry=USE_RULES.make(rule), now=now)


def test_own_rules_of_no_unit_count_for_everybody(sam, aide, actor, now) -> None:
    ruled(actor, now)
    row = asked(sam, now)
    assert (row.decision, row.reason) == ("refused", "Not now.")


@pytest.fixture
def units(organisation, actor, now):
    """Retail with Shops below it, and Markets; each has a condition of its own, and so has everybody."""
    add_unit(actor=actor, name="Retail", now=now)
    add_unit(actor=actor, name="Shops", parent="retail", now=now)
    add_unit(actor=actor, name="Markets", now=now)
    for unit in ("", "Retail", "Shops", "Markets"):
        told = {"outcome": "approved with conditions", "reason": f"Rule of {unit or 'all'}", "unit": unit}
        ruled(actor, now, name=f"Rule {unit}", condition=f"Keep to {unit or 'all'}", **told)


def _kept(row):
    return {one.removeprefix("Keep to ") for one in row.conditions.splitlines()}


@pytest.mark.parametrize(
    ("unit", "bound"),
    [("Shops", {"all", "Retail", "Shops"}), ("retail", {"all", "Retail"}), ("Markets", {"all", "Markets"}),
     ("Vaults", {"all"})],
)  # fmt: skip
def test_rules_of_other_units_neither_bind_nor_show(sam, aide, units, now, unit, bound) -> None:
    """Rule: a rule of a unit is for what is used there and below; others are not told of it."""
    row = asked(sam, now, unit=unit)
    assert row.decision == "approved with conditions"
    assert _kept(row) == bound
    assert {one.removeprefix("Rule of ") for one in row.reasons.splitlines() if one.startswith("Rule")} == bound


def test_where_nobody_says_it_is_where_who_asks_works(sam, aide, admin, actor, units, now) -> None:
    grant_role(actor=actor, person=admin, holder=sam, role="owner", unit="shops", because="Works there", now=now)
    assert _kept(asked(sam, now)) == {"all", "Retail", "Shops"}


def test_where_nobody_knows_a_person_decides_and_no_unit_is_quoted(sam, aide, units, now) -> None:
    """Rule: a use without a unit does not slip through the rules of units, and does not learn of them either."""
    row = asked(sam, now)
    assert row.decision == "with owner"
    assert "nobody knows in which unit" in row.reasons
    for unit in ("Retail", "Shops", "Markets"):
        assert unit not in row.reasons + row.conditions


def test_who_comes_from_outside_does_not_ask(organisation, aide, now) -> None:
    guest = add_person(actor=ANNEXA, email="g@example.org", name="Gil", role="external", password=None, now=now)
    with pytest.raises(NotPermittedError):
        asked(guest, now)


# --- who knows of what


def test_an_employee_sees_the_catalogue_and_their_own_requests(sam, lea, aide, now) -> None:
    mine, other = asked(sam, now), asked(lea, now, name="Draft speeches")

    def slugs(person, register):
        return [
            one.row.slug
            for one in list_register(actor=actor_of(person), register=register, asked=Asked(), now=now).rows
        ]

    assert slugs(sam, TOOLS) == ["aide"]
    assert slugs(sam, USES) == [mine.slug]
    assert slugs(sam, USE_RULES) == []
    assert set(slugs(lea, USES)) == {mine.slug, other.slug}
    assert record_page(actor=actor_of(sam), register=USES, slug=mine.slug).row.name == "Draft letters"
    for stranger in (
        Actor(id="person/99", name="X", role="external"),
        Actor(id="nobody", name="X", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)),
    ):
        assert list_register(actor=stranger, register=USES, asked=Asked(), now=now).total == 0


def test_a_token_without_the_verb_does_not_show_them(sam, aide, now) -> None:
    asked(sam, now)
    one = actor_of(sam)
    for scopes, seen in ((frozenset({"read"}), 0), (frozenset({"ask_use"}), 1)):
        actor = Actor(id=one.id, name=one.name, role=one.role, scopes=scopes)
        assert TABLES["use"].objects.visible_to(actor).count() == seen
        assert TABLES["tool"].objects.visible_to(actor).count() == seen


# --- deciding


def test_a_lead_decides_and_the_asker_does_not(sam, lea, aide, now) -> None:
    row = asked(lea, now, tool="", tool_named="Newcomer")
    with pytest.raises(InvalidError, match="Who asked does not decide"):
        decided(lea, row, now)
    row = asked(sam, now, name="Try the newcomer", tool="", tool_named="Newcomer")
    later = now + timedelta(days=1)
    done = decided(lea, row, later, decision="approved with conditions", conditions="Only this month")
    assert (done.decision, done.decided_by, done.decided_on) == (
        "approved with conditions", "lea@example.org", later.date()
    )  # fmt: skip
    assert (done.conditions, done.review_on, done.in_use) == ("Only this month", UNTIL, "yes")
    check_ledger()


def test_the_owner_of_the_tool_decides_and_another_owner_does_not(sam, kim, aide, now) -> None:
    row = asked(sam, now, purpose="translation")
    assert decided(kim, row, now).decided_by == "kim@example.org"
    unknown = asked(sam, now, name="Newcomer", tool="", tool_named="Newcomer")
    with pytest.raises(NotPermittedError, match="does not own the tool"):
        decided(kim, unknown, now)


def test_an_employee_and_an_auditor_do_not_decide(sam, noor, lea, aide, now) -> None:
    row = asked(lea, now, purpose="translation")
    with pytest.raises(NotFoundError):
        decided(sam, row, now)
    with pytest.raises(NotPermittedError):
        decided(noor, row, now)
    with pytest.raises(NotPermittedError):
        decided(sam, asked(sam, now, name="Mine", purpose="translation"), now)


def test_nobody_approves_what_the_law_forbids(sam, lea, aide, now) -> None:
    row = asked(sam, now, purpose="social scoring")
    with pytest.raises(InvalidError, match=r"Art\. 5\(1\)\(c\)"):
        decided(lea, row, now)


def test_a_high_risk_use_needs_its_ai_system(sam, lea, actor, aide, now) -> None:
    row = asked(sam, now, purpose="choosing applicants")
    assert row.decision == "with owner"
    with pytest.raises(InvalidError, match="name the AI system"):
        decided(lea, row, now)
    system = add_system(actor=actor, facts=SystemFacts(name="Screening"), now=now)
    assert decided(lea, row, now, systems=[system.slug]).systems == [system.slug]


def test_policy_of_today_counts_when_it_is_decided(sam, lea, actor, aide, now) -> None:
    """What was asked yesterday is decided by the catalogue of today."""
    row = asked(sam, now, purpose="translation")
    forbidden = TOOLS.replaced(aide.entry, {"status": "forbidden", "reason": "It leaks"})
    change_record(
        actor=actor, register=TOOLS, slug="aide", entry=forbidden, seen=aide.changed_at, now=now + timedelta(hours=1)
    )  # fmt: skip
    with pytest.raises(InvalidError, match="The tool is forbidden here"):
        decided(lea, row, now + timedelta(hours=2))
    assert decided(lea, row, now + timedelta(hours=2), decision="refused").assessment == "refused"


def test_a_decision_about_what_changed_meanwhile_is_not_taken(sam, lea, aide, now) -> None:
    row = asked(sam, now, purpose="translation")
    decided(lea, row, now + timedelta(hours=1))
    row.changed_at = now
    with pytest.raises(ConflictError):
        decided(lea, row, now + timedelta(hours=2))


# --- renewing and withdrawing


def test_it_is_renewed_by_somebody_else_and_for_a_year_at_most(sam, lea, aide, now) -> None:
    row, later = asked(sam, now), now + timedelta(days=80)
    done = renewed(lea, row, later)
    assert (done.review_on, done.reviewed_on, done.decision) == (UNTIL + timedelta(days=100), later.date(), "approved")
    with pytest.raises(InvalidError, match="An approval ends"):
        renewed(lea, done, later, review_on=later.date() + timedelta(days=366))
    own = asked(lea, later, name="Mine")
    with pytest.raises(InvalidError, match="Who asked does not renew"):
        renewed(lea, own, later)


def test_what_is_refused_or_no_longer_allowed_is_not_renewed(sam, lea, actor, aide, now) -> None:
    with pytest.raises(InvalidError, match="It is not approved"):
        renewed(lea, asked(sam, now, purpose="social scoring"), now)
    row = asked(sam, now)
    narrower = TOOLS.replaced(aide.entry, {"data_up_to": "public"})
    change_record(actor=actor, register=TOOLS, slug="aide", entry=narrower, seen=aide.changed_at, now=now)
    with pytest.raises(InvalidError, match="Policy refuses it by now"):
        renewed(lea, row, now)


def test_who_asked_withdraws_and_others_do_not(sam, lea, kim, aide, now) -> None:
    row = asked(sam, now)
    said = {"slug": row.slug, "because": "No longer needed", "seen": row.changed_at, "now": now}
    with pytest.raises(NotPermittedError, match="may not withdraw"):
        withdraw_use(actor=actor_of(kim), person=kim, **said)
    done = withdraw_use(actor=actor_of(sam), person=sam, **said)
    assert (done.ended_on, done.in_use) == (now.date(), "no")
    with pytest.raises(InvalidError, match="over already"):
        withdraw_use(actor=actor_of(sam), person=sam, **{**said, "seen": done.changed_at})
    other = asked(sam, now, name="Another")
    said = {**said, "slug": other.slug, "seen": other.changed_at}
    assert withdraw_use(actor=actor_of(lea), person=lea, **said).ended_on == now.date()


# --- forms and files do not decide


def test_forms_do_not_decide(sam, lea, aide, now) -> None:
    row, lead = asked(sam, now, purpose="translation"), actor_of(lea)
    yes = USES.replaced(row.entry, {"decision": "approved", "decided_by": "kim@example.org"})
    with pytest.raises(InvalidError, match="Decision is settled by its own step") as error:
        change_record(actor=lead, register=USES, slug=row.slug, entry=yes, seen=row.changed_at, now=now)
    assert set(error.value.problems) == {"decision", "decided_by"}
    with pytest.raises(InvalidError, match="settled by its own step"):
        add_record(actor=lead, register=USES, entry=yes, now=now)
    wider = USES.replaced(row.entry, {"data_class": "public"})
    with pytest.raises(InvalidError, match="Data is settled by its own step"):
        change_record(actor=lead, register=USES, slug=row.slug, entry=wider, seen=row.changed_at, now=now)
    noted = USES.replaced(row.entry, {"users": "12", "benefit": "Faster"})
    assert change_record(
        actor=lead, register=USES, slug=row.slug, entry=noted, seen=row.changed_at, now=now
    ).users == "12"  # fmt: skip


def test_files_bring_what_was_decided_elsewhere_but_decide_nothing_here(sam, lea, aide, now) -> None:
    row, lead = asked(sam, now, purpose="translation"), actor_of(lea)
    new = b"Use,Tool,Asked by,Decision,Decided by\nOld use,aide,a@x.org,approved,b@x.org\n"
    planned = plan_register(actor=lead, register=USES, data=new, name="uses.csv")
    assert import_register(actor=lead, planned=planned, now=now).added == 1
    for said, problem in (
        (f"Slug,Use,Decision,Decided by\n{row.slug},Draft letters,approved,b@x.org\n", "Decision is settled"),
        ("Use,Asked by,Decision,Decided by\nMine,a@x.org,approved,A@x.org\n", "is who asked"),
    ):
        plan = plan_register(actor=lead, register=USES, data=said.encode(), name="uses.csv").plan
        assert problem in " ".join(map(str, plan.problems))
        assert plan.rows == ()


def test_an_owner_does_not_change_the_catalogue(kim, aide, now) -> None:
    with pytest.raises(NotPermittedError):
        add_record(actor=actor_of(kim), register=TOOLS, entry=TOOLS.make({"name": "Mine"}), now=now)
