"""A document is what happened to its versions, and nobody approves what they wrote."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.checks import OVER_RECORDS
from annexa.pure.document_steps import FORCE, STEPS, Step, lacks, life_of, may_approve, review_by
from annexa.pure.fact_entries import fact_of_entry
from annexa.pure.facts import ORGANISATION, Facts, RecordFact
from annexa.pure.posture import Engine, Verdict
from annexa.pure.registers.documents import DOCUMENTS
from tests.pure.test_posture import AT, implemented
from tests.strategies import organisations as org

DAY = date(2026, 3, 1)
ADA, KIM, LEE = "person/1", "person/2", "person/3"
POLICY = DOCUMENTS.make(
    {
        "name": "AI policy", "kind": "policy", "owner": "ada@example.org", "approver": "kim@example.org",
        "reviewers": "lee@example.org", "review_months": 12, "classification": "internal",
    }
)  # fmt: skip


def step(kind: str, number: int = 1, by: str = ADA, author: str = ADA, on: date = DAY, **more) -> Step:
    return Step(kind=kind, number=number, by=by, author=author, on=on, **more)


WRITTEN = (step("drafted"), step("handed in"), step("agreed", by=LEE, reader="lee@example.org"))
APPROVED = (*WRITTEN, step("approved", by=KIM))
IN_FORCE = (*APPROVED, step("published", review_by=date(2027, 3, 1)))


@pytest.mark.parametrize(
    ("steps", "on", "says", "in_force"),
    [
        ((), DAY, "no text yet", None),
        (WRITTEN[:1], DAY, "draft", None),
        (WRITTEN, DAY, "in review", None),
        ((*WRITTEN, step("returned", by=KIM)), DAY, "returned", None),
        (APPROVED, DAY, "approved", None),
        (IN_FORCE, DAY, "in force", 1),
        (IN_FORCE, date(2027, 3, 1), "in force", 1),
        (IN_FORCE, date(2027, 3, 2), "review overdue", 1),
        ((*IN_FORCE, step("confirmed", by=KIM, review_by=date(2028, 3, 1))), date(2027, 3, 2), "in force", 1),
        ((*IN_FORCE, step("withdrawn")), DAY, "withdrawn", None),
        ((*IN_FORCE, step("drafted", 2), step("handed in", 2)), DAY, "in force", 1),
        ((*APPROVED, step("published", on=date(2026, 4, 1), review_by=date(2027, 4, 1))), DAY,
         "published, not yet in force", None),
        ((*APPROVED, step("published", on=date(2026, 4, 1), review_by=date(2027, 4, 1))), date(2026, 4, 1),
         "in force", 1),
    ],
)  # fmt: skip
def test_a_document_is_what_happened_to_it(steps, on: date, says: str, in_force: int | None) -> None:
    found = life_of(steps, on)
    assert (found.says, found.in_force) == (says, in_force)


def test_the_next_version_takes_the_place_of_the_one_before() -> None:
    later = date(2026, 5, 1)
    second = (step("drafted", 2, on=later), step("handed in", 2, on=later), step("approved", 2, by=KIM, on=later))
    found = life_of((*IN_FORCE, *second, step("published", 2, on=later, review_by=date(2027, 5, 1))), later)
    assert [(one.number, one.state) for one in found.versions] == [(1, "superseded"), (2, "published")]
    assert (found.in_force, found.since, found.review_by) == (2, later, date(2027, 5, 1))


def test_who_agreed_before_a_return_reads_it_again() -> None:
    again = (*WRITTEN, step("returned", by=KIM), step("drafted", 2), step("handed in", 2))
    assert lacks(POLICY, life_of(WRITTEN, DAY)) == ()
    assert lacks(POLICY, life_of(again, DAY)) == ("lee@example.org has not agreed yet.",)


def test_everything_that_is_missing_is_told_at_once() -> None:
    bare = DOCUMENTS.make({"name": "AI policy", "kind": "policy", "reviewers": "lee@example.org\nmia@example.org"})
    assert lacks(bare, life_of((), DAY)) == ("It has no text yet.",)
    assert lacks(bare, life_of(WRITTEN[:1], DAY)) == (
        "It has not been handed in for review.",
        "It has no owner.",
        "It has no approver.",
        "Nobody has said how often it is reviewed.",
        "It is not classified.",
        "lee@example.org, mia@example.org have not agreed yet.",
    )


@pytest.mark.parametrize(
    ("who", "address", "author", "wanted"),
    [
        (KIM, "Kim@example.org", ADA, ""),
        (KIM, "kim@example.org", KIM, "four eyes"),
        (LEE, "lee@example.org", ADA, "kim@example.org is its approver"),
    ],
)
def test_nobody_approves_what_they_wrote(who: str, address: str, author: str, wanted: str) -> None:
    steps = tuple(replace(one, author=author) for one in WRITTEN)
    because = may_approve(POLICY, life_of(steps, DAY), who=who, address=address, name="Somebody")
    assert wanted in because
    assert bool(because) == bool(wanted)


def test_who_wrote_an_earlier_draft_wrote_a_part_of_it() -> None:
    """Rule: another pair of hands on the last draft does not free the author of the one before it."""
    steps = (step("drafted", 1, author=KIM), step("drafted", 2), step("handed in", 2))
    assert "four eyes" in may_approve(POLICY, life_of(steps, DAY), who=KIM, address="kim@example.org", name="Kim")
    later = (*IN_FORCE, step("drafted", 2), step("handed in", 2))
    earlier = tuple(replace(one, author=KIM) if one.number == 1 else one for one in later)
    assert may_approve(POLICY, life_of(earlier, DAY), who=KIM, address="kim@example.org", name="Kim") == ""


@given(st.lists(st.builds(step, st.sampled_from(STEPS), st.integers(1, 3), review_by=st.just(date(2027, 1, 1)))))
def test_only_what_was_published_is_in_force(steps: list[Step]) -> None:
    """Law: whatever happened in whatever order, what counts was published, and only force steps change it."""
    found = life_of(steps, DAY)
    assert found.in_force is None or any(s.kind == "published" and s.number == found.in_force for s in steps)
    assert life_of([one for one in steps if one.kind in FORCE], DAY).in_force == found.in_force


# --- what verdicts make of it


def entry(kind: str = "published", *, document: str = "ai-policy", review: str = "2026-12-01", **claims) -> dict:
    said = {"kind": "policy", "serves": ["ORG-07/policy"], "review_months": 12, **claims}
    return {"document": document, "step": kind, "claims": said, "review_by": review}


def fact_of(state: dict, at: datetime = AT) -> RecordFact | None:
    return fact_of_entry(
        kind="document_step", body={"state": state, "by": "Kim"}, at=at, effective_at=at, actor=KIM, position=3
    )  # type: ignore[return-value]


def test_a_publication_proves_what_it_was_approved_for_until_its_review() -> None:
    found = fact_of(entry())
    ends = datetime(2026, 12, 2, tzinfo=UTC)
    assert found is not None
    assert (found.id, found.register, found.part) == ("ai-policy", "document", "document_step")
    assert dict(found.fulfils) == dict.fromkeys(
        ("documented:ORG-07/policy", "documents_current", "policies_current"), ends
    )
    assert {name for name, _ in fact_of(entry(kind="confirmed")).fulfils} == {name for name, _ in found.fulfils}
    assert fact_of(entry(kind="withdrawn")).fulfils == ()
    assert fact_of(entry(kind="drafted")) is None


def test_a_control_stands_with_its_document_and_falls_on_the_day_of_its_review() -> None:
    until = AT + timedelta(days=40)
    published = fact_of(entry(review=(until - timedelta(days=1)).date().isoformat()), org.START)
    assert published is not None
    facts = Facts(records=(published,), adoptions=(implemented("ORG-07"),))
    proof = Engine(library=org.LIBRARY, facts=facts, at=AT).control("ORG-07")
    check = proof.expectations[0].check
    assert check is not None
    assert (proof.verdict, check.over, check.population) == (Verdict.EFFECTIVE, "document", 1)
    assert proof.falls_at == datetime.combine(until.date(), datetime.min.time(), UTC)
    later = Engine(library=org.LIBRARY, facts=facts, at=until + timedelta(days=1)).control("ORG-07")
    assert later.verdict is Verdict.FAILING
    assert later.expectations[0].check is not None
    assert later.expectations[0].check.exceptions == ("ai-policy",)
    nothing = Engine(library=org.LIBRARY, facts=Facts(adoptions=facts.adoptions), at=AT).control("ORG-07")
    assert nothing.verdict is Verdict.UNPROVEN


def test_a_document_that_ended_proves_nothing_any_more() -> None:
    published = fact_of(entry(), org.START)
    ended = RecordFact(
        id="ai-policy", register="document", ends_at=AT, effective_at=org.START, recorded_at=org.START
    )  # fmt: skip
    for records, count in (((published,), 1), ((published, ended), 0)):
        engine = Engine(library=org.LIBRARY, facts=Facts(records=records), at=AT)
        assert engine.records.said("documented:ORG-07/policy", ORGANISATION).population == count


def test_the_check_is_asked_about_one_expectation() -> None:
    assert OVER_RECORDS["documented:ORG-07/policy"] is OVER_RECORDS["documented"]
    assert "documents_owned:ORG-07/policy" not in OVER_RECORDS
    assert review_by(12, date(2024, 2, 29)) == date(2025, 2, 28)
