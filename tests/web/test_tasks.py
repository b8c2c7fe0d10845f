"""Tasks: a list of what needs somebody first, as CSV and calendar; one handed over, moved, taken back."""

import csv
import io
from datetime import date, timedelta

import pytest

from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, make_tasks
from annexa.records.controls import Adoption
from annexa.records.tasks import Task
from annexa.web.tasks import CSV_HEADER
from tests.web.test_today import prove, system

DUE = date(2026, 12, 31)


@pytest.fixture
def given(at, actor, admin, kim):
    """Two tasks: one of the administrator, one of Kim."""

    def task(name: str, owner) -> Wanted:
        return Wanted(control=name, owner=owner, due_on=DUE, effort_days=2.5, because="Step 1, so that it holds")

    wanted = [task("GOV-01", admin), task("GOV-02", kim)]
    return make_tasks(actor=actor, person=admin, wanted=wanted, now=at)


def shown(client, address="/tasks", **query) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_nothing_to_do_leads_to_the_path(client, at) -> None:
    page = shown(client)
    assert "Nothing is to be done" in page
    assert 'href="/path"' in page


def test_mine_come_first_and_everybodys_are_one_link_away(client, given) -> None:
    """Rule: who owns something sees that first; the address says which of the two it is."""
    mine = shown(client)
    assert (f"/tasks/{given[0].id}" in mine, f"/tasks/{given[1].id}" in mine) == (True, False)
    assert 'href="?whose=all"' in mine
    everybody = shown(client, whose="all")
    assert all(f"/tasks/{one.id}" in everybody for one in given)
    assert "Kim Lee" in everybody
    assert f"/tasks/{given[1].id}" not in shown(client, whose="all", owner="Ada Admin")
    assert "No task matches" in shown(client, whose="all", q="nothing of the kind")
    assert f"/tasks/{given[1].id}" in shown(client, whose="all", q="gov-02 kim")


def test_states_are_tabs_with_counts(client, given, control, actor, admin, at) -> None:
    task = Wanted(control=control.id, owner=admin, due_on=DUE, effort_days=1, because="b")
    made = given
    if control.id not in {"GOV-01", "GOV-02"}:
        made = make_tasks(actor=actor, person=admin, wanted=[task], now=at)
    prove(control, actor=actor, person=admin, now=at)
    done = shown(client, whose="all", state="done")
    assert "done since" in " ".join(done.split())
    assert made[0].id in done or made[1].id in done
    assert 'Done<span class="count">1</span>' in done


def test_evidence_that_runs_out_is_a_task_of_its_owner_without_a_row(
    client,
    control,
    actor,
    admin,
    kim,
    at,
) -> None:
    """Rule: freshness makes the calendar; nobody types a date twice."""
    name_owner(actor=actor, person=admin, controls=[control.id], owner=kim, now=at)
    prove(control, actor=actor, person=admin, now=at - timedelta(hours=1), age=0.99)
    assert "Nothing is to be done" in shown(client, whose="mine")
    client.force_login(kim)
    page = shown(client)
    assert f'href="/controls/{control.id}#at-{control.expectations[0].id}"' in page
    assert "Evidence: " in page
    assert not Task.objects.exists()


