"""Human oversight: who takes a case, who decides, two persons, deadlines, delegation, the stop switch."""

from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.grants import grant_role
from annexa.actions.leaving import shut_out
from annexa.actions.oversight import (
    Posted,
    decide_case,
    delegate_cases,
    end_delegation,
    give_back_case,
    plan_oversight,
    post_case,
    take_case,
)
from annexa.actions.oversight_deadlines import settle_cases, tell_standings
from annexa.actions.people import actor_of, add_person
from annexa.actions.sequencer import publish, sequence
from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.actions.systems import add_system
from annexa.answers.integrity import check_everything
from annexa.answers.oversight import decisions, one_case, queue, result_of
from annexa.answers.oversight_figures import statistics
from annexa.answers.stop_switch import stop_switch, switch_page
from annexa.pure.oversight import Plan
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.oversight import OversightItem, OversightOutcome, OversightPlan, OversightStanding, OversightVerdict

POSTED = Posted(title="Refuse the loan", output="refuse", input="income 900", explanation="Too little income")


@pytest.fixture
def people(organisation, admin, now):
    """Two overseers, somebody it is escalated to, an auditor and somebody of another unit."""

    def add(name: str, role: str):
        address = f"{name.lower()}@example.org"
        return add_person(actor=ANNEXA, email=address, name=name, role=role, password=None, now=now)

    found = {name: add(name, role) for name, role in (
        ("Una", "owner"), ("Duo", "owner"), ("Tre", "lead"), ("Audi", "auditor"), ("Elsa", "member"),
    )}  # fmt: skip
    for slug in ("scorer", "other"):
        add_system(actor=ANNEXA, facts=SystemFacts(name=slug.title(), stage="operation"), now=now)
    grant_role(
        actor=actor_of(admin), person=admin, holder=found["Elsa"], role="owner", system="other", because="There",
        now=now,
    )  # fmt: skip
    return found


@pytest.fixture
def planned(people, now):
    """Makes a plan of the system, by default for one person within an hour."""

    def make(**more):
        plan = replace(Plan(overseers=(people["Una"].pk, people["Duo"].pk)), **more)
        una = people["Una"]
        return plan_oversight(
            actor=actor_of(una), person=una, system="scorer", plan=plan, because="Loans are about people", now=now
        )

    return make


def post(now, **more) -> OversightItem:
    return post_case(actor=ANNEXA, system="scorer", posted=replace(POSTED, **more), now=now)


def decided(person, item, now, decision="approved", instead="", after=60):
    """Somebody takes a case and decides about it some seconds later."""
    take_case(actor=actor_of(person), person=person, item=item.id, now=now)
    return decide_case(
        actor=actor_of(person), person=person, item=item.id, decision=decision, because="I looked", instead=instead,
        now=now + timedelta(seconds=after),
    )  # fmt: skip


def test_it_works(people, planned, now) -> None:
    """A case is posted, taken, approved; each step is a row and an entry, and the ledger agrees with the tables."""
    planned()
    item = post(now, reference="case-1", trace_id="4bf9", activity_id="r-7")
    assert [one.item.id for one in queue(actor=actor_of(people["Una"]), now=now).mine] == [item.id]
    verdict = decided(people["Una"], item, now)
    assert (verdict.seconds, verdict.needed, verdict.in_stead_of) == (60, 1, None)
    (told,) = decisions(since=now, until=now + timedelta(hours=1))
    assert (told.system, told.reviewers, told.decision, told.how) == (
        "scorer", (people["Una"].pk,), "approved", "decided",
    )  # fmt: skip
    assert (told.seconds, told.trace_id, told.activity_id) == (60, "4bf9", "r-7")
    assert queue(actor=actor_of(people["Una"]), now=now).total == 0
    sequence(now=now)
    publish()
    kinds = list(LedgerEntry.objects.filter(subject=f"oversight_item/{item.id}").values_list("kind", flat=True))
    assert kinds == ["oversight_item", "oversight_content", "oversight_claim", "oversight_verdict", "oversight_outcome"]
    wrong = [one for one in check_everything(progress=lambda *_: None) if not one.holds]
    assert wrong == []


