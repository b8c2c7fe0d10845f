"""Attempts with nothing but what the product offers, by people who may sign in."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.access_reviews import close_access_review, decide_access
from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    start_assessment,
)
from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.evidence import attest
from annexa.actions.libraries import import_files
from annexa.actions.organisation import choose_frameworks
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system, change_system, import_systems
from annexa.answers.classification import classified
from annexa.answers.imports import plan_systems
from annexa.answers.pack import make_pack
from annexa.answers.verification import verify_pack
from annexa.library.reader import shipped
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import VERBS
from annexa.pure.posture import Verdict
from annexa.records.access_reviews import AccessList, AccessReview
from annexa.records.classifications import ClassificationAnswers
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.records.guard import DoorClosedError
from annexa.records.people import Person
from annexa.records.recorded import recorded_tables
from annexa.records.systems import AiSystem
from tests.assessing import answers_to
from tests.honesty.house import FRAMEWORKS, LAW, NOW, House, days, engine, proof

pytestmark = pytest.mark.django_db


def ola() -> Person:
    """Who owns controls and adds evidence."""
    return Person.objects.get(role="owner")


# --- before anything is tried


def test_it_holds(house: House) -> None:
    said = house.verify()
    assert said.failing() == ()
    assert said.code == 0
    assert house.run("doctor").code == 0


def test_there_is_everything_to_hide_and_to_gain(house: House) -> None:
    """No attempt passes because there was nothing to win, and no table stays empty."""
    assert house.verdicts() == house.before
    assert set(house.before.values()) == set(Verdict) - {Verdict.UNCOVERED}
    assert Counter(house.before.values())[Verdict.MET] > 3
    for table in recorded_tables():
        assert table.objects.exists(), table


# --- evidence


def test_evidence_observed_in_the_past(house: House) -> None:
    """Add evidence today that says it was observed long ago, so that an earlier date looks met.

    Given away by the time it was recorded: as of that date no verdict changes.
    """
    for at in (days(50), days(5)):
        before = house.verdicts(at)
        proof(ola(), "GOV-02", "approved-policies", at=NOW, observed_at=days(60))
        proof(ola(), "SUP-01", "due-diligence-files", at=NOW, observed_at=days(60))
        assert house.verdicts(at) == before


def test_evidence_observed_in_the_future(house: House) -> None:
    """Date evidence ahead, so that it lasts longer.

    Given away by the clock: it is refused.
    """
    with house.refused(InvalidError, "lies in the future"):
        proof(ola(), "SUP-01", "due-diligence-files", at=NOW, observed_at=NOW + timedelta(days=30))


def test_evidence_for_longer_than_it_may_last(house: House) -> None:
    """Say that evidence is valid for ten years where a year is the limit.

    Given away by the limit of the expectation: it expires when it is too old, whatever was said.
    """
    made = proof(ola(), "SUP-01", "due-diligence-files", at=NOW, expires_at=NOW + timedelta(days=3650))
    assert made.expires_at == NOW + timedelta(days=365)
    assert house.verdicts(NOW + timedelta(days=364))["control", "SUP-01", ORGANISATION] is Verdict.EFFECTIVE
    assert house.verdicts(NOW + timedelta(days=365))["control", "SUP-01", ORGANISATION] is Verdict.STALE


def test_evidence_that_was_too_old_already(house: House) -> None:
    """Add an old report that has expired, so that there is one at all.

    Given away by its date: it is refused.
    """
    with house.refused(InvalidError, "it would prove nothing"):
        proof(ola(), "SUP-01", "due-diligence-files", at=NOW, observed_at=days(366))


def test_an_empty_file(house: House) -> None:
    """Add an empty file as evidence.

    Given away by its size: it is refused.
    """
    with house.refused(InvalidError, "is empty"):
        proof(ola(), "SUP-01", "due-diligence-files", at=NOW, file=b"")


def test_a_statement_where_a_file_is_asked_for(house: House) -> None:
    """State that something is so where a report is asked for.

    Given away by the kind of the expectation: it is refused.
    """
    with house.refused(InvalidError, "This asks for artifact evidence, not for a statement."):
        attest(
            **house.person("owner"), control="SUP-01", expectation="due-diligence-files", now=NOW,
            statement="All suppliers were looked at.",
        )  # fmt: skip


def test_evidence_for_what_the_records_say(house: House) -> None:
    """Upload a file that says every system has an owner, instead of naming the owners.

    Given away by the kind of the expectation: a check over the records takes no files.
    """
    with house.refused(InvalidError, "Annexa reads this from its own records"):
        proof(ola(), "AIM-01", "system-owner-named", at=NOW)


# --- results that fail


def test_a_failing_result_withdrawn(house: House) -> None:
    """Withdraw, edit or delete a failing result.

    Given away by there being no action for it, and by tables that refuse every write outside an action.
    """
    undoing = "withdraw|delete|remove|edit|revoke|retract"
    assert not [verb for verb in VERBS if re.search(undoing, verb) and "token" not in verb]
    failing = Evidence.objects.filter(control="INC-03", passing=False)
    for attempt in (failing.delete, lambda: failing.update(passing=True), lambda: failing.get().save()):
        with pytest.raises(DoorClosedError):
            attempt()
    assert house.verdicts() == house.before


def test_a_failing_result_behind_an_older_pass(house: House) -> None:
    """Answer a failing result with a pass that was observed before it.

    Given away by the order of observation: a failure stands until something newer passes.
    """
    proof(ola(), "INC-03", "lessons-register", at=NOW, observed_at=days(30))
    assert house.better() == []
    assert house.verdicts()["control", "INC-03", ORGANISATION] is Verdict.FAILING


def test_a_failing_result_behind_a_pass_elsewhere(house: House) -> None:
    """Answer a failing result of one AI system with a pass of another one.

    Given away by the scope: the first one fails as before, and so does the organisation.
    """
    proof(ola(), "LIF-07", "monitors-pass", at=NOW, scope="ranking")
    after = house.verdicts()
    for scope in ("chatbot", ORGANISATION):
        assert after["control", "LIF-07", scope] is Verdict.FAILING
    assert house.better() == []


def test_a_failing_signal_falls_silent(house: House) -> None:
    """Switch a failing monitor off, and wait until its result is too old.

    Given away by rule: time does not heal a failure.
    """
    later = NOW + timedelta(days=15)
    assert house.verdicts(later)["control", "LIF-07", "chatbot"] is Verdict.FAILING
    assert house.better(at=later) == []


def test_a_passing_source_falls_silent(house: House) -> None:
    """Switch off whatever could fail: a scanner, a review, a monitor that passed.

    Given away by its silence: what is not proven again by its date is stale, and counts as not met.
    """
    later = NOW + timedelta(days=300)
    assert house.verdicts(later)["control", "GOV-02", ORGANISATION] is Verdict.STALE
    met = {key for key, verdict in house.before.items() if verdict is Verdict.MET}
    assert {key for key, verdict in house.verdicts(later).items() if verdict is Verdict.MET} < met


def test_a_failing_file_replaced_by_one_of_the_same_name(house: House) -> None:
    """Upload a better file under the name of a failing one.

    Given away by the proof: both stand in it with their digests, dates and who added them; neither replaced the other.
    """
    old = Evidence.objects.get(control="INC-03", passing=False)
    new = proof(ola(), "INC-03", "lessons-register", at=NOW, name=old.name)
    (shown,) = (e for e in engine().control("INC-03").expectations if e.expectation.id == "lessons-register")
    assert [(fact.id, fact.name, fact.passing) for fact in shown.evidence[:2]] == [
        (new.id, old.name, True), (old.id, old.name, False),
    ]  # fmt: skip
    assert new.supersedes == old.id
    assert house.verify().code == 0


# --- declarations and exclusions


def test_a_declaration_dated_back(house: House) -> None:
    """Declare a control implemented since last year, today.

    Given away by the time it was recorded: as of an earlier date no verdict changes, and no requirement
    is met today without evidence.
    """
    before = house.verdicts(days(50))
    adopt_control(**house.person("lead"), control="GOV-11", state="implemented", effective_at=days(400), now=NOW)
    assert house.verdicts(days(50)) == before
    assert house.verdicts()["control", "GOV-11", ORGANISATION] is Verdict.UNPROVEN
    assert [line for line in house.better() if not line.startswith("control/")] == []


def test_a_declaration_dated_ahead(house: House) -> None:
    """Declare today what is to be done some day.

    Given away by the clock: it is refused.
    """
    with house.refused(InvalidError, "This lies in the future; record it when it is true."):
        ahead = NOW + timedelta(days=30)
        adopt_control(**house.person("lead"), control="GOV-11", state="implemented", effective_at=ahead, now=NOW)


def test_a_control_excluded_without_a_reason(house: House) -> None:
    """Exclude a control that fails, and say nothing.

    Given away by the missing justification: it is refused.
    """
    with house.refused(InvalidError, "An exclusion needs a justification"):
        adopt_control(**house.person("lead"), control="INC-03", state="excluded", because=" ", now=NOW)


def test_a_control_excluded_without_the_right_to(house: House) -> None:
    """Exclude a control that fails, as its owner.

    Given away by the role: only a compliance lead or administrator may.
    """
    with house.refused(NotPermittedError, "Ola Owner may not exclude control; an administrator, a compliance lead"):
        adopt_control(**house.person("owner"), control="INC-03", state="excluded", because="Not ours", now=NOW)


def test_a_control_excluded_with_a_reason(house: House) -> None:
    """Exclude a control that fails, with the right and a pretext.

    Given away by name: the reason and who gave it stand in the ledger and in the proof, and nothing is met by it.
    """
    adopt_control(**house.person("lead"), control="INC-03", state="excluded", because="Not ours", now=NOW)
    kind, actor, verb, because = house.last_entry()
    assert (kind, actor, verb, because) == ("adoption", house.actor("lead").id, "exclude_control", "Not ours")
    adoption = engine().control("INC-03").adoption
    assert adoption is not None
    assert (adoption.because, adoption.by) == ("Not ours", "Lee Lead")
    assert not any(line.endswith("→ met") for line in house.better())


def test_a_requirement_excluded_without_an_end(house: House) -> None:
    """Exclude a requirement for good, so that nobody looks at it again.

    Given away by the missing end: it is refused.
    """
    with house.refused(InvalidError, "It needs an end date"):
        judge(
            **house.person("lead"), kind="exclusion", framework="iso42001-2023", subject="6.2", because="Later", now=NOW
        )


def test_an_exception_accepted(house: House) -> None:
    """Accept an exception for everything that fails.

    Given away by rule: it stands beside the verdict, which stays as computed.
    """
    for subject in ("GOV-07", "INC-03", "SUP-01", "LIF-07"):
        judge(
            **house.person("lead"), kind="accepted exception", subject=subject, because="We live with it",
            ends_at=NOW + timedelta(days=90), now=NOW,
        )  # fmt: skip
    assert house.verdicts() == house.before


def test_a_verdict_typed_in(house: House) -> None:
    """Record that a requirement is met.

    Given away by rule: nobody types in a verdict; only findings, exceptions and exclusions can be recorded.
    """
    with house.refused(InvalidError, "'met' is not a judgement"):
        judge(**house.person("lead"), kind="met", framework="iso42001-2023", subject="6.2", because="It is", now=NOW)


def test_a_nonconformity_closed_without_a_reason(house: House) -> None:
    """Close a major nonconformity, and say nothing.

    Given away by the missing reason: it is refused.
    """
    found = Judgement.objects.get(kind="major nonconformity")
    with house.refused(InvalidError, "Say what was done."):
        close_judgement(**house.person("lead"), judgement=found.id, because="", now=NOW)


def test_a_nonconformity_closed_by_who_owns_the_control(house: House) -> None:
    """Close a major nonconformity against a control of one's own.

    Given away by the role: owners may not.
    """
    found = Judgement.objects.get(kind="major nonconformity")
    with house.refused(NotPermittedError, "Ola Owner may not close judgement"):
        close_judgement(**house.person("owner"), judgement=found.id, because="It is fine", now=NOW)


def test_a_plan_that_never_comes_due(house: House) -> None:
    """Plan a control without a date, or with one that has passed.

    Given away by the date: it is refused.
    """
    for due, sentence in ((None, "A plan needs a date."), (days(1), "is not ahead")):
        with house.refused(InvalidError, sentence):
            adopt_control(**house.person("lead"), control="GOV-11", state="planned", plan_due=due, now=NOW)


def test_a_control_overridden_in_one_system(house: House) -> None:
    """Exempt one AI system from a control of the organisation, and say nothing.

    Given away by the missing reason: it is refused.
    """
    with house.refused(InvalidError, "say why this one is different"):
        adopt_control(**house.person("lead"), control="INC-03", state="implemented", scope="chatbot", now=NOW)


# --- classes and systems


def test_ones_own_classification_approved(house: House) -> None:
    """Answer the questions of the law conveniently, and approve the answers oneself.

    Given away by four eyes: whoever answered or asked for the review is refused, also as a compliance lead.
    """
    who = house.person("lead")
    latest = ClassificationAnswers.objects.get(scope="ranking")
    made = answer_classification(
        **who, tree=LAW, scope="ranking", given={}, seen=latest.id, because="Looked again", now=NOW
    )
    ask_review(**who, answers=made.id, now=NOW)
    with house.refused(NotPermittedError, "somebody else has to review it"):
        review_classification(**who, answers=made.id, decision="approved", because="Fine", now=NOW)


def test_ones_own_access_kept(house: House) -> None:
    """Decide in an access review that one's own access stays.

    Given away by four eyes: it is refused, also for an administrator.
    """
    review = AccessReview.objects.get(end=None)
    with house.refused(InvalidError, "Nobody decides about their own access: row 2 (ada@example.org)"):
        decide_access(
            **house.person("administrator"), review=review.id, lines=[(review.lists[0], 2)], decision="keep",
            because="I need it", now=NOW,
        )  # fmt: skip


def test_an_old_access_list_reviewed(house: House) -> None:
    """Review access with an old list, so that what came since is not seen.

    Given away by the day the list was taken: the review counts from then on, and not a day longer.
    """
    review = AccessReview.objects.get(end=None)
    for row in (2, 3, 4):
        decide_access(
            **house.person("lead"), review=review.id, lines=[(review.lists[0], row)], decision="keep", because="Fine",
            now=NOW,
        )  # fmt: skip
    close_access_review(**house.person("lead"), review=review.id, now=NOW)
    taken_at = AccessList.objects.get(id=review.lists[0]).taken_at
    house.restart()
    assert engine(NOW).reviewed == {"chatbot": taken_at + timedelta(days=100)}


def test_an_access_review_cut_short(house: House) -> None:
    """End an access review without looking at the awkward lines.

    Given away by rule: with a line left open it needs a reason, and counts for nothing.
    """
    review = AccessReview.objects.get(end=None)
    with house.refused(InvalidError, "3 lines are not decided"):
        close_access_review(**house.person("lead"), review=review.id, now=NOW)
    before = engine(NOW).reviewed
    close_access_review(**house.person("lead"), review=review.id, because="No time", now=NOW)
    house.restart()
    assert engine(NOW).reviewed == before
    assert house.better() == []


def test_a_system_declassified(house: House) -> None:
    """Take the risk class from an AI system's record, to shed its duties.

    Given away by the checks over the register: they fail, and the entry names who did it.
    """
    system = AiSystem.objects.get(slug="ranking")
    facts = replace(system.facts(), classes=(), high_risk_by="")
    change_system(actor=house.actor("owner"), slug="ranking", facts=facts, seen=system.changed_at, now=NOW)
    assert house.last_entry()[:3] == ("ai_system", house.actor("owner").id, "change_system")
    assert {"AIM-02"} <= house.worse()
    assert house.verdicts()["control", "AIM-02", "ranking"] is Verdict.FAILING
    assert not any(line.endswith("→ met") for line in house.better())


def test_a_system_put_into_a_lower_class(house: House) -> None:
    """Write a lower class over the one that was approved.

    Given away by the difference to the approved answers, on the page of the classification, duty by duty.
    """
    system = AiSystem.objects.get(slug="ranking")
    was, facts = system.facts(), replace(system.facts(), classes=("minimal",), high_risk_by="")
    change_system(actor=house.actor("owner"), slug="ranking", facts=facts, seen=system.changed_at, now=NOW)
    house.restart()
    shown = classified(actor=house.actor("auditor"), tree=LAW, scope="ranking", now=NOW)
    assert shown.approved is not None
    assert shown.difference is not None
    assert ("classes", ("minimal",), was.classes) in shown.difference.fields
    assert len(shown.difference.appear) > 5


def test_a_system_retired_and_added_again(house: House) -> None:
    """Retire an AI system that fails, and add it again with a clean record.

    Given away by its new slug: no evidence comes with it, nothing is met that was not, and the ledger has both steps.
    """
    system = AiSystem.objects.get(slug="chatbot")
    facts = replace(system.facts(), stage="retirement")
    change_system(actor=house.actor("owner"), slug="chatbot", facts=facts, seen=system.changed_at, now=NOW)
    again = add_system(actor=house.actor("owner"), facts=system.facts(), now=NOW)
    assert again.slug == "chatbot-2"
    after = house.verdicts()
    assert after["control", "IMP-02", again.slug] is Verdict.FAILING
    assert not any(line.endswith(("→ met", "→ effective")) for line in house.better())
    assert "AIM-02" in house.worse()


def test_every_system_retired(house: House) -> None:
    """Empty the register, so that nothing can fall short.

    Given away by the empty population, which proves nothing: no requirement is met and no control effective by it.
    """
    for system in AiSystem.objects.exclude(stage="retirement"):
        facts = replace(system.facts(), stage="retirement")
        change_system(actor=house.actor("lead"), slug=system.slug, facts=facts, seen=system.changed_at, now=NOW)
    assert not any(line.endswith(("→ met", "→ effective")) for line in house.better())
    assert house.verdicts()["control", "AIM-01", ORGANISATION] is Verdict.UNPROVEN


def test_fields_blanked_by_an_import(house: House) -> None:
    """Import a file again with the awkward cells empty.

    Given away by the checks over the register: what is not answered falls short.
    """
    data = b"Reference,Name,Purpose,Owner\nHR-7,Ranking,,\n"
    planned = plan_systems(actor=house.actor("lead"), data=data, name="again.csv")
    done = import_systems(actor=house.actor("lead"), planned=planned, now=NOW)
    assert done.updated == 1
    assert house.better() == []
    assert "AIM-01" in house.worse()


@pytest.mark.parametrize(("answer", "said"), [("personal_data", "unknown"), ("purpose", "")])
def test_answers_taken_back(house: House, answer: str, said: str) -> None:
    """Answer "unknown" where the true answer would fall short.

    Given away by rule: unknown is not proven.
    """
    for system in AiSystem.objects.exclude(stage="retirement"):
        facts = replace(system.facts(), **{answer: said})
        change_system(actor=house.actor("owner"), slug=system.slug, facts=facts, seen=system.changed_at, now=NOW)
    assert house.better() == []
    assert house.worse()


def test_an_assessment_kept_for_another_system(house: House) -> None:
    """Have the impact of a harmless system assessed and approved, then make another one of it.

    Given away by the approval itself, which keeps what it was given for: it holds no more from that instant on.
    """
    key = ("control", "IMP-02", "chatbot")
    assert house.before[key] is Verdict.EFFECTIVE
    system = AiSystem.objects.get(slug="chatbot")
    facts = replace(system.facts(), purpose="Decides who gets a loan")
    change_system(actor=house.actor("owner"), slug="chatbot", facts=facts, seen=system.changed_at, now=NOW)
    assert house.verdicts()[key] is Verdict.FAILING
    assert house.better() == []


def test_ones_own_assessment_approved(house: House) -> None:
    """Approve an assessment that one wrote or handed in.

    Given away by rule, in the action and in the table: somebody else approves it.
    """
    by = house.person("lead") | {"now": NOW}
    made = start_assessment(form="ai-system-impact-assessment", scope="ranking", **by)
    answer_assessment(assessment=made.id, given=answers_to("ai-system-impact-assessment"), **by)
    handed = hand_in_assessment(assessment=made.id, **by)
    with pytest.raises(NotPermittedError, match="took part"):
        approve_assessment(
            assessment=made.id, step=handed.id, until=NOW.date() + timedelta(days=9), because="Fine", **by
        )
    assert house.verdicts() == house.before


# --- frameworks and the library


def test_fewer_frameworks(house: House) -> None:
    """Judge oneself against fewer frameworks.

    Given away by the entry that records the choice; no verdict of those that stay changes.
    """
    choose_frameworks(actor=house.actor("lead"), frameworks=FRAMEWORKS[:1], now=NOW, because="Focus")
    assert house.last_entry() == ("organisation", house.actor("lead").id, "choose_frameworks", "Focus")
    assert house.verdicts() == house.before


NAME = "controls/GOV-03.toml"


def softened() -> bytes:
    """The shipped control without the expectation that nobody fulfils."""
    whole = shipped()[NAME].decode()
    start = whole.index("[[expectations]]", whole.index("[[expectations]]") + 1)
    return (whole[:start] + whole[whole.index("[[tests]]") :]).encode()


def test_a_shipped_control_softened(house: House) -> None:
    """Import a file of one's own that asks less than the shipped control of that name.

    Given away by the name, which is taken: it is refused.
    """
    with house.refused(InvalidError, f"{NAME}: file: is in the library already"):
        import_files(actor=house.actor("lead"), files={NAME: softened()}, now=NOW)


@pytest.mark.slow
def test_a_shipped_control_replaced_on_purpose(house: House) -> None:
    """Replace a shipped control by one that asks less, as far as the product lets one.

    Given away by the entry, which names the file; by earlier dates, which keep the library they had; and by the
    verification of a pack, which says that its library is not the shipped one.
    """
    before = house.verdicts(days(1))
    import_files(actor=house.actor("lead"), files={NAME: softened()}, now=NOW, because="Simpler", replace=True)
    assert house.last_entry() == ("library", house.actor("lead").id, "change_library", "Simpler")
    assert house.last_state()["own"] == [NAME]
    assert house.verdicts()["control", "GOV-03", ORGANISATION] is Verdict.EFFECTIVE
    assert house.verdicts(days(1)) == before
    checks = verify_pack(make_pack(actor=house.actor("auditor"), frameworks=FRAMEWORKS[:1], now=NOW))
    assert any("which is NOT the one this version of Annexa ships" in check.detail for check in checks)


def test_a_library_changed_without_the_right_to(house: House) -> None:
    """Change the library as the owner of a control.

    Given away by the role: it is refused.
    """
    with house.refused(NotPermittedError, "Ola Owner may not change library"):
        import_files(actor=actor_of(ola()), files={NAME: softened()}, now=NOW, replace=True)
