"""Which controls apply is decided with reasons; the statement is frozen, and approved by somebody else, as a whole."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.controls import close_judgement, judge
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement, withdraw_statement
from annexa.answers.errors import UnknownError
from annexa.answers.posture import standpoint
from annexa.answers.soa import compare, draft, list_versions, one_version
from annexa.pure.permits import ANNEXA
from annexa.pure.posture import Verdict
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.duties import DUTIES
from annexa.pure.registers.risks import AREAS, RISKS
from annexa.pure.registers.scopes import SCOPES
from annexa.pure.soa import Choice, to_json
from annexa.records import guard
from annexa.records.controls import Judgement
from annexa.records.soa import Inclusion, StatementDecision, StatementVersion
from tests.actions.test_classification import entries

UNTIL = date(2027, 11, 20)
LEASED = Choice(framework="iso27001-2022", requirement="A.7.11", applies=False, because="The landlord runs it")


@pytest.fixture
def lena(organisation, now):
    """A compliance lead."""
    return add_person(actor=ANNEXA, email="lena@example.org", name="Lena Lead", role="lead", password=None, now=now)


@pytest.fixture
def said(actor, now):
    """The statement as it stands."""
    return lambda at=now: draft(actor=actor, now=at)


@pytest.fixture
def choose(actor, admin, now):
    """Decides as the administrator."""

    def decide(*choices, until=UNTIL, at=now):
        return decide_applicability(actor=actor, person=admin, choices=choices, until=until, now=at)

    return decide


@pytest.fixture
def complete(choose, said):
    """Follows every proposal, as somebody does in an empty organisation."""
    return lambda: choose(*said().proposals.values())


@pytest.fixture
def ask(actor, admin, now):
    """Asks for approval as the administrator."""
    return lambda at=now, **scopes: ask_approval(actor=actor, person=admin, scopes=scopes, because="Yearly", now=at)


@pytest.fixture
def decided(lena, now):
    """Decides as the compliance lead."""

    def decide(number=1, decision="approved", because="Read it", by=lena):
        return decide_statement(
            actor=actor_of(by), person=by, number=number, decision=decision, because=because, now=now
        )

    return decide


def test_an_empty_organisation_has_a_complete_statement_after_one_confirmation(said, complete, ask, decided) -> None:
    """Nobody types anything: what is proposed is confirmed, asked for and approved."""
    before = said()
    assert len(before.missing) == len(before.statement.lines) == len(before.proposals) > 90
    assert complete() == len(before.proposals)
    after = said()
    assert after.missing == ()
    assert after.proposals == {}
    assert ask().number == 1
    decided()
    assert said().approved.number == 1
    assert said().changes == ()
    assert said().number == 2


def test_a_decision_leaves_one_entry_and_the_same_again_none(choose, said) -> None:
    one = Choice(framework="iso27001-2022", requirement="A.5.1", applies=True, reasons=("law", "risk"))
    assert choose(one) == 1
    assert choose(one, replace(one, reasons=("risk", "law"))) == 0
    assert [entry["state"]["requirement"] for entry in entries("soa_inclusion")] == ["A.5.1"]
    line = said().statement.by_key["iso27001-2022", "A.5.1"]
    assert (line.applies, set(line.reasons), line.by) == (True, {"law", "risk"}, "Ada Admin")


def test_what_does_not_apply_is_an_exclusion_and_nothing_else(choose, said, actor, now) -> None:
    """One source of truth: the judgement lowers the requirement to not applicable, in the statement and everywhere."""
    choose(LEASED)
    judgement = Judgement.objects.get()
    assert (judgement.kind, judgement.subject, judgement.because) == ("exclusion", "A.7.11", "The landlord runs it")
    line = said().statement.by_key["iso27001-2022", "A.7.11"]
    assert (line.applies, line.because, line.until) == (False, "The landlord runs it", UNTIL)
    assert line.verdict is Verdict.NOT_APPLICABLE
    assert standpoint(actor=actor, now=now).proof("iso27001-2022", "A.7.11").verdict is Verdict.NOT_APPLICABLE


def test_an_exclusion_recorded_on_the_requirement_is_in_the_statement(said, actor, admin, now) -> None:
    judge(
        actor=actor, person=admin, kind="exclusion", subject="A.7.12", framework="iso27001-2022",
        because="No cabling", ends_at=now + timedelta(days=9), now=now,
    )  # fmt: skip
    assert said().statement.by_key["iso27001-2022", "A.7.12"].because == "No cabling"
    ended = said(now + timedelta(days=10)).statement.by_key["iso27001-2022", "A.7.12"]
    assert ended.applies is None


def test_what_applies_again_closes_its_exclusion(choose, said, now) -> None:
    choose(LEASED)
    choose(replace(LEASED, because="Bought the building"), at=now + timedelta(days=1))
    assert [entry["because"] for entry in entries("closure")] == ["Another exclusion takes its place."]
    later = now + timedelta(days=2)
    choose(replace(LEASED, applies=True, reasons=("practice",), because=""), at=later)
    assert said(later).statement.by_key["iso27001-2022", "A.7.11"].applies is True
    assert Judgement.objects.filter(closure__isnull=True).count() == 0


def test_an_inclusion_does_not_outlive_a_later_exclusion(choose, said, actor, admin, now) -> None:
    """When an exclusion ends or is closed, somebody decides anew."""
    choose(replace(LEASED, applies=True, reasons=("practice",)))
    choose(LEASED, at=now + timedelta(days=1))
    close_judgement(
        actor=actor, person=admin, judgement=Judgement.objects.get().id, because="Wrong", now=now + timedelta(days=2)
    )
    assert said(now + timedelta(days=3)).statement.by_key["iso27001-2022", "A.7.11"].applies is None


def test_what_is_left_out_in_one_annex_is_proposed_for_what_asks_the_same(choose, said) -> None:
    """Nobody writes a justification twice."""
    choose(Choice(framework="iso27001-2022", requirement="A.5.36", applies=False, because="Nothing to comply with"))
    proposals = [one for one in said().proposals.values() if not one.applies]
    assert {one.because for one in proposals} <= {"Nothing to comply with"}


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(choose) -> None:
    bad = [replace(LEASED, because=" "), Choice(framework="iso27001-2022", requirement="A.5.1", applies=True)]
    with pytest.raises(InvalidError, match=r"(?s)A\.7\.11.*A\.5\.1"):
        choose(*bad)
    with pytest.raises(InvalidError, match="until which day"):
        choose(LEASED, until=None)
    with pytest.raises(InvalidError, match="at least one"):
        choose()
    with pytest.raises(NotFoundError, match=r"6\.1\.3 of iso27001-2022"):
        choose(replace(LEASED, requirement="6.1.3"))
    assert not Judgement.objects.exists()
    assert not Inclusion.objects.exists()


def test_an_incomplete_statement_is_not_approved(ask, complete, choose, said) -> None:
    with pytest.raises(InvalidError, match=r"A\.5\.1 lacks a decision"):
        ask()
    complete()
    with pytest.raises(InvalidError, match="ISMS lacks what the ISMS reaches"):
        ask(isms=" ")
    assert not StatementVersion.objects.exists()


def test_a_version_never_changes(ask, complete, choose, actor, said, now) -> None:
    complete()
    made = ask(isms="Operation of the grid")
    frozen = to_json(one_version(actor=actor, number=1, now=now).statement)
    assert frozen == made.content
    choose(LEASED, at=now + timedelta(days=1))
    assert to_json(one_version(actor=actor, number=1, now=now + timedelta(days=1)).statement) == frozen
    assert one_version(actor=actor, number=1, now=now).statement.scopes[0].text == "Operation of the grid"
    with pytest.raises(ConflictError, match="Version 1 waits"):
        ask()
    found = compare(actor=actor, old="1", new="draft", now=now + timedelta(days=1))
    assert [(one.key[1], "applies" in one.what) for one in found.changes] == [("A.7.11", True)]


def test_the_statement_says_what_posture_says(ask, complete, actor, now) -> None:
    """A frozen verdict is that of the engine at the statement's own instant, whenever it is asked again."""
    complete()
    ask()
    held = one_version(actor=actor, number=1, now=now).statement
    stand = standpoint(actor=actor, now=now + timedelta(days=30), at=held.at)
    for framework in held.standards:
        computed = {line.requirement.id: line.verdict for line in stand.posture(framework).lines}
        told = {line.requirement: line.verdict for line in held.lines if line.framework == framework}
        assert told == {one: computed[one] for one in told}