def test_what_is_about_people_stands_in_one_entry_that_can_go(planned, now) -> None:
    """Rule: input, output and title are in the body of one entry only, so its bytes can be erased by themselves."""
    planned()
    item = post(now, title="About Jo Marsh", input="Jo Marsh, born 1970", about="p-1")
    bodies = {
        LedgerEntry.objects.get(position=one.position).kind
        for one in EntryBody.objects.all()
        if b"Marsh" in bytes(one.body)
    }
    assert bodies == {"oversight_content"}
    assert "Marsh" not in str(item.state())


def test_a_system_without_a_plan_posts_nothing(people, now) -> None:
    """Rule: before a case can wait, the owner has said what becomes of it when nobody decides."""
    with pytest.raises(InvalidError, match="chose how this system is overseen"):
        post(now)


def test_every_problem_of_a_plan_is_told(people, planned) -> None:
    with pytest.raises(InvalidError) as error:
        planned(
            overseers=(people["Audi"].pk,), minutes=0, escalate_minutes=5, safe_default="approve", if_unreachable="x"
        )
    assert set(error.value.problems) == {"overseers", "minutes", "escalate_to", "safe_default", "if_unreachable"}
    assert not OversightPlan.objects.exists()


@pytest.mark.parametrize("name", ["Audi", "Elsa"])
def test_a_stranger_decides_nothing(people, planned, now, name) -> None:
    """An auditor only looks; who belongs elsewhere does not even learn that it is there."""
    planned()
    item, stranger = post(now), people[name]
    with pytest.raises((NotPermittedError, NotFoundError)):
        take_case(actor=actor_of(stranger), person=stranger, item=item.id, now=now)
    with pytest.raises((NotPermittedError, NotFoundError)):
        pull_stop(actor=actor_of(stranger), person=stranger, system="scorer", because="No", now=now)
    with pytest.raises((NotPermittedError, NotFoundError)):
        plan_oversight(actor=actor_of(stranger), person=stranger, system="scorer", plan=Plan(), because="x", now=now)


def test_who_may_but_is_no_overseer_does_not_decide(people, planned, now) -> None:
    planned()
    item = post(now)
    with pytest.raises(NotPermittedError, match="overseers"):
        take_case(actor=actor_of(people["Tre"]), person=people["Tre"], item=item.id, now=now)


def test_nobody_decides_without_having_taken_it(people, planned, now) -> None:
    """Rule: how long somebody looked is known of every decision."""
    planned()
    item, una = post(now), people["Una"]
    with pytest.raises(ConflictError, match="Take the case first"):
        decide_case(actor=actor_of(una), person=una, item=item.id, decision="approved", because="Yes", now=now)
    take_case(actor=actor_of(una), person=una, item=item.id, now=now)
    late = now + timedelta(minutes=31)
    with pytest.raises(ConflictError, match="Take the case first"):
        decide_case(actor=actor_of(una), person=una, item=item.id, decision="approved", because="Yes", now=late)


def test_two_reviewers_at_once(people, planned, now) -> None:
    """Rule: a case that one person decides is kept for who took it first; after it is decided nobody changes it."""
    planned()
    item, una, duo = post(now), people["Una"], people["Duo"]
    take_case(actor=actor_of(una), person=una, item=item.id, now=now)
    with pytest.raises(ConflictError, match="Somebody else has taken it"):
        take_case(actor=actor_of(duo), person=duo, item=item.id, now=now)
    give_back_case(actor=actor_of(una), person=una, item=item.id, now=now)
    decided(duo, item, now)
    with pytest.raises(ConflictError, match="It is decided"):
        take_case(actor=actor_of(una), person=una, item=item.id, now=now)


def test_two_persons_confirm_separately(people, planned, now) -> None:
    """Rule: where two persons are needed, neither sees what the other said, and it ends when both say the same."""
    planned(two_persons=True)
    item, una, duo = post(now), people["Una"], people["Duo"]
    take_case(actor=actor_of(duo), person=duo, item=item.id, now=now)
    decided(una, item, now)
    assert not OversightOutcome.objects.exists()
    assert one_case(actor=actor_of(duo), item=item.id, now=now).verdicts == ()
    with pytest.raises(ConflictError, match="already"):
        take_case(actor=actor_of(una), person=una, item=item.id, now=now)
    decided(duo, item, now + timedelta(minutes=2))
    ended = OversightOutcome.objects.get()
    assert (ended.decision, sorted(ended.by)) == ("approved", sorted([una.pk, duo.pk]))
    assert len(one_case(actor=actor_of(duo), item=item.id, now=now).verdicts) == 2


