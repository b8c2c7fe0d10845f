"""Answers are kept revision by revision; a second person decides, on one revision, and only then the record changes."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.classification import answer_classification, ask_review, confirm_record, review_classification
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system, change_system
from annexa.answers import ledger
from annexa.answers.applicability import chain
from annexa.answers.posture import standpoint
from annexa.library.classification import classifications
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem

LAW = "eu-ai-act"


def worked(law: str, name: str) -> dict[str, object]:
    """The answers of a worked case."""
    return dict(next(one for one in classifications()[law].examples if one.name == name).answers)


RANKING = worked(LAW, "An employer ranks applicants with a bought tool")
SPAM = worked(LAW, "A mail provider filters spam")


@pytest.fixture
def system(actor, now) -> AiSystem:
    """A system with a role nobody asked the law about."""
    facts = SystemFacts(name="Ranking", stage="operation", roles=("importer",), owner="kim@example.org")
    return add_system(actor=actor, facts=facts, now=now - timedelta(days=1))


@pytest.fixture
def reviewer(organisation, now) -> Person:
    """A compliance lead who answers nothing."""
    return add_person(actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=now)


@pytest.fixture
def say(actor, admin, now):
    """Records answers as the administrator."""

    def answer(given, *, seen="", law=LAW, scope="ranking", by=admin, because="", at=now):
        return answer_classification(
            actor=actor_of(by), person=by, tree=law, scope=scope, given=given, seen=seen, now=at, because=because
        )

    return answer


@pytest.fixture
def decide(reviewer, now):
    """Decides as the reviewer."""

    def review(answers, decision="approved", *, because="Checked with the vendor", by=reviewer, seen=None):
        return review_classification(
            actor=actor_of(by), person=by, answers=answers.id, decision=decision, because=because, now=now, seen=seen
        )

    return review


@pytest.fixture
def asked(say, actor, admin, now, system) -> ClassificationAnswers:
    """All answers of an employer, waiting for their review."""
    found = say(RANKING)
    ask_review(actor=actor, person=admin, answers=found.id, now=now)
    return found


def entries(kind: str) -> list[dict[str, object]]:
    """The bodies of the entries of a kind, in order."""
    positions = LedgerEntry.objects.filter(kind=kind).order_by("position").values_list("position", flat=True)
    return [json.loads(bytes(EntryBody.objects.get(position=position).body)) for position in positions]


def test_every_save_is_a_revision_with_an_entry_and_what_was_said_before_stays(say, system, actor) -> None:
    first = say({"form": "system"})
    second = say({"union": ("user",)}, seen=first.id, because="The branch in Lyon")
    assert (first.revision, second.revision) == (1, 2)
    assert second.answers == {"form": "system", "union": ["user"]}
    assert ClassificationAnswers.objects.get(id=first.id).answers == {"form": "system"}
    found = entries("classification")
    assert [one["state"]["revision"] for one in found] == [1, 2]
    assert found[1]["because"] == "The branch in Lyon"
    assert found[1]["state"]["tree_digest"] == second.tree_digest
    line = ledger.list_entries(actor=actor, kind="decisions").lines[0]
    assert (line.what, line.about) == ("Classification answered", "eu-ai-act for ranking, revision 2")


def test_an_answer_can_be_changed_and_taken_back(say, system) -> None:
    first = say({"form": "system", "union": ["user"]})
    second = say({"form": "both", "union": None}, seen=first.id)
    assert second.answers == {"form": "both"}


def test_the_same_answers_again_leave_nothing(say, system) -> None:
    first = say({"form": "system"})
    assert say({"form": "system"}, seen=first.id).id == first.id
    assert len(entries("classification")) == 1


def test_every_wrong_answer_is_said_at_once_and_nothing_is_kept(say, system) -> None:
    with pytest.raises(InvalidError) as caught:
        say({"form": "toaster", "union": "market", "colour": "yes", "stage": "released"})
    assert set(caught.value.problems) == {"form", "union", "colour"}
    assert not ClassificationAnswers.objects.exists()
    assert entries("classification") == []


def test_who_answers_has_seen_the_latest_revision(say, system) -> None:
    first = say({"form": "system"})
    say({"form": "both"}, seen=first.id)
    with pytest.raises(ConflictError, match="Somebody else answered meanwhile"):
        say({"form": "model"}, seen=first.id)


@pytest.mark.parametrize(
    ("law", "scope"), [(LAW, "nowhere"), (LAW, "organisation"), ("nis2", "ranking"), ("x", "ranking")]
)
def test_a_law_is_asked_where_it_belongs(say, system, law, scope) -> None:
    with pytest.raises(NotFoundError):
        say({"union": "yes"}, law=law, scope=scope)


def test_auditors_do_not_answer_and_owners_do_not_review(say, decide, asked, now) -> None:
    auditor, owner = (
        add_person(actor=ANNEXA, email=f"{role}@example.org", name=role, role=role, password=None, now=now)
        for role in ("auditor", "owner")
    )
    with pytest.raises(NotPermittedError, match="an owner may"):
        say({"form": "system"}, by=auditor, seen=asked.id)
    with pytest.raises(NotPermittedError, match="a compliance lead may"):
        decide(asked, by=owner)


def test_open_questions_keep_it_from_being_reviewed(say, system, actor, admin, now) -> None:
    for given in ({"form": "system"}, {"union": "unknown"}):
        latest = say(given, seen=getattr(ClassificationAnswers.objects.order_by("-revision").first(), "id", ""))
        with pytest.raises(InvalidError, match="One question is still open: union"):
            ask_review(actor=actor, person=admin, answers=latest.id, now=now)


def test_who_answered_or_asked_may_not_review(asked, say, decide, admin, reviewer, actor, now) -> None:
    with pytest.raises(NotPermittedError, match="Ada Admin answered this classification"):
        decide(asked, by=admin)
    changed = say({"workplace": "no"}, seen=asked.id, by=reviewer)
    ask_review(actor=actor, person=admin, answers=changed.id, now=now)
    with pytest.raises(NotPermittedError, match="Lee Lead answered"):
        decide(changed)
    with pytest.raises(NotPermittedError, match="Ada Admin answered"):
        decide(changed, by=admin)
    assert not ClassificationReview.objects.exclude(decision="asked").exists()


def test_the_database_itself_keeps_four_eyes(asked, actor, admin, now) -> None:
    step = ClassificationReview(
        id="forged", answers=asked, number=2, decision="approved", because="Trust me", recorded_at=now, by=admin,
        answered_by=admin,
    )  # fmt: skip
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        door(actor=actor, verb="review_classification", now=now) as opened,
    ):
        opened.write(step, kind="classification_review", subject="classification/forged")


def test_an_approval_writes_the_record_with_the_revision_as_its_reason(asked, decide, now) -> None:
    decide(asked)
    found = AiSystem.objects.get(slug="ranking")
    assert found.roles == ["deployer", "employer_deployer"]
    assert (found.classes, found.risk_class, found.high_risk_by) == (["high-risk"], "high-risk", "annex-iii")
    assert found.changed_at == now
    assert entries("ai_system")[-1]["because"] == "EU AI Act, revision 1 approved: Checked with the vendor"
    assert [one["state"]["decision"] for one in entries("classification_review")] == ["asked", "approved"]


def test_an_approved_out_of_scope_counts_as_decided_everywhere(say, decide, actor, admin, now, system) -> None:
    """Neither the register nor a check nor a binding speaks of what is not decided any more."""
    found = say(worked(LAW, "A system run and felt only outside the Union"))
    ask_review(actor=actor, person=admin, answers=found.id, now=now)
    decide(found)
    system.refresh_from_db()
    assert (system.classes, system.risk_class) == (["out-of-scope"], "out-of-scope")
    stand = standpoint(actor=actor, now=now)
    recorded = next(e for e in stand.control("AIM-02", "ranking").expectations if e.check)
    assert recorded.state == "passing"
    binding = stand.engine.requirement(LAW, "Art.26(1)", "ranking").binding
    assert binding.because.endswith("The class here is out of scope.")
    assert [link.law for link in chain(binding, stand.library.frameworks[LAW])] == [LAW]


def test_a_return_changes_no_record_and_a_reason_or_new_answers_ask_again(
    asked, decide, say, actor, admin, now
) -> None:
    decide(asked, "returned", because="Who ranks?")
    assert AiSystem.objects.get(slug="ranking").roles == ["importer"]
    with pytest.raises(InvalidError, match="It was returned"):
        ask_review(actor=actor, person=admin, answers=asked.id, now=now)
    again = ask_review(actor=actor, person=admin, answers=asked.id, now=now, because="HR does; see the contract")
    assert again.number == 3
    decide(asked)
    assert AiSystem.objects.get(slug="ranking").classes == ["high-risk"]


def test_a_review_decides_on_exactly_one_revision(asked, decide, say) -> None:
    newer = say({"workplace": "no"}, seen=asked.id)
    with pytest.raises(ConflictError):
        decide(asked)
    with pytest.raises(InvalidError, match="is not asked for"):
        decide(newer)


@pytest.mark.parametrize(("decision", "because"), [("approved", " "), ("waved through", "Fine")])
def test_a_decision_needs_its_word_and_its_reason(asked, decide, decision, because) -> None:
    with pytest.raises(InvalidError):
        decide(asked, decision, because=because)
    assert AiSystem.objects.get(slug="ranking").roles == ["importer"]


def test_it_is_decided_once(asked, decide, actor, admin, now) -> None:
    decide(asked)
    with pytest.raises(InvalidError, match="is approved"):
        decide(asked)
    with pytest.raises(InvalidError, match="approved already"):
        ask_review(actor=actor, person=admin, answers=asked.id, now=now)


def test_a_record_that_changed_since_stops_the_approval_whole(asked, decide, system, actor, now) -> None:
    seen = system.changed_at
    facts = SystemFacts(name="Ranking of people", stage="operation")
    change_system(actor=actor, slug="ranking", facts=facts, seen=seen, now=now)
    before = LedgerEntry.objects.count()
    with pytest.raises(ConflictError, match="Somebody else changed"):
        decide(asked, seen=seen)
    assert LedgerEntry.objects.count() == before
    assert ClassificationReview.objects.filter(decision="approved").count() == 0


def test_a_law_without_classes_only_adds_roles(say, decide, system, actor, admin, now) -> None:
    colorado = say(worked("us-co-sb26-189", "A bank in Denver prices loans with a bought model"), law="us-co-sb26-189")
    ask_review(actor=actor, person=admin, answers=colorado.id, now=now)
    decide(colorado)
    assert AiSystem.objects.get(slug="ranking").roles == ["deployer", "importer"]
    spam = say({**SPAM, "part": ["develops"]})
    ask_review(actor=actor, person=admin, answers=spam.id, now=now)
    decide(spam)
    found = AiSystem.objects.get(slug="ranking")
    assert (found.roles, found.classes) == (["provider", "deployer"], ["minimal"])


def test_the_organisation_is_classified_and_no_system_is_touched(say, decide, system, actor, admin, now) -> None:
    answers = worked("nis2", "A power supplier with 900 staff")
    nis2 = say(answers, law="nis2", scope="organisation")
    ask_review(actor=actor, person=admin, answers=nis2.id, now=now)
    decide(nis2)
    assert len(entries("ai_system")) == 1
    assert AiSystem.objects.get(slug="ranking").changed_at == system.changed_at


# --- what the record says becomes an answer only by a person


@pytest.fixture
def own(actor, now) -> AiSystem:
    """A system without personal data."""
    return add_system(actor=actor, facts=SystemFacts(name="Own", personal_data="no"), now=now - timedelta(days=1))


@pytest.fixture
def confirm(actor, admin, own, now):
    """Confirms as the administrator what the record says about Colorado."""

    def call(*, scope="own", law="us-co-sb26-189", seen="", record_seen=own.changed_at):
        return confirm_record(
            actor=actor, person=admin, tree=law, scope=scope, seen=seen, record_seen=record_seen, now=now
        )

    return call


def test_confirmed_it_is_a_persons_answer_with_the_reason_and_needs_a_second_person(
    confirm, own, admin, actor, reviewer, now
) -> None:
    found = confirm()
    assert (found.answers, found.by, found.revision) == ({"computes": "no"}, admin, 1)
    assert found.because == "Confirmed from the record: Personal data is no."
    assert [*LedgerEntry.objects.filter(kind="classification").values_list("subject", flat=True)] == [
        "classification/us-co-sb26-189/own"
    ]
    ask_review(actor=actor, person=admin, answers=found.id, now=now)
    with pytest.raises(NotPermittedError):
        review_classification(
            actor=actor, person=admin, answers=found.id, decision="approved", because="Mine", now=now
        )  # fmt: skip
    review_classification(
        actor=actor_of(reviewer), person=reviewer, answers=found.id, decision="approved", because="So it is", now=now
    )
    assert AiSystem.objects.get(slug="own").facts() == own.facts()


def test_no_review_rests_on_what_only_the_record_says(actor, admin, own, now, say) -> None:
    """The record alone would settle it; asked for review it is still open, and the open question is named."""
    said = say({"colorado": "yes"}, law="us-co-sb26-189", scope="own")
    with pytest.raises(InvalidError, match="computes"):
        ask_review(actor=actor, person=admin, answers=said.id, now=now)


def test_nobody_confirms_a_record_they_have_not_seen(confirm, own, actor, now) -> None:
    change_system(actor=actor, slug="own", facts=SystemFacts(name="Own", personal_data="no", unit="X"),
                  seen=own.changed_at, now=now)  # fmt: skip
    with pytest.raises(ConflictError, match="record changed"):
        confirm()
    assert not ClassificationAnswers.objects.exists()


def test_where_the_record_adds_nothing_there_is_nothing_to_confirm(confirm, say, system) -> None:
    with pytest.raises(InvalidError, match="nothing that is not answered"):
        confirm(scope="ranking", law=LAW, record_seen=system.changed_at)
    seen = say({"computes": "yes"}, law="us-co-sb26-189", scope="own").id
    with pytest.raises(InvalidError):
        confirm(seen=seen)


def test_confirming_is_refused_like_answering(confirm, own, admin, now) -> None:
    with pytest.raises(ConflictError, match="answered meanwhile"):
        confirm(seen="other")
    with pytest.raises(NotFoundError):
        confirm(scope="nowhere")
    with pytest.raises(NotFoundError):
        confirm(law="gdpr")
    auditor = add_person(actor=ANNEXA, email="o@example.org", name="O", role="auditor", password=None, now=now)
    with pytest.raises(NotPermittedError):
        confirm_record(actor=actor_of(auditor), person=auditor, tree="us-co-sb26-189", scope="own", seen="",
                       record_seen=own.changed_at, now=now)  # fmt: skip
    assert not ClassificationAnswers.objects.exists()