def test_the_table_is_what_the_filters_leave_and_runs_nothing(client, given, actor, admin, at) -> None:
    wanted = Wanted(control="GOV-03", owner=admin, due_on=DUE, effort_days=1, because="=1+1")
    make_tasks(actor=actor, person=admin, wanted=[wanted], now=at)
    answer = client.get("/tasks.csv", {"whose": "mine"})
    assert answer["Content-Type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert tuple(header) == CSV_HEADER
    assert [(row[1], row[5], row[6], row[8]) for row in rows] == [
        ("GOV-01", "Ada Admin", "2026-12-31", "open"), ("GOV-03", "Ada Admin", "2026-12-31", "open"),
    ]  # fmt: skip
    assert rows[1][-1] == "'=1+1"


def test_the_calendar_has_ones_own_tasks_and_ends(client, given, control, actor, admin, at) -> None:
    name_owner(actor=actor, person=admin, controls=[control.id], owner=admin, now=at)
    prove(control, actor=actor, person=admin, now=at)
    answer = client.get("/tasks.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "annexa-tasks.ics" in answer["Content-Disposition"]
    text = answer.content.decode().replace("\r\n ", "")
    uids = [line for line in text.split("\r\n") if line.startswith("UID:")]
    ends = [one for one in uids if one.startswith(f"UID:evidence.{control.id}.")]
    assert len(ends) == sum(one.max_age < timedelta(days=365) for one in control.expectations) > 0
    own = [one for one in uids if one.startswith("UID:task.")]
    assert [one.partition("@")[0] for one in own] == [f"UID:task.{given[0].id}"] * (control.id != "GOV-01")
    assert len(set(uids)) == len(uids)
    assert "@annexa.local." in uids[0]
    assert client.get("/tasks.ics").content == answer.content


def test_a_task_says_how_it_stands_what_lacks_and_what_was_done(client, given) -> None:
    page = shown(client, f"/tasks/{given[0].id}")
    assert "Due on" in page
    assert "Step 1, so that it holds" in page
    assert "What its control lacks" in page
    assert "Given to Ada Admin" in page


def test_it_is_handed_over_moved_and_taken_back_where_it_stands(client, given, kim) -> None:
    address = f"/tasks/{given[0].id}"
    for what, sent in (
        ("hand", {"owner": str(kim.pk), "because": "On leave"}),
        ("move", {"due_on": "2027-02-01", "because": "Audit moved"}),
        ("withdraw", {"because": "Not ours"}),
    ):
        answer = client.post(f"{address}/{what}", sent)
        assert (answer.status_code, answer["Location"]) == (303, address)
    page = shown(client, address)
    assert all(said in page for said in ("Handed to Kim Lee", "On leave", "Audit moved", "Not ours", "taken back"))
    assert "Change it" not in page
    assert given[0].id in shown(client, whose="all", state="withdrawn")


def test_what_is_wrong_stands_in_the_form_and_nothing_is_lost(client, given) -> None:
    answer = client.post(f"/tasks/{given[0].id}/move", {"due_on": "2020-01-01", "because": "Because of this"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "2020-01-01 is not ahead" in page
    assert "Because of this" in page
    assert "<details open>" in page
    assert client.post(f"/tasks/{given[0].id}/hand", {"owner": "9999", "because": "b"}).status_code == 422


def test_a_task_is_given_from_the_page_of_its_control(client, at, actor, kim) -> None:
    add_system(actor=actor, facts=system("Alpha", owner="kim@example.org", roles=("provider",)), now=at)
    page = shown(client, "/controls/LIF-03", scope="alpha")
    assert 'action="/controls/LIF-03/task?scope=alpha"' in page
    sent = {"owner": str(kim.pk), "due_on": "2027-01-31", "effort_days": "3", "because": "Before release"}
    answer = client.post("/controls/LIF-03/task?scope=alpha", sent)
    assert (answer.status_code, answer["Location"]) == (303, "/controls/LIF-03?scope=alpha#tasks")
    made = Task.objects.get()
    assert (made.control, made.scope, made.owner) == ("LIF-03", "alpha", kim)
    after = shown(client, "/controls/LIF-03", scope="alpha")
    assert f'href="/tasks/{made.id}"' in after
    assert "Make it a task" not in after
    refused = client.post("/controls/LIF-03/task?scope=alpha", sent | {"because": ""})
    assert refused.status_code == 422
    assert "Why it is to be done" in refused.content.decode()


def test_an_auditor_sees_tasks_and_changes_none(client, given, noor, kim) -> None:
    client.force_login(noor)
    assert given[1].id in shown(client)
    assert "Change it" not in shown(client, f"/tasks/{given[0].id}")
    sent = {"owner": str(kim.pk), "due_on": "2027-02-01", "effort_days": "1", "because": "b"}
    for address in (
        *(f"/tasks/{given[0].id}/{what}" for what in ("hand", "move", "withdraw")),
        "/controls/GOV-03/task",
    ):
        assert client.post(address, sent).status_code in {403, 422}
    assert (Task.objects.count(), Adoption.objects.count()) == (2, 2)


def test_what_there_is_not_is_404_and_strangers_sign_in(client, at, organisation) -> None:
    assert client.get("/tasks/nothing").status_code == 404
    assert client.post("/tasks/nothing/withdraw", {"because": "b"}).status_code == 404
    client.logout()
    for address in ("/tasks", "/tasks.csv", "/tasks.ics", "/tasks/nothing"):
        assert client.get(address).status_code == 302


def test_text_of_people_is_never_markup(client, at, actor, admin) -> None:
    wanted = Wanted(control="GOV-01", owner=admin, due_on=DUE, effort_days=1, because="<b>Bold</b>")
    (made,) = make_tasks(actor=actor_of(admin), person=admin, wanted=[wanted], now=at)
    for address in ("/tasks", f"/tasks/{made.id}", "/", "/controls/GOV-01"):
        assert "<b>Bold</b>" not in shown(client, address)


def test_it_asks_little(client, given, django_assert_max_num_queries) -> None:
    shown(client)
    with django_assert_max_num_queries(29):
        shown(client, whose="all")