def test_one_of_two_stops(people, planned, now) -> None:
    planned(two_persons=True)
    item = post(now)
    decided(people["Una"], item, now, "stopped")
    assert OversightOutcome.objects.get().decision == "stopped"


def test_two_who_differ_settle_nothing(people, planned, now) -> None:
    """An approval and an override do not add up; the case then falls to its default, which approves nothing."""
    planned(two_persons=True)
    item = post(now)
    decided(people["Una"], item, now, "approved")
    decided(people["Duo"], item, now, "overridden", instead="grant")
    assert not OversightOutcome.objects.exists()
    settle_cases(now=now + timedelta(hours=1))
    assert OversightOutcome.objects.get().decision == "stopped"


@pytest.mark.parametrize(
    ("plan", "expected"),
    [({}, ("stopped", "")), ({"safe_default": "substitute", "safe_output": "By hand"}, ("overridden", "By hand"))],
)
def test_what_nobody_decides_falls_to_the_default(people, planned, now, plan, expected) -> None:
    planned(**plan)
    item = post(now)
    assert settle_cases(now=now + timedelta(minutes=59)) == 0
    assert settle_cases(now=now + timedelta(minutes=60)) == 1
    ended = OversightOutcome.objects.get()
    assert (ended.decision, ended.output, ended.how, ended.by) == (*expected, "fell", [])
    with pytest.raises(ConflictError, match="Its time has passed"):
        take_case(actor=actor_of(people["Una"]), person=people["Una"], item=item.id, now=now)
    assert settle_cases(now=now + timedelta(hours=9)) == 0


def test_who_decides_after_the_time_is_refused(people, planned, now) -> None:
    """Rule: not even before anybody noticed that the time has passed."""
    planned()
    item, una, last = post(now), people["Una"], now + timedelta(minutes=59)
    take_case(actor=actor_of(una), person=una, item=item.id, now=last)
    with pytest.raises(ConflictError, match="Its time has passed"):
        decide_case(
            actor=actor_of(una), person=una, item=item.id, decision="approved", because="Yes",
            now=last + timedelta(minutes=1),
        )  # fmt: skip


def test_escalation_lets_others_decide(people, planned, now) -> None:
    planned(escalate_minutes=30, escalate_to=(people["Tre"].pk,))
    item, tre = post(now), people["Tre"]
    with pytest.raises(NotPermittedError):
        take_case(actor=actor_of(tre), person=tre, item=item.id, now=now)
    later = now + timedelta(minutes=61)
    assert (settle_cases(now=later), settle_cases(now=later)) == (1, 0)
    assert [one.state for one in queue(actor=actor_of(tre), now=later).mine] == ["escalated"]
    decided(tre, item, later)
    assert OversightOutcome.objects.get().by == [tre.pk]


def test_delegation_lets_one_more_decide_until_its_end(people, planned, now) -> None:
    planned()
    una, tre, item = people["Una"], people["Tre"], post(now)
    given = {"actor": actor_of(una), "person": una, "system": "scorer", "because": "On leave"}
    made = delegate_cases(to=tre.pk, until=now + timedelta(minutes=10), now=now, **given)
    assert decided(tre, item, now).in_stead_of == una
    other = post(now)
    with pytest.raises(NotPermittedError):
        take_case(actor=actor_of(tre), person=tre, item=other.id, now=now + timedelta(minutes=10))
    end_delegation(actor=actor_of(una), person=una, delegation=made.id, now=now)
    with pytest.raises(NotPermittedError):
        take_case(actor=actor_of(tre), person=tre, item=other.id, now=now)
    with pytest.raises(ConflictError):
        end_delegation(actor=actor_of(una), person=una, delegation=made.id, now=now)


