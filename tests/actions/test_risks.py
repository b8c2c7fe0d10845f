"""What is left of a risk is proposed by one and accepted by another, at the level it has, until a day."""

import json
from datetime import date, timedelta

import pytest

from annexa.actions.controls import adopt_control
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.evidence import add_evidence
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record, change_record
from annexa.actions.risks import choose_risk_scale, decide_acceptance, propose_acceptance, withdraw_acceptance
from annexa.answers.registers import one_record
from annexa.answers.risk_scale import rules_at
from annexa.answers.risks import acceptances, in_money, movers, rated_risk, risk_map, risks_at, trend
from annexa.pure.permits import Actor, Grant
from annexa.pure.posture import Verdict
from annexa.pure.registers.risks import RISKS
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.risks import RiskProposal, RiskStep
from tests.actions.test_door import check_ledger

STRANGER = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)
CONTROL = "OPS-10"
"""A control that two files prove."""
EXPECTED = ("test-agreements", "removal-confirmations")


@pytest.fixture
def people(organisation, admin, actor, now):
    """An owner and a lead, beside the administrator."""
    for name, role in (("Ola Owner", "owner"), ("Lee Lead", "lead")):
        email = f"{name.split()[0].lower()}@example.org"
        add_person(actor=actor, email=email, name=name, role=role, password=None, now=now)
    return {one.email.split("@")[0]: one for one in Person.objects.all()}


@pytest.fixture
def risk(people, actor, now):
    """A risk of Ola's that one control brings from medium to low."""
    return add_record(actor=actor, register=RISKS, entry=entry(), now=now)


def entry(**values):
    return RISKS.make(
        {
            "name": "Fire", "area": "security", "owner": "ola@example.org", "likelihood": 3, "impact": 3,
            "controls": (CONTROL,), "target_likelihood": 1, "frequency_low": 0.1, "frequency_high": 1.0,
            "loss_low": "1000.00 EUR", "loss_high": "90000.00 EUR", "frequency_left": 20.0, **values,
        }
    )  # fmt: skip


def prove(person, at):
    """Makes the control effective."""
    adopt_control(actor=actor_of(person), person=person, control=CONTROL, state="implemented", now=at)
    for expectation in EXPECTED:
        add_evidence(
            actor=actor_of(person), person=person, control=CONTROL, expectation=expectation, limit_bytes=10_000, now=at,
            file=f"{expectation} {at}".encode() * 3, name="proof.txt",
        )  # fmt: skip


def propose(person, risk, now, days=90):
    return propose_acceptance(
        actor=actor_of(person), person=person, risk=risk.slug, until=(now + timedelta(days=days)).date(),
        because="Insured", now=now,
    )  # fmt: skip


def decide(person, made, now, *, accept=True, because="Agreed"):
    return decide_acceptance(
        actor=actor_of(person), person=person, proposal=made.id, accept=accept, because=because, now=now
    )


def state_of(risk, actor, now):
    found, rules = rated_risk(actor=actor, now=now, slug=risk.slug)
    return acceptances(actor=actor, now=now, risk=found, rules=rules)[0]


def test_it_works(people, risk, actor, now) -> None:
    before = check_ledger()
    made = propose(people["ola"], risk, now)
    assert (made.level, made.likelihood, made.impact, made.scale) == ("medium", 3, 3, "5x5")
    assert state_of(risk, actor, now).state == "proposed"
    step = decide(people["lee"], made, now)
    assert check_ledger() == before + 3
    kinds = list(LedgerEntry.objects.order_by("-position").values_list("kind", flat=True)[:3])
    assert sorted(kinds) == ["risk", "risk_proposal", "risk_step"]
    body = json.loads(bytes(EntryBody.objects.get(position=LedgerEntry.objects.get(kind="risk_step").position).body))
    assert body["state"] == step.state()
    kept = one_record(actor=actor, register=RISKS, slug=risk.slug)
    assert (kept.accepted_by, kept.accepted_level) == ("lee@example.org", "medium")
    assert kept.accepted_until == made.until
    assert state_of(risk, actor, now).state == "accepted"
    assert state_of(risk, actor, now + timedelta(days=91)).state == "lapsed"


def test_nobody_accepts_alone(people, risk, now) -> None:
    made = propose(people["ola"], risk, now)
    before = check_ledger()
    with pytest.raises(InvalidError, match="does not accept it alone"):
        decide(people["ola"], made, now)
    with pytest.raises(InvalidError, match="Say why"):
        decide(people["lee"], made, now, because=" ")
    assert (check_ledger(), RiskStep.objects.count()) == (before, 0)


def test_the_owner_takes_part(people, risk, now) -> None:
    made = propose(people["ada"], risk, now)
    with pytest.raises(InvalidError, match="owner of the risk neither"):
        decide(people["lee"], made, now)