def test_nobody_approves_what_they_asked_for(ask, complete, decided, admin, lena, actor) -> None:
    complete()
    ask()
    with pytest.raises(NotPermittedError, match="Ada Admin asked for this approval"):
        decided(by=admin)
    row = StatementVersion.objects.get()
    forged = StatementDecision(
        id="x", version=row, decision="approved", findings=0, because="b", recorded_at=row.recorded_at, by=admin,
        asked_by=admin,
    )  # fmt: skip
    with guard.opened(), transaction.atomic(), pytest.raises(IntegrityError):
        forged.save()
    decided()
    assert [entry["state"]["decision"] for entry in entries("soa_decision")] == ["approved"]
    with pytest.raises(InvalidError, match="approved already"):
        decided()


def test_returned_and_withdrawn_versions_keep_their_numbers(ask, complete, decided, actor, admin, said, now) -> None:
    complete()
    ask()
    with pytest.raises(InvalidError, match="needs its reason"):
        decided(decision="returned", because=" ")
    with pytest.raises(InvalidError, match="no decision"):
        decided(decision="maybe")
    decided(decision="returned", because="A.5.7 is not true")
    ask()
    withdraw_statement(actor=actor, person=admin, number=2, because="Too early", now=now)
    assert ask().number == 3
    decided(number=3)
    assert [(one.number, one.state) for one in list_versions(actor=actor, now=now)] == [
        (3, "approved"), (2, "withdrawn"), (1, "returned"),
    ]  # fmt: skip
    with pytest.raises(NotFoundError, match="no version 9"):
        decided(number=9)


