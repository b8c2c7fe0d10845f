"""The path to ready says what comes next and why, plans a step in one click, and hands the gap analysis out."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from annexa.actions.people import add_person
from annexa.actions.systems import add_system
from annexa.answers.path import path_page
from annexa.records.controls import Adoption
from annexa.web.path import GAP_HEADER, SIZE
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
    assert f"{found.met} of {found.total} requirements are met" in lead
    assert f"{len(found.steps)} steps" in lead
    assert f"lead to {found.met_after}" in lead
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
    assert re.search(r'role="img" aria-label="Requirements met: \d+ of \d+ today, \d+ on \d+ \w+ \d{4} along', shown)
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


def plan(client, step, **more):
    given = {"state": "planned", "plan_due": step.due_on.isoformat(), "because": "Step on the path"}
    return client.post(f"/path/{step.control.id}/plan?capacity=3", given | more)


def test_plan_it_declares_the_control_planned_and_returns(page, client, steps) -> None:
    step = next(one.step for one in steps if one.can_be_planned)
    shown = text_of(page())
    assert f'action="/path/{step.control.id}/plan"' in shown
    assert f'name="plan_due" value="{step.due_on.isoformat()}"' in shown
    assert 'name="because" value="Step ' in shown
    done = plan(client, step)
    assert (done.status_code, done["Location"]) == (303, "/path?capacity=3")
    made = Adoption.objects.get(control=step.control.id)
    assert (made.state_word, made.scope, made.plan_due.date()) == ("planned", "organisation", step.due_on)
    assert made.because == "Step on the path"
    after = text_of(client.get("/path?capacity=3"))
    assert f"{step.control.id} is planned by" in after
    assert f'action="/path/{step.control.id}/plan' not in after


def test_a_plan_in_the_past_is_refused_with_its_reason(page, client, steps) -> None:
    answer = plan(client, steps[0].step, plan_due="2020-01-01")
    assert answer.status_code == 422
    assert "2020-01-01 is not ahead" in text_of(answer)
    assert not Adoption.objects.exists()


def test_only_planned_can_be_declared_here(page, client, steps) -> None:
    plan(client, steps[0].step, state="excluded")
    assert [one.state_word for one in Adoption.objects.all()] == ["planned"]


def test_a_plan_by_its_address_alone_leads_to_the_path(page, client, steps) -> None:
    found = client.get(f"/path/{steps[0].step.control.id}/plan?capacity=3")
    assert (found.status_code, found["Location"]) == (303, "/path?capacity=3")
    assert client.put("/path/GOV-01/plan").status_code == 405


def test_what_there_is_not_is_404(page, client, steps) -> None:
    assert page(framework="iso9").status_code == 404
    assert page("/path.csv", framework="iso9").status_code == 404
    assert client.post("/path/NOT-01/plan", {"state": "planned", "plan_due": "2099-01-01"}).status_code == 404


def test_an_auditor_reads_and_plans_nothing(client, actor, now, steps) -> None:
    auditor = add_person(
        actor=actor, email="noor@example.org", name="Noor Haddad", role="auditor", password=None, now=now
    )
    client.force_login(auditor)
    assert "Plan it" not in text_of(client.get("/path"))
    assert plan(client, steps[0].step).status_code == 403
    assert not Adoption.objects.exists()


def test_the_gap_analysis_is_a_table(page, steps) -> None:
    found = page("/path.csv", framework="iso42001-2023")
    assert found["Content-Type"].startswith("text/csv")
    assert "gap-analysis-" in found["Content-Disposition"]
    header, *rows = csv.reader(io.StringIO(text_of(found)))
    assert tuple(header) == GAP_HEADER
    assert {row[0] for row in rows} == {"iso42001-2023"}
    gap = next(row for row in rows if row[6] == "1")
    assert gap[3] in {"unmet", "partial", "uncovered"}
    assert gap[5]
    assert gap[7]
    assert float(gap[8]) > 0
    assert gap[9] or gap[10]


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page()
    with django_assert_max_num_queries(10):
        page()


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.get("/path").status_code == 302
    assert client.get("/path.csv").status_code == 302