def test_it_is_decided_once_and_taken_back_once(people, risk, actor, now) -> None:
    made = propose(people["ola"], risk, now)
    with pytest.raises(ConflictError, match="waits for somebody"):
        propose(people["ola"], risk, now)
    decide(people["lee"], made, now)
    with pytest.raises(ConflictError, match="decided about this already"):
        decide(people["lee"], made, now)
    told = {"actor": actor_of(people["lee"]), "person": people["lee"], "proposal": made.id, "now": now}
    with pytest.raises(InvalidError, match="no longer holds"):
        withdraw_acceptance(because=" ", **told)
    withdraw_acceptance(because="A neighbour burnt", **told)
    assert one_record(actor=actor, register=RISKS, slug=risk.slug).accepted_until is None
    with pytest.raises(ConflictError, match="nothing to take back"):
        withdraw_acceptance(because="Again", **told)
    assert [one.step for one in made.steps.all()] == ["accepted", "withdrawn"]
    check_ledger()


def test_a_refused_proposal_settles_nothing(people, risk, actor, now) -> None:
    decide(people["lee"], propose(people["ola"], risk, now), now, accept=False)
    assert one_record(actor=actor, register=RISKS, slug=risk.slug).accepted_by == ""
    assert state_of(risk, actor, now).state == "refused"
    propose(people["ola"], risk, now)


@pytest.mark.parametrize(("values", "days", "field"), [({"impact": None}, 9, "risk"), ({}, -2, "until"), (
    {"likelihood": 5, "impact": 5}, 9, "risk")])  # fmt: skip
def test_what_cannot_be_proposed(people, actor, now, values, days, field) -> None:
    made = add_record(actor=actor, register=RISKS, entry=entry(**values), now=now)
    with pytest.raises(InvalidError) as error:
        propose(people["ola"], made, now, days=days)
    assert field in error.value.problems
    assert not RiskProposal.objects.exists()


def test_a_later_acceptance_takes_the_place_of_an_earlier_one(people, risk, actor, now) -> None:
    """Also when the later one is taken back: then nobody lives with the risk, on its page as in the register."""
    for n, until in enumerate((300, 90)):
        decide(
            people["lee"], propose(people["ola"], risk, now + timedelta(days=n), days=until), now + timedelta(days=n)
        )
    now += timedelta(days=2)
    found, rules = rated_risk(actor=actor, now=now, slug=risk.slug)
    told = acceptances(actor=actor, now=now, risk=found, rules=rules)
    assert [one.state for one in told] == ["accepted", "replaced"]
    withdraw_acceptance(
        actor=actor_of(people["lee"]), person=people["lee"], proposal=told[0].proposal.id, because="A fire", now=now
    )
    told = acceptances(actor=actor, now=now, risk=found, rules=rules)
    assert [one.state for one in told] == ["withdrawn", "replaced"]
    assert one_record(actor=actor, register=RISKS, slug=risk.slug).accepted_until is None


def test_the_acceptance_lapses_when_more_is_left(people, risk, admin, actor, now) -> None:
    """Rule: an acceptance covers the level it named; the control that goes stale raises the risk by itself."""
    prove(admin, now)
    later = now + timedelta(days=300)
    made = propose(people["ola"], risk, later, days=200)
    assert (made.level, made.likelihood) == ("low", 1)
    decide(people["lee"], made, later)
    assert state_of(risk, actor, later).state == "accepted"
    stale = now + timedelta(days=380)
    found = state_of(risk, actor, stale)
    assert found.state == "lapsed"
    assert "rose to medium" in found.because


def test_a_stranger_knows_nothing_of_it(people, risk, now) -> None:
    made = propose(people["ola"], risk, now)
    told = {"actor": STRANGER, "person": people["lee"], "now": now, "because": "x"}
    with pytest.raises(NotFoundError):
        propose_acceptance(risk=risk.slug, until=now.date(), **told)
    with pytest.raises(NotFoundError):
        decide_acceptance(proposal=made.id, accept=True, **told)
    with pytest.raises(NotFoundError):
        withdraw_acceptance(proposal=made.id, **told)
    assert risks_at(STRANGER, now=now) == []


def test_what_was_accepted_is_no_field_of_a_form(people, risk, actor, now) -> None:
    row = one_record(actor=actor, register=RISKS, slug=risk.slug)
    forged = RISKS.replaced(row.entry, {"accepted_until": date(2027, 1, 1)})
    with pytest.raises(InvalidError, match="settled by its own step"):
        change_record(actor=actor, register=RISKS, slug=risk.slug, entry=forged, seen=row.changed_at, now=now)


# --- the scale


OWN = """
[[matrix]]
id = "ours"
title = "Ours"
use = "Here."
rows = [["fine", "bad"]]
likelihood = [{value = 1, word = "sometimes", meaning = "M", from_per_year = 0.0}]
impact = [
  {value = 1, word = "small", from_share = 0.0, to_share = 0.1, meaning = {organisation = "O", individuals = "I", groups = "G", society = "S"}},
  {value = 2, word = "large", from_share = 0.1, meaning = {organisation = "O", individuals = "I", groups = "G", society = "S"}},
]
level = [
  {id = "fine", title = "Fine", accepted_by = "risk owner", rule = "R"},
  {id = "bad", title = "Bad", accepted_by = "nobody", rule = "R"},
]
"""  # noqa: E501


