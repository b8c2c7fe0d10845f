"""Training through its pages: what waits, taking a course, and the board; each sees their own, strangers nothing."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.grants import grant_role
from annexa.actions.people import add_person
from annexa.actions.registers import add_record
from annexa.actions.request_counts import Counted
from annexa.actions.systems import add_system, change_system
from annexa.actions.training import settle_training
from annexa.actions.units import add_unit
from annexa.library.courses import courses
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.systems import SystemFacts
from annexa.records.people import Person
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from tests.actions.test_door import check_ledger
from tests.web.proving import signed_in

COURSE = "everyone-ai-and-security"
OTHER = "incident-responders"
TITLE = courses()[COURSE].title


def right(course: str = COURSE) -> dict[str, list[str]]:
    """The right answers, as a form sends them."""
    return {question.id: sorted(question.right) for question in courses()[course].questions}


@pytest.fixture
def people(at, actor, now):
    """Ola owns an AI system, Lee leads, Eva works here, Ari audits, Max is from outside; one rule for everybody."""
    for name, role in (
        ("ola", "owner"), ("lee", "lead"), ("eva", "member"), ("ari", "auditor"), ("max", "external"),
    ):  # fmt: skip
        add_person(actor=actor, email=f"{name}@example.org", name=name.capitalize(), role=role, password=None, now=now)
    add_system(actor=actor, facts=SystemFacts(name="Scoring", owner="ola@example.org", stage="operation"), now=now)
    rules = (
        {"name": "Basics", "course": COURSE, "roles": ("everyone",), "within_days": 14},
        {"name": "Owners", "course": "ai-owners-and-overseers", "dealing": ("own",), "literacy": "yes"},
    )
    for rule in rules:
        add_record(actor=actor, register=TRAINING_RULES, entry=TRAINING_RULES.make(rule), now=now)
    settle_training(now=now)


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch) -> None:
    """Tries of one test are not counted in the next."""
    monkeypatch.setattr("annexa.web.training.COUNTED", Counted())


@pytest.fixture
def as_(client, people):
    """The browser of one of them."""

    def of(name: str):
        signed_in(client, Person.objects.get(email=f"{name}@example.org"))
        return client

    return of


def kept() -> list[str]:
    """Whose completions are recorded."""
    return list(TABLES[COMPLETIONS.noun].objects.order_by("id").values_list("person", flat=True))


def test_it_works(as_) -> None:
    """Rule: who works here without any role sees what waits, takes it, and has it in date."""
    eva = as_("eva")
    assert TITLE in eva.get("/").text
    assert "/training" in eva.get("/").text
    page = eva.get("/training").text
    assert "<b>One training</b> waits for you." in page
    assert f"/courses/{COURSE}" in page
    assert "Everybody's" not in page
    assert "Basics" in page
    page = eva.get(f"/courses/{COURSE}").text
    assert all(f'id="{lesson.id}"' in page for lesson in courses()[COURSE].lessons)
    assert "Right:" not in page
    assert 'name="keep"' not in page
    done = eva.post(f"/courses/{COURSE}", right())
    assert (done.status_code, done.url) == (303, "/training")
    page = eva.get("/training").text
    assert "Passed with 100 %" in page
    assert "Nothing waits for you." in page
    assert "answered here" in page
    assert kept() == ["eva@example.org"]
    assert TITLE not in eva.get("/").text
    check_ledger()


def test_who_fails_reads_why_and_nothing_is_kept(as_) -> None:
    eva = as_("eva")
    question = courses()[COURSE].questions[0]
    wrong = next(one for one in question.choices if not one.right)
    page = eva.post(f"/courses/{COURSE}", {question.id: wrong.id})
    assert page.status_code == 200
    assert wrong.because in page.text
    assert f'value="{wrong.id}" checked' in page.text
    assert "Nothing is recorded" in page.text
    assert kept() == []


def test_what_nobody_asks_is_kept_only_if_one_wants(as_) -> None:
    eva = as_("eva")
    assert 'name="keep" value="yes" checked' in eva.get(f"/courses/{OTHER}").text
    page = eva.post(f"/courses/{OTHER}", right(OTHER))
    assert "You chose not to have it recorded." in page.text
    assert kept() == []
    assert eva.post(f"/courses/{OTHER}", {**right(OTHER), "keep": "yes"}).status_code == 303
    assert kept() == ["eva@example.org"]


def test_what_was_never_asked_is_refused(as_) -> None:
    question = courses()[COURSE].questions[0]
    page = as_("eva").post(f"/courses/{COURSE}", {question.id: "zz"})
    assert page.status_code == 422
    assert "do not belong" in page.text


def test_tries_are_limited_by_the_minute_only(as_, monkeypatch, now) -> None:
    eva = as_("eva")
    for _ in range(6):
        assert eva.post(f"/courses/{COURSE}", {}).status_code == 200
    assert eva.post(f"/courses/{COURSE}", right()).status_code == 429
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(minutes=2))
    assert eva.post(f"/courses/{COURSE}", right()).status_code == 303


def test_the_board_shows_shares_late_and_gaps(as_, monkeypatch, now) -> None:
    as_("eva").post(f"/courses/{COURSE}", right())
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(days=20))
    page = as_("ari").get("/training/everybody").text
    assert "<b>2 of 6</b>" not in page  # five people and one owner; one of them has one, and time for the other goes on
    assert "<b>1 of 6</b>" in page
    assert "By training" in page
    assert "As a table" in page
    assert "Overdue or expired" in page
    assert "Ola" in page
    assert "not yet" in page
    assert "owns" in page


def test_the_export_has_everybody(as_) -> None:
    answer = as_("lee").get("/training/everybody.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer["Content-Type"].startswith("text/csv")
    assert {(row["E-mail"], row["Training"]) for row in rows if row["Role"] == "owner"} == {
        ("ola@example.org", TITLE), ("ola@example.org", "Owning and overseeing an AI system")
    }  # fmt: skip
    assert {row["Standing"] for row in rows} == {"due"}
    assert "max@example.org" not in {row["E-mail"] for row in rows}


@pytest.fixture
def units(people, admin, actor, now):
    """Uma leads Retail, Shops lies below it, Olaf owns things in Retail; Eva works in Shops, Ola in Retail and Markets.

    Scoring belongs to Markets, Ranking to Retail; Ola owns both.
    """
    for name, parent in (("Retail", ""), ("Shops", "retail"), ("Markets", "")):
        add_unit(actor=actor, name=name, parent=parent, now=now)
    for name in ("uma", "olaf"):
        add_person(
            actor=actor, email=f"{name}@example.org", name=name.capitalize(), role="member", password=None, now=now
        )
    for name, role, unit in (
        ("uma", "lead", "retail"), ("olaf", "owner", "retail"), ("eva", "reader", "shops"), ("ola", "owner", "retail"),
        ("ola", "owner", "markets"), ("lee", "owner", "markets"),
    ):  # fmt: skip
        holder = Person.objects.get(email=f"{name}@example.org")
        grant_role(actor=actor, person=admin, holder=holder, role=role, unit=unit, because="Works there", now=now)
    facts = SystemFacts(name="Ranking", owner="ola@example.org", stage="operation", unit="Retail")
    add_system(actor=actor, facts=facts, now=now)
    scoring = AiSystem.objects.get(slug="scoring")
    change_system(
        actor=actor, slug="scoring", facts=replace(scoring.facts(), unit="Markets"), seen=scoring.changed_at, now=now
    )


def test_who_leads_a_unit_sees_its_people_and_those_below_and_nobody_else(as_, units) -> None:
    """Rule: the board of a unit is its people, in that unit, with the AI systems the lead may know of."""
    uma = as_("uma")
    assert "Everybody's" in uma.get("/training").text
    page = uma.get("/training/everybody")
    board = page.context["board"]
    assert board.only == ("Retail", "Shops")
    assert "Only the people of Retail, Shops." in page.text
    assert {one.learner.name for one in board.assigned} == {"Uma", "Olaf", "Eva", "Ola"}
    assert {one.word for one in board.by_unit} == {"Retail", "Shops"}
    assert {(one.learner.name, one.systems) for one in board.literacy} == {("Ola", ("ranking",))}
    assert "Markets" not in page.text
    assert "Lee" not in page.text
    rows = list(csv.DictReader(io.StringIO(uma.get("/training/everybody.csv").text)))
    assert {row["E-mail"].split("@")[0] for row in rows} == {"uma", "olaf", "eva", "ola"}
    assert {row["Units"] for row in rows} == {"Retail", "Shops"}
    api = uma.get("/api/v1/training").json()["items"]
    assert {one["name"] for one in api} == {"Uma", "Olaf", "Eva", "Ola"}
    assert uma.get("/api/v1/training/literacy").json()["items"][0]["systems"] == ["ranking"]


def test_training_for_overseers_reaches_whom_the_record_names(as_, actor, now) -> None:
    """Rule: whoever the record of an AI system names as overseer oversees it: rules reach them, and gaps show."""
    scoring = AiSystem.objects.get(slug="scoring")
    facts = replace(scoring.facts(), overseers="EVA@example.org\nnobody@example.org")
    change_system(actor=actor, slug="scoring", facts=facts, seen=scoring.changed_at, now=now)
    board = as_("lee").get("/training/everybody").context["board"]
    eva = [one for one in board.gaps if one.learner.name == "Eva"]
    assert [(one.dealing, one.systems) for one in eva] == [("oversee", ("scoring",))]
    rule = {"name": "Overseers", "course": "ai-owners-and-overseers", "dealing": ("oversee",), "literacy": "yes"}
    add_record(actor=actor, register=TRAINING_RULES, entry=TRAINING_RULES.make(rule), now=now)
    assert "Owning and overseeing an AI system" in as_("eva").get("/training").text


def test_an_owner_in_a_unit_sees_no_board(as_, units) -> None:
    olaf = as_("olaf")
    assert olaf.get("/training/everybody").status_code == 404
    assert olaf.get("/training/everybody.csv").status_code == 404
    assert olaf.get("/api/v1/training").status_code == 404
    assert "Everybody's" not in olaf.get("/training").text


def test_people_see_nobody_elses_training(as_) -> None:
    ola = Person.objects.get(email="ola@example.org")
    eva = as_("eva")
    assert eva.get("/training/everybody").status_code == 404
    assert eva.get("/training/everybody.csv").status_code == 404
    assert "training-h" not in eva.get(f"/people/{ola.pk}").text
    assert "training-h" in eva.get(f"/people/{Person.objects.get(name='Eva').pk}").text
    assert "no rule asks" not in as_("ola").get(f"/people/{ola.pk}").text
    page = as_("ari").get(f"/people/{ola.pk}").text
    assert "AI literacy" in page
    assert "owns" in page


def test_who_comes_from_outside_finds_nothing(as_) -> None:
    outside = as_("max")
    for path in ("/training", "/training/everybody", "/training/everybody.csv", f"/courses/{COURSE}"):
        assert outside.get(path).status_code == 404, path
    assert outside.post(f"/courses/{COURSE}", right()).status_code == 404
    assert kept() == []


def test_there_is_no_such_course(as_) -> None:
    assert as_("eva").get("/courses/nothing").status_code == 404


def test_it_is_among_the_tasks_and_in_the_calendar(as_) -> None:
    ola = as_("ola")
    page = ola.get("/tasks?whose=mine").text
    assert f"Take the training: {TITLE}" in page
    assert f'href="/courses/{COURSE}"' in page
    assert f"Take the training: {TITLE}" in ola.get("/tasks.ics").text.replace("\r\n ", "")
    assert f"Take the training: {TITLE}" in ola.get("/?whose=mine").text
    ola.post(f"/courses/{COURSE}", right())
    assert f"Take the training: {TITLE}" not in ola.get("/tasks?whose=mine").text


def test_a_typed_completion_is_not_one_of_here(as_, now) -> None:
    lee = as_("lee")
    given = {"name": "Elsewhere", "person": "lee@example.org", "completed_on": now.date().isoformat()}
    assert lee.post("/completions/add", {**given, "how": "here"}).status_code == 422
    assert lee.post("/completions/add", {**given, "how": "external", "course": COURSE}).status_code == 303
    assert "Nothing waits for you." in lee.get("/training").text


def test_a_board_without_rules_says_how_to_begin(client, at) -> None:
    page = client.get("/training/everybody").text
    assert "Nobody has to take anything" in page
    assert "/training-rules/add" in page
