"""The gap analysis has for every requirement state, gap, risk, action, owner and date; narrowed, as CSV and XLSX."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from django.utils import timezone

from annexa.actions.controls import judge
from annexa.actions.owners import name_owner
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, make_tasks
from annexa.answers.path import path_page
from annexa.web.gaps import GAP_HEADER
from tests.web.test_today import system

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, admin, actor, now):
    """Asks for the gaps of an organisation with one AI system."""
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka", roles=("provider",)), now=now)
    client.force_login(admin)
    return lambda address, **query: client.get(address, query)


@pytest.fixture
def steps(page, actor):
    """The steps of its path."""
    return path_page(actor=actor, now=timezone.now()).steps


def text_of(response) -> str:
    return response.content.decode()


def table(response) -> tuple[list[str], list[dict[str, str]]]:
    header, *rows = csv.reader(io.StringIO(response.content.decode()))
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def test_a_gap_has_state_lack_risk_action_owner_and_day(page, steps, actor, admin, kim, now) -> None:
    step = steps[0].step
    name_owner(actor=actor, person=admin, controls=[step.control.id], owner=kim, now=now)
    shown = text_of(page("/path/gaps", framework="eu-ai-act"))
    assert "Lacks " in shown
    assert "Weight 1" in shown
    assert "not reduced, above all" in shown
    assert f'<a class="plain" href="/controls/{step.control.id}">{step.control.id}' in shown
    assert "step 1," in shown
    assert 'data-initials="KL">Kim Lee' in shown
    assert 'href="/path.xlsx?framework=eu-ai-act"' in shown


def test_a_task_says_who_and_by_when(page, client, steps, actor, admin, kim) -> None:
    step, due = steps[0].step, timezone.now().date() + timedelta(days=200)
    wanted = Wanted(control=step.control.id, owner=kim, due_on=due, effort_days=1, because="b")
    (made,) = make_tasks(actor=actor, person=admin, wanted=[wanted], now=timezone.now())
    assert f'href="/tasks/{made.id}"' in text_of(client.get("/path/gaps?framework=eu-ai-act"))
    _, rows = table(client.get("/path.csv"))
    mine = [row for row in rows if row["Owner"] == "Kim Lee"]
    assert mine
    assert {row["Task due"] for row in mine} == {due.isoformat()}


def test_it_is_narrowed_by_framework_state_owner_and_day(page, steps, actor, admin, kim, now) -> None:
    name_owner(actor=actor, person=admin, controls=[steps[0].step.control.id], owner=kim, now=now)
    assert {row["Framework"] for row in table(page("/path.csv", framework="nist-ai-rmf-1.0"))[1]} == {"nist-ai-rmf-1.0"}
    assert {row["Verdict"] for row in table(page("/path.csv", verdict="unmet"))[1]} == {"unmet"}
    assert {row["Owner"] for row in table(page("/path.csv", owner="Kim Lee"))[1]} == {"Kim Lee"}
    assert {row["Owner"] for row in table(page("/path.csv", owner="-"))[1]} == {""}
    due = (timezone.now().date() + timedelta(days=60)).isoformat()
    rows = table(page("/path.csv", due=due))[1]
    assert rows
    assert all(row["Due"] <= due for row in rows)
    assert "soon is not a date" in text_of(page("/path/gaps", due="soon"))
    assert "No gap matches" in text_of(page("/path/gaps", owner="Nobody of that name"))


def test_the_page_shows_gaps_alone_unless_asked(page, actor, admin) -> None:
    """Rule: what is met, and what binds nobody and will not, is no gap; the table holds it all the same."""
    judge(actor=actor, person=admin, kind="exclusion", framework="eu-ai-act", subject="Art.4(1)", now=timezone.now(),
          because="We use none", ends_at=timezone.now() + timedelta(days=9))  # fmt: skip
    rows = table(page("/path.csv", framework="eu-ai-act"))[1]
    gaps = [row for row in rows if row["Missing controls"] or row["Verdict"] not in {"met", "not applicable"}]
    shown = text_of(page("/path/gaps", framework="eu-ai-act"))
    assert 0 < len(gaps) < len(rows)
    assert f"<b>{len(gaps)} gaps</b>" in shown
    assert f"{len(rows)} lines in all" in text_of(page("/path/gaps", framework="eu-ai-act", of="all"))


def test_csv_has_every_line_once(page, steps) -> None:
    found = page("/path.csv", framework="iso42001-2023")
    assert found["Content-Type"].startswith("text/csv")
    assert "gap-analysis-" in found["Content-Disposition"]
    header, rows = table(found)
    assert tuple(header) == GAP_HEADER
    assert len({row["Requirement"] for row in rows}) == len(rows)
    gap = next(row for row in rows if row["Next step"] == "1")
    assert gap["Verdict"] in {"unmet", "partial", "uncovered"}
    assert all(gap[name] for name in ("Missing controls", "Owner role", "Gap", "Risk", "Weight", "Action"))
    assert float(gap["Effort in days"]) > 0
    assert gap["Due"] or gap["Why not"]


def test_a_workbook_holds_the_same_and_no_formula(page, actor, admin, now) -> None:
    """Rule: a text of ours that begins like a formula stays a text, in CSV and in the workbook."""
    judge(actor=actor, person=admin, kind="exclusion", framework="iso42001-2023", subject="4.1", now=timezone.now(),
          because='=HYPERLINK("http://example.org")', ends_at=timezone.now() + timedelta(days=9))  # fmt: skip
    found = page("/path.xlsx", framework="iso42001-2023")
    assert found["Content-Type"].startswith("application/vnd.openxmlformats")
    sheet = openpyxl.load_workbook(io.BytesIO(found.content)).active
    cells = [tuple(cell.value or "" for cell in row) for row in sheet.iter_rows()]
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    header, rows = table(page("/path.csv", framework="iso42001-2023"))
    assert cells == [tuple(header), *(tuple(row.values()) for row in rows)]
    assert any("HYPERLINK" in row["Why not"] for row in rows)


def test_what_there_is_not_is_404_and_strangers_sign_in(page, client, organisation) -> None:
    assert page("/path/gaps", framework="iso9").status_code == 404
    assert page("/path.xlsx", framework="iso9").status_code == 404
    client.logout()
    assert {client.get(address).status_code for address in ("/path/gaps", "/path.csv", "/path.xlsx")} == {302}


def test_it_asks_little(page, actor, django_assert_max_num_queries) -> None:
    path_page(actor=actor, now=timezone.now())
    page("/path/gaps")
    with django_assert_max_num_queries(14):
        page("/path/gaps")


def test_what_binds_later_is_said_so(page) -> None:
    """Rule: a duty to come is neither one that does not apply nor one that nobody can close."""
    text = text_of(page("/path/gaps", framework="eu-ai-act", verdict="later", of="all"))
    assert "Binds later" in text
    assert '<option value="later" selected>Binds later (' in text
    assert "Not applicable</a>" not in text
    assert "Not applicable</span>" not in text
    assert "no step can close it" not in text