def test_owners_and_auditors_do_not_decide(choose, said, kim, noor, now) -> None:
    """Only who leads; an auditor reads."""
    for one in (kim, noor):
        with pytest.raises(NotPermittedError):
            decide_applicability(actor=actor_of(one), person=one, choices=[LEASED], until=UNTIL, now=now)
        with pytest.raises(NotPermittedError):
            ask_approval(actor=actor_of(one), person=one, scopes={}, now=now)
    assert draft(actor=actor_of(noor), now=now).number == 1


def test_who_sees_a_part_sees_no_statement(organisation, now) -> None:
    """A statement speaks of the whole organisation."""
    mia = add_person(actor=ANNEXA, email="mia@example.org", name="Mia", role="member", password=None, now=now)
    with pytest.raises(UnknownError):
        draft(actor=actor_of(mia), now=now)
    with pytest.raises(UnknownError):
        list_versions(actor=actor_of(mia), now=now)


def scope(actor, now, **more):
    """A scope on record."""
    entry = SCOPES.make({"name": "ISMS", "part": "isms", "boundaries": "Operation of the grid", **more})
    return add_record(actor=actor, register=SCOPES, entry=entry, now=now)


def test_the_scope_on_record_is_that_of_the_statement(actor, said, complete, ask, now) -> None:
    """Nobody types a scope that is on record; another one is a finding, that of a certificate too."""
    complete()
    scope(actor, now, locations="Vienna", certificate="C-1", certificate_scope="Operation of the grid.")
    assert said().statement.scopes[0].locations == "Vienna"
    assert said().findings == ()
    ask(isms="Trading")
    assert decide_statement_of_lena(now).findings == 2
    assert [one.about for one in said().findings] == ["isms", "isms"]
    assert said().statement.scopes[0].text == "Operation of the grid"


def decide_statement_of_lena(now):
    lena = add_person(actor=ANNEXA, email="l@example.org", name="Lena", role="lead", password=None, now=now)
    return decide_statement(
        actor=actor_of(lena), person=lena, number=1, decision="approved", because="Read it", now=now
    )


def test_obligations_on_record_are_reasons(actor, said, now) -> None:
    """A contract that a control meets is why the control applies; one that is out of scope is not."""
    for name, met in (("Customer audit", "met"), ("Old contract", "out of scope")):
        entry = DUTIES.make({"name": name, "kind": "contract", "controls": ("GOV-02",), "met": met, "how": "So"})
        add_record(actor=actor, register=DUTIES, entry=entry, now=now)
    line = said().statement.by_key["iso27001-2022", "A.5.1"]
    assert line.contracts == ("Customer audit",)
    assert "contract" in said().proposals[line.key].reasons


def test_risks_on_record_are_reasons(actor, said, choose, now) -> None:
    """A risk that names a control justifies it; leaving the control out contradicts the risk register."""
    entry = RISKS.make({"name": "Fire", "area": AREAS[0], "controls": ("PHY-02",)})
    add_record(actor=actor, register=RISKS, entry=entry, now=now)
    lines = [line for line in said().statement.lines if line.risks == ("Fire",)]
    assert lines
    assert all("risk" in said().proposals[line.key].reasons for line in lines)
    choose(Choice(framework=lines[0].framework, requirement=lines[0].requirement, applies=False, because="No"))
    assert any("Fire" in one.says for one in said().findings)


def test_the_policy_binds_whom_the_scope_covers(said, actor, now) -> None:
    """Rule: certificate, scope statement and policy speak of the same parts, or it is a finding."""
    scope = {"name": "ISMS", "part": "isms", "boundaries": "All we do", "covers": "Sales, Plant"}
    add_record(actor=actor, register=SCOPES, entry=SCOPES.make(scope), now=now)
    policy = {"name": "Security", "kind": "policy", "management_systems": ("isms",), "covers": "Plant"}
    add_record(actor=actor, register=DOCUMENTS, entry=DOCUMENTS.make(policy), now=now)
    (found,) = said().findings
    assert (found.about, "in the policy Security" in found.says) == ("isms", True)