@pytest.mark.parametrize("name", ["Audi", "Elsa", "Una"])
def test_nothing_is_delegated_to_who_may_not(people, planned, now, name) -> None:
    planned()
    with pytest.raises(InvalidError) as error:
        delegate_cases(
            actor=actor_of(people["Una"]), person=people["Una"], system="scorer", to=people[name].pk,
            until=now + timedelta(days=93), because="On leave", now=now,
        )  # fmt: skip
    assert set(error.value.problems) == {"to", "until"}


def test_who_is_no_overseer_delegates_nothing(people, planned, now) -> None:
    """Rule: nor does who holds a delegation hand it on."""
    planned()
    una, tre = people["Una"], people["Tre"]
    until = now + timedelta(days=1)
    given = {"system": "scorer", "until": until, "because": "On leave", "now": now}
    delegate_cases(actor=actor_of(una), person=una, to=tre.pk, **given)
    with pytest.raises(InvalidError, match="Only an overseer"):
        delegate_cases(actor=actor_of(tre), person=tre, to=people["Duo"].pk, **given)


def test_who_left_decides_no_more(people, planned, admin, now) -> None:
    """Also in somebody's place: the delegation of who left counts no more only if they may not; theirs to end."""
    planned()
    item, una = post(now), people["Una"]
    before = actor_of(una)
    shut_out(actor=actor_of(admin), by=admin, person=una.pk, because="Left", now=now)
    with pytest.raises(NotPermittedError):
        take_case(actor=before, person=una, item=item.id, now=now)


def test_posting_again_under_the_same_reference_is_the_same_case(planned, now) -> None:
    planned()
    first = post(now, reference="r-1")
    assert post(now + timedelta(days=3), reference="r-1") == first
    with pytest.raises(ConflictError):
        post(now, reference="r-1", output="grant")
    assert OversightItem.objects.count() == 1


def test_a_case_may_have_less_time_and_never_more(planned, now) -> None:
    planned()
    assert post(now, minutes=5).due_at == now + timedelta(minutes=5)
    assert post(now, minutes=500).due_at == now + timedelta(minutes=60)


def test_what_is_too_long_is_refused_with_every_problem(planned, now) -> None:
    planned()
    with pytest.raises(InvalidError) as error:
        post(now, title=" ", input="x" * 65_537, reference="r" * 201, minutes=0)
    assert set(error.value.problems) == {"title", "input", "reference", "minutes"}


def test_only_an_overseer_sees_what_a_case_holds(people, planned, admin, now) -> None:
    """Rule: who only reads sees that it waits, not what it is about."""
    planned()
    item = post(now)
    reader = add_person(actor=ANNEXA, email="r@example.org", name="Rea", role="member", password=None, now=now)
    grant_role(
        actor=actor_of(admin), person=admin, holder=reader, role="reader", system="scorer", because="Reads", now=now
    )
    page = one_case(actor=actor_of(reader), item=item.id, now=now)
    assert (page.content, page.queued.title) == (None, "")
    assert one_case(actor=actor_of(people["Audi"]), item=item.id, now=now).content.output == "refuse"


def test_a_program_sees_what_came_of_its_own_case_only(people, planned, now) -> None:
    planned()
    mine, scopes = post(now), frozenset({"post_case"})
    una = actor_of(people["Una"])
    poster = Actor(id="service/scorer", name="Scorer", role="owner", scopes=scopes)
    other = replace(poster, id="service/other")
    OversightItem.objects.all()
    assert result_of(actor=una, item=mine.id) == mine
    theirs = post_case_as(poster, now)
    assert result_of(actor=poster, item=theirs.id) == theirs
    from annexa.answers.errors import UnknownError

    with pytest.raises(UnknownError):
        result_of(actor=other, item=theirs.id)


def post_case_as(poster: Actor, now) -> OversightItem:
    from annexa.actions.tokens import add_service_account

    add_service_account(actor=ANNEXA, person=None, name="Scorer", slug="scorer", role="owner", now=now)
    return post_case(actor=poster, system="scorer", posted=POSTED, now=now)


# --- the stop switch


