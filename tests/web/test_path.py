"""The path to ready says what comes next and why, and makes its steps tasks in one click."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from annexa.actions.owners import name_owner
from annexa.actions.systems import add_system
from annexa.answers.path import path_page
from annexa.pure.permits import ANNEXA
from annexa.records.controls import Adoption
from annexa.records.tasks import Task
from annexa.web.path import SIZE
from tests.web.test_today import system

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, admin, actor, now):
    """Asks for the path of an organisation with one AI system."""
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka", roles=("provider",)), now=now)
    client.force_login(admin)

    def ask(address: str = "/path", **query: object):
        return client.get(address, query)

    return ask


@pytest.fixture
def steps(page, actor):
    """The steps themselves."""
    return path_page(actor=actor, now=timezone.now()).steps


def text_of(response) -> str:
    return response.content.decode()


def test_the_first_sentence_has_the_numbers(page, actor) -> None:
    shown = re.sub(r"<[^>]+>|\s+", " ", text_of(page()))
    found = path_page(actor=actor, now=timezone.now())
    lead = re.sub(r" +", " ", shown)
    assert f"{found.met_now} of {found.binding_now} requirements that bind now are met" in lead
    assert f"{found.ready_later} of {found.binding_later} that bind later are ready for their day" in lead
    assert f"{len(found.steps)} steps" in lead
    assert f"lead to {found.met_after} of {found.total}" in lead
    assert "At 5 days a week they are done by" in lead


def test_each_step_has_its_reason_gain_effort_role_and_day(page, steps) -> None:
    shown = text_of(page())
    first = steps[0].step
    assert f'href="/controls/{first.control.id}"' in shown
    assert f"{first.control.id} has to be built" in shown
    assert '<span class="tag won">' in shown
    assert first.owner_role[1:] in shown
    assert f'<time datetime="{first.due_on.isoformat()}">' in shown
    assert shown.count('<li id="step-') == SIZE


def test_a_later_page_goes_on_counting(page, steps) -> None:
    shown = text_of(page(page=2))
    assert f'<ol class="path" start="{SIZE + 1}">' in shown
    assert f'id="step-{SIZE + 1}"' in shown
    assert 'id="step-1"' not in shown


def test_the_chart_has_a_sentence_and_a_table(page) -> None:
    shown = text_of(page())
    assert re.search(
        r'role="img" aria-label="Requirements met or ready: \d+ of \d+ today, \d+ on \d+ \w+ \d{4} along', shown
    )
    assert "Requirements met and binding by day" in shown


def test_it_is_narrowed_by_framework_pace_and_day(page) -> None:
    assert "ISO/IEC 42001" in text_of(page(framework="iso42001-2023"))
    assert "At 2.5 days a week" in text_of(page(capacity="2.5"))
    by = timezone.now().date() + timedelta(days=21)
    assert "more steps end after" in text_of(page(by=by.isoformat()))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"capacity": "many"}, "many is no number of days a week"),
        ({"capacity": "0"}, "0 is no number of days a week"),
        ({"capacity": "nan"}, "nan is no number of days a week"),
        ({"by": "soon"}, "soon is not a date"),
        ({"by": "2020-01-01"}, "2020-01-01 is not ahead"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(page, query, sentence) -> None:
    found = page(**query)
    assert found.status_code == 200
    assert sentence in text_of(found)
    assert 'aria-invalid="true"' in text_of(found)


def test_no_step_by_a_day_is_said(page) -> None:
    by = timezone.now().date() + timedelta(days=1)
    shown = text_of(page(by=by.isoformat(), capacity="0.25"))
    assert "No step ends by that day" in shown
    assert "Drop the filters" in shown


def give(client, *steps, **more):
    """Chooses these steps and makes them tasks."""
    return client.post("/path/tasks?capacity=3", {"step": [one.control.id for one in steps]} | more)


def test_one_click_makes_a_step_a_task_and_a_plan_and_returns(page, client, admin, steps) -> None:
    """Rule: for a control nobody has declared, the same click declares it planned by the day of the task."""
    step = next(one.step for one in steps if one.can_be_planned)
    shown = text_of(page())
    assert 'action="/path/tasks"' in shown
    assert f'name="only" value="{step.control.id}"' in shown
    due_on = path_page(actor=ANNEXA, now=timezone.now(), capacity=3).steps[step.number - 1].step.due_on
    done = client.post("/path/tasks?capacity=3", {"only": step.control.id})
    assert (done.status_code, done["Location"]) == (303, "/path?capacity=3")
    made = Task.objects.get()
    assert (made.control, made.scope, made.owner, made.effort_days, made.due_on) == (
        step.control.id, "organisation", admin, step.effort_days, due_on,
    )  # fmt: skip
    assert made.because.startswith(f"Step {step.number} on the path to ready of ")
    plan = Adoption.objects.get()
    assert (plan.control, plan.state_word, plan.plan_due.date(), plan.because) == (
        made.control, "planned", made.due_on, made.because,
    )  # fmt: skip
    after = text_of(client.get("/path?capacity=3"))
    assert f"{step.control.id} is a task of Ada Admin by" in after
    assert f'name="only" value="{step.control.id}"' not in after
    assert f'href="/tasks/{made.id}"' in after


def test_several_are_given_at_once_to_whom_and_by_when_one_says(page, client, kim, steps) -> None:
    chosen = [one.step for one in steps[:3]]
    due = timezone.now().date() + timedelta(days=90)
    done = give(client, *chosen, owner=str(kim.pk), due_on=due.isoformat())
    assert done.status_code == 303
    assert {(one.control, one.owner, one.due_on) for one in Task.objects.all()} == {
        (step.control.id, kim, due) for step in chosen
    }
    assert "3 tasks are given" in text_of(client.get("/path"))


def test_the_owner_of_a_control_is_proposed_and_takes_the_task(page, client, actor, admin, kim, now, steps) -> None:
    step = steps[0].step
    name_owner(actor=actor, person=admin, controls=[step.control.id], owner=kim, now=now)
    assert "Kim Lee" in text_of(page())
    give(client, step)
    assert Task.objects.get().owner == kim


def test_a_day_in_the_past_is_refused_with_its_reason(page, client, steps) -> None:
    answer = give(client, steps[0].step, due_on="2020-01-01")
    assert answer.status_code == 422
    assert "2020-01-01 is not ahead" in text_of(answer)
    assert not Task.objects.exists()
    assert not Adoption.objects.exists()


def test_nothing_chosen_and_nobody_like_that_is_said(page, client, steps) -> None:
    assert "Choose at least one step" in text_of(give(client))
    answer = give(client, steps[0].step, owner="9999")
    assert answer.status_code == 422
    assert "9999 is not one of the available choices" in text_of(answer)


def test_a_task_by_its_address_alone_leads_to_the_path(page, client, steps) -> None:
    found = client.get("/path/tasks?capacity=3")
    assert (found.status_code, found["Location"]) == (303, "/path?capacity=3")
    assert client.put("/path/tasks").status_code == 405


def test_what_there_is_not_is_404(page, client, steps) -> None:
    assert page(framework="iso9").status_code == 404
    assert page("/path.csv", framework="iso9").status_code == 404
    assert client.post("/path/tasks", {"only": "NOT-01"}).status_code == 404


def test_an_auditor_reads_and_gives_nothing(client, noor, steps) -> None:
    client.force_login(noor)
    assert "Make it a task" not in text_of(client.get("/path"))
    assert give(client, steps[0].step).status_code in {403, 422}
    assert not Task.objects.exists()
    assert not Adoption.objects.exists()


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page()
    with django_assert_max_num_queries(14):
        page()


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.get("/path").status_code == 302
    assert client.get("/path.csv").status_code == 302