def choose(person, now, **more):
    told = {"scale": "3x3", "appetite": {"": "medium"}, "because": "Agreed by the board"}
    return choose_risk_scale(actor=actor_of(person), person=person, now=now, **(told | more))


def test_another_scale_counts_from_now_on(people, risk, actor, now) -> None:
    later = now + timedelta(days=1)
    choose(people["lee"], later, appetite={"": "medium", "ai": "low"})
    rules = rules_at(later)
    assert (rules.scale.id, rules.appetite_of("security"), rules.appetite_of("ai")) == ("3x3", "medium", "low")
    assert rules_at(now).scale.id == "5x5"
    assert rated_risk(actor=actor, now=later, slug=risk.slug)[0].residual.level.id == "critical"
    check_ledger()


def test_a_scale_of_ones_own(people, risk, actor, now) -> None:
    choose(people["lee"], now, told=OWN, appetite={"": "fine"})
    assert rules_at(now).scale.title == "Ours"
    found, _ = rated_risk(actor=actor, now=now, slug=risk.slug)
    assert found.residual is None  # a rating that the scale does not have counts as none


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"scale": "7x7"}, "scale"),
        ({"told": "x = ="}, "told"),
        ({"told": OWN.replace('["fine", "bad"]', '["bad", "fine"]')}, "told"),
        ({"appetite": {"": "huge"}}, "appetite"),
        ({"appetite": {"ai": "low"}}, "appetite"),
        ({"appetite": {"": "low", "moon": "low"}}, "appetite"),
        ({"because": " "}, "because"),
    ],
)
def test_what_is_no_scale(people, now, more, field) -> None:
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        choose(people["lee"], now, **more)
    assert list(error.value.problems) == [field]
    assert check_ledger() == before


def test_an_owner_does_not_choose_the_scale(people, now) -> None:
    with pytest.raises(NotPermittedError):
        choose(people["ola"], now)


# --- all of them, at any time


def test_the_map_counts_what_is_left_and_what_was_there(people, risk, admin, actor, now) -> None:
    add_record(actor=actor, register=RISKS, entry=RISKS.make({"name": "Vague", "area": "ai"}), now=now)
    prove(admin, now)
    found = risk_map(actor=actor, now=now)
    assert [(one.likelihood, one.impact) for row in found.rows for one in row if one.risks] == [(1, 3)]
    assert [one.slug for one in found.unrated] == ["vague"]
    before = risk_map(actor=actor, now=now, inherent=True)
    assert [(one.likelihood, one.impact) for row in before.rows for one in row if one.risks] == [(3, 3)]
    assert [one.slug for one in risk_map(actor=actor, now=now, area="ai").risks] == ["vague"]


def test_what_moved_is_told_with_its_cause(people, risk, admin, actor, now) -> None:
    prove(admin, now)
    later = now + timedelta(days=380)
    (moved,) = movers(actor=actor, now=later, days=30)
    assert (moved.by, moved.now.slug) == (6, "fire")
    assert [(one.control, one.before, one.after) for one in moved.causes] == [
        (CONTROL, Verdict.EFFECTIVE, Verdict.STALE)
    ]
    assert moved.causes[0].on == (now + timedelta(days=365)).date()
    assert movers(actor=actor, now=now + timedelta(days=60), days=30) == ()


def test_the_past_is_as_it_was_recorded(people, risk, actor, now) -> None:
    later = now + timedelta(days=70)
    row = one_record(actor=actor, register=RISKS, slug=risk.slug)
    changed = RISKS.replaced(row.entry, {"impact": 5})
    change_record(
        actor=actor, register=RISKS, slug=risk.slug, entry=changed, seen=row.changed_at, now=later, because="A case"
    )
    points = trend(actor=actor, now=later + timedelta(days=1))
    assert [one.counts["medium"] for one in points[:-1]] == [1] * (len(points) - 1)
    assert len(points) >= 3
    assert points[-1].counts["high" if points[-1].counts["high"] else "critical"] == 1
    assert dict(risks_at(actor, now=later, at=now + timedelta(days=1)))["fire"].impact == 3
    (moved,) = movers(actor=actor, now=later + timedelta(days=1), days=7)
    assert [(one.label, one.before, one.after) for one in moved.causes] == [("Impact", "3", "5")]


def test_what_is_left_in_money_follows_the_controls(people, risk, admin, actor, now) -> None:
    bare, left = in_money(actor=actor, now=now)["EUR"][1:]
    assert bare.together.mean == left.together.mean
    prove(admin, now)
    bare, left = in_money(actor=actor, now=now)["EUR"][1:]
    assert left.together.mean < bare.together.mean * 0.3
