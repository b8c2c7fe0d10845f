"""A task is given once, changed with reasons, and done when its control is effective; nobody ticks it off."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.controls import adopt_control
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, hand_task, make_tasks, move_task, withdraw_task
from annexa.answers import ledger
from annexa.answers.tasks import list_todos, task_page
from annexa.pure.posture import Verdict
from annexa.pure.systems import SystemFacts
from annexa.records.controls import Adoption
from annexa.records.tasks import Task, TaskChange
from tests.actions.test_classification import entries
from tests.web.test_today import prove

DUE = date(2026, 12, 31)


@pytest.fixture
def give(admin, now, kim):
    """Gives tasks as the administrator."""

    def make(*controls, owner=kim, due_on=DUE, because="Step 1 on the path", by=admin, **more):
        wanted = [
            Wanted(control=one, owner=owner, due_on=due_on, effort_days=2.5, because=because, **more)
            for one in controls
        ]
        return make_tasks(actor=actor_of(by), person=by, wanted=wanted, now=now)

    return make


@pytest.fixture
def todo(actor, now):
    """A task as it stands, at some time."""

    def ask(task, at=now):
        return task_page(actor=actor, task=task.id, now=at).todo

    return ask


def test_a_task_is_a_row_an_entry_and_a_plan(give, todo, kim, actor) -> None:
    """Rule: for a control nobody has declared, the same click says that it is planned by that day."""
    (made,) = give("GOV-02")
    found = todo(made)
    assert (found.state, found.verdict, found.owner.name, found.due_on) == ("open", Verdict.PLANNED, "Kim Lee", DUE)
    plan = Adoption.objects.get()
    assert (plan.control, plan.state_word, plan.because) == ("GOV-02", "planned", "Step 1 on the path")
    assert plan.plan_due == datetime.combine(DUE, time.max, tzinfo=UTC)
    (entry,) = entries("task")
    assert entry["because"] == "Step 1 on the path"
    assert entry["state"]["due_on"] == "2026-12-31"
    line = ledger.list_entries(actor=actor, kind="decisions").lines[0]
    assert (line.what, line.about) == ("Task given", "GOV-02, organisation, by 2026-12-31: Kim Lee")


def test_what_was_declared_stays_declared(give, actor, admin, now) -> None:
    adopt_control(actor=actor, person=admin, control="GOV-02", state="implemented", now=now)
    give("GOV-02")
    assert [one.state_word for one in Adoption.objects.all()] == ["implemented"]


def test_it_is_done_as_long_as_its_control_is_effective(give, todo, control, actor, admin, now) -> None:
    """Rule: done is computed; when the evidence runs out the task stands open again."""
    (made,) = give(control.id)
    then = now + timedelta(days=3)
    prove(control, actor=actor, person=admin, now=then)
    found = todo(made, at=then + timedelta(minutes=1))
    assert (found.state, found.since) == ("done", then)
    later = then + max(one.max_age for one in control.expectations) + timedelta(days=1)
    assert (todo(made, at=later).state, todo(made, at=later).since) == ("late", None)


def test_several_are_given_at_once_or_none(give, noor) -> None:
    """Rule: everything wrong is said together, by control, and nothing is kept."""
    give("GOV-01")
    with pytest.raises(InvalidError) as caught:
        give("GOV-01", "GOV-02", due_on=date(2020, 1, 1), owner=noor, because=" ")
    assert set(caught.value.problems) == {"GOV-01", "GOV-02"}
    assert "task for GOV-01 already" in caught.value.problems["GOV-01"][0]
    assert [len(sentences) for sentences in caught.value.problems.values()] == [4, 3]
    assert (Task.objects.count(), Adoption.objects.count()) == (1, 1)


def test_what_is_effective_or_not_there_gets_no_task(give, control, actor, admin, now) -> None:
    prove(control, actor=actor, person=admin, now=now)
    with pytest.raises(InvalidError, match="is effective there; there is nothing to do"):
        give(control.id)
    with pytest.raises(NotFoundError, match="no control NOT-01 in organisation"):
        give("NOT-01")
    with pytest.raises(InvalidError, match="Choose at least one step"):
        give()
    with pytest.raises(InvalidError, match="more than 20 years ahead"):
        give("GOV-02", due_on=date(2206, 1, 1))


def test_a_task_in_a_system_is_about_what_is_done_there(give, todo, actor, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Alpha", owner="kim@example.org", roles=("provider",)), now=now)
    (made,) = give("LIF-03", scope="alpha")
    assert todo(made).scope_name == "Alpha"
    assert [one.scope for one in Adoption.objects.all()] == ["alpha"]
    with pytest.raises(InvalidError, match="The organisation does GOV-01 for every AI system"):
        give("GOV-01", scope="alpha")


def test_an_auditor_gives_and_changes_none(give, actor, noor, kim, now) -> None:
    with pytest.raises(NotPermittedError):
        give("GOV-02", by=noor)
    (made,) = give("GOV-02")
    with pytest.raises(NotPermittedError, match="Noor Haddad may not change task"):
        withdraw_task(actor=actor_of(noor), person=noor, task=made.id, because="b", now=now)


def test_it_is_handed_over_and_moved_with_a_reason(give, todo, actor, admin, kim, now) -> None:
    (made,) = give("GOV-02")
    who = {"actor": actor, "person": admin, "task": made.id, "now": now}
    with pytest.raises(InvalidError) as caught:
        hand_task(owner=kim, because="", **who)
    assert set(caught.value.problems) == {"owner", "because"}
    with pytest.raises(InvalidError) as caught:
        move_task(due_on=date(2020, 1, 1), because="", **who)
    assert set(caught.value.problems) == {"due_on", "because"}
    hand_task(owner=admin, because="Kim is away", **who)
    move_task(due_on=date(2027, 1, 31), because="Audit moved", **who)
    found = todo(made)
    assert (found.owner.name, found.due_on) == ("Ada Admin", date(2027, 1, 31))
    assert [one.what for one in task_page(actor=actor, task=made.id, now=now).changes] == ["handed", "moved"]
    assert [one["because"] for one in entries("task_change")] == ["Kim is away", "Audit moved"]
    assert Task.objects.get().due_on == DUE


def test_a_plan_made_with_it_moves_along_and_another_does_not(give, actor, admin, now) -> None:
    (made,) = give("GOV-02")
    move_task(actor=actor, person=admin, task=made.id, due_on=date(2027, 1, 31), because="Audit moved", now=now)
    assert [one.plan_due.date() for one in Adoption.objects.order_by("plan_due")] == [DUE, date(2027, 1, 31)]
    adopt_control(actor=actor, person=admin, control="GOV-02", state="planned", now=now + timedelta(minutes=1),
                  plan_due=now + timedelta(days=9))  # fmt: skip
    later = now + timedelta(minutes=2)
    move_task(actor=actor, person=admin, task=made.id, due_on=date(2027, 3, 1), because="Again", now=later)
    assert Adoption.objects.count() == 3


def test_taken_back_it_can_be_given_anew_and_not_be_changed(give, todo, actor, admin, now) -> None:
    (made,) = give("GOV-02")
    who = {"actor": actor, "person": admin, "task": made.id, "now": now}
    withdraw_task(because="Not ours", **who)
    assert todo(made).state == "withdrawn"
    with pytest.raises(InvalidError, match="It was taken back"):
        move_task(due_on=DUE, because="b", **who)
    (again,) = give("GOV-02")
    found = list_todos(actor=actor, now=now, whose="all")
    assert [one.id for one in found.rows] == [again.id]
    assert found.counts["withdrawn"] == 1


def test_two_at_the_same_instant_give_one_task(give, monkeypatch) -> None:
    """Rule: what was looked at before the door opened may have changed; it is looked at again inside."""
    give("GOV-02")
    monkeypatch.setattr("annexa.actions.tasks._problems", lambda *_: [])
    with pytest.raises(ConflictError, match="Somebody else gave one of these tasks meanwhile"):
        give("GOV-01", "GOV-02")
    assert [one.control for one in Task.objects.all()] == ["GOV-02"]


def test_what_there_is_not_is_said(actor, admin, now) -> None:
    with pytest.raises(NotFoundError, match="There is no task nothing"):
        withdraw_task(actor=actor, person=admin, task="nothing", because="b", now=now)


def test_the_database_refuses_changes_that_say_nothing(give, actor, admin, now) -> None:
    (made,) = give("GOV-02")
    same = {"task": made, "recorded_at": now, "by": admin}
    for n, wrong in enumerate(
        ({"what": "handed", "because": "b"}, {"what": "withdrawn", "because": ""}, {"what": "done", "because": "b"})
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), door(actor=actor, verb="change_task", now=now):
            TaskChange(id=f"x{n}", number=9, **same, **wrong).save()