def test_one_pulls_two_release(people, now) -> None:
    una, duo = people["Una"], people["Duo"]
    one, two = ({"actor": actor_of(who), "person": who, "system": "scorer", "now": now} for who in (una, duo))
    assert not stop_switch(actor=actor_of(una), system="scorer").stopped
    pull_stop(because="It refuses everybody", **one)
    found = stop_switch(actor=actor_of(una), system="scorer")
    assert (found.stopped, found.number, found.because, found.since) == (True, 1, "It refuses everybody", now)
    with pytest.raises(ConflictError):
        pull_stop(because="Once more", **two)
    with pytest.raises(InvalidError):
        release_stop(step="released", because="Fine", **two)
    release_stop(step="asked", because="Mended", **one)
    with pytest.raises(NotPermittedError, match="somebody else"):
        release_stop(step="released", because="Fine", **one)
    assert stop_switch(actor=actor_of(una), system="scorer").stopped
    release_stop(step="released", because="I tried it", **two)
    assert not stop_switch(actor=actor_of(una), system="scorer").stopped
    pull_stop(because="Again", **two)
    assert switch_page(actor=actor_of(una), system="scorer").switch.number == 2
    sequence(now=now)
    publish()
    kinds = list(LedgerEntry.objects.filter(subject="oversight/scorer").values_list("kind", flat=True))
    assert kinds == ["oversight_stop", "oversight_release", "oversight_release", "oversight_stop"]
    assert all(one.holds for one in check_everything(progress=lambda *_: None))


def test_a_stop_needs_a_reason(people, now) -> None:
    una = people["Una"]
    with pytest.raises(InvalidError):
        pull_stop(actor=actor_of(una), person=una, system="scorer", because=" ", now=now)


def test_a_refused_release_is_asked_for_anew(people, now) -> None:
    una, duo = people["Una"], people["Duo"]
    one, two = ({"actor": actor_of(who), "person": who, "system": "scorer", "now": now} for who in (una, duo))
    pull_stop(because="Odd", **one)
    release_stop(step="asked", because="Mended", **one)
    with pytest.raises(InvalidError):
        release_stop(step="asked", because="Me too", **two)
    release_stop(step="refused", because="Not yet", **two)
    release_stop(step="asked", because="Now it is", **two)
    release_stop(step="released", because="It is", **one)
    assert not stop_switch(actor=actor_of(una), system="scorer").stopped


# --- figures and standings


def test_figures_tell_of_approvals_that_nobody_can_have_read(people, planned, now) -> None:
    planned()
    for after in (1, 90):
        decided(people["Una"], post(now), now, after=after)
    decided(people["Duo"], post(now), now, "overridden", instead="grant")
    found = statistics(actor=actor_of(people["Una"]), now=now + timedelta(hours=1))
    assert (found.whole.decisions, found.whole.overridden, found.whole.too_fast) == (3, 1, 1)
    assert [(name, one.decisions) for _, name, one in found.reviewers] == [("Duo", 1), ("Una", 2)]
    assert found.whole.override_rate is None, "three decisions are no rate"


def test_standings_are_told_when_they_change(people, planned, now) -> None:
    planned()
    assert (tell_standings(now=now), tell_standings(now=now)) == (1, 0)
    post(now)
    settle_cases(now=now + timedelta(hours=1))
    assert tell_standings(now=now + timedelta(hours=1)) == 1
    told = OversightStanding.objects.order_by("-turn").first()
    assert (told.turn, told.asked, told.late, told.overseers, told.untrained) == (2, 1, 1, 2, 2)
    assert tell_standings(now=now + timedelta(days=8)) == 1, "what is old is told again"


def test_the_database_refuses_what_the_rules_do(people, planned, now) -> None:
    """Rule: whatever the program does, silence does not approve, and nobody decides twice."""
    from django.db import IntegrityError, transaction

    from annexa.records import guard

    planned()
    item, una = post(now), people["Una"]
    with guard.opened(), transaction.atomic(), pytest.raises(IntegrityError):
        OversightOutcome(id="x", item=item, how="fell", decision="approved", by=[], recorded_at=now).save()
    verdict = {
        "item": item, "decision": "approved", "needed": 1, "seconds": 1, "because": "x", "recorded_at": now, "by": una,
    }  # fmt: skip
    with guard.opened(), transaction.atomic():
        OversightVerdict(id="a", number=1, **verdict).save()
    with guard.opened(), transaction.atomic(), pytest.raises(IntegrityError):
        OversightVerdict(id="b", number=2, **verdict).save()
