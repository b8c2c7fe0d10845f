"""One page says how far every system is: filterable, paged, and each row leads into its wizard."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annexa.actions.classification import answer_classification, ask_review
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.library.classification import classifications
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.web.classifications import ROWS

LAW, COLORADO = "eu-ai-act", "us-co-sb26-189"
SPAM = dict(next(one for one in classifications()[LAW].examples if one.name == "A mail provider filters spam").answers)


@pytest.fixture
def systems(actor):
    """Four in use, one retired."""
    for facts in (
        SystemFacts(name="Alpha", stage="operation", built="in-house", personal_data="no", unit="Sales"),
        SystemFacts(name="Beta", unit="Sales"),
        SystemFacts(name="Gamma", unit="Post"),
        SystemFacts(name="Delta"),
        SystemFacts(name="Omega", stage="retirement"),
    ):
        add_system(actor=actor, facts=facts, now=timezone.now())


@pytest.fixture
def page(client, admin, systems) -> Client:
    """The administrator's browser."""
    client.force_login(admin)
    return client


@pytest.fixture
def say(admin):
    """Records answers to the AI Act."""

    def answer(scope, given, *, law=LAW):
        return answer_classification(
            actor=actor_of(admin), person=admin, tree=law, scope=scope, given=given, seen="", now=timezone.now()
        )

    return answer


def names(shown: str) -> list[str]:
    """The systems in the table."""
    return re.findall(r'<a class="name" href="[^"]*">([^<]*)</a>', shown)


def get(browser: Client, **query: str) -> str:
    found = browser.get("/systems/classification", query)
    assert found.status_code == 200
    return found.content.decode()


def test_it_lists_what_is_in_use_and_leads_into_each_wizard(page) -> None:
    assert 'href="/systems/classification"' in page.get("/systems").content.decode()
    shown = get(page)
    assert names(shown) == ["Alpha", "Beta", "Delta", "Gamma"]
    assert f'href="/systems/beta/classification?law={LAW}"' in shown
    assert classifications()[LAW].question("form").text in shown
    assert "Not answered yet" in shown
    assert page.get(f"/systems/beta/classification?law={LAW}").status_code == 200


def test_no_system_can_take_its_address(page, actor) -> None:
    made = add_system(actor=actor, facts=SystemFacts(name="Classification"), now=timezone.now())
    assert made.slug == "classification-2"


def test_it_is_a_part_of_the_ai_systems(page) -> None:
    assert re.search(r'href="/systems" data-place="[a-z]+" aria-current="page"', get(page))


def test_what_the_record_settles_waits_to_be_confirmed(page) -> None:
    shown = get(page, law=COLORADO)
    assert f"Confirm: {classifications()[COLORADO].question('computes').text}" in shown
    assert "<b>1 of 4 AI systems in use are settled</b>" in shown
    assert "not covered" in shown


def test_it_is_narrowed_by_stage_by_the_next_question_and_by_words(page, say, admin) -> None:
    say("beta", {"form": "system"})
    asked = say("gamma", SPAM)
    ask_review(actor=actor_of(admin), person=admin, answers=asked.id, now=timezone.now())
    assert names(get(page, stage="open")) == ["Beta"]
    assert names(get(page, stage="asked")) == ["Gamma"]
    assert names(get(page, stage="unanswered")) == ["Alpha", "Delta"]
    assert names(get(page, next="union")) == ["Beta"]
    assert names(get(page, next="form", stage="unanswered", q="sales")) == ["Alpha"]
    shown = get(page, stage="open")
    assert re.search(r'<a class="tag filter" href="\?">Questions are open', shown)
    assert "Waits for review" in shown  # what else there is to choose stays on offer
    assert names(get(page, law=COLORADO, stage="open")) == []


def test_filters_are_kept_from_one_to_the_next(page) -> None:
    shown = get(page, law=COLORADO, q="a")
    assert f"?law={COLORADO}&amp;q=a&amp;stage=unanswered" in shown
    assert f'<input type="hidden" name="law" value="{COLORADO}">' in shown


def test_nothing_found_offers_the_way_back(page) -> None:
    shown = get(page, law=COLORADO, q="zeppelin")
    assert "No system matches" in shown
    assert f'href="?law={COLORADO}"' in shown
    assert "No system matches" in get(page, stage="launched", next='"><b>')


def test_an_empty_register_says_so(client, admin) -> None:
    client.force_login(admin)
    assert "No AI system is in use" in get(client)


def test_it_is_paged(page, actor) -> None:
    for n in range(ROWS):
        add_system(actor=actor, facts=SystemFacts(name=f"Many {n:03}"), now=timezone.now())
    assert len(names(get(page))) == ROWS
    shown = get(page, page="2", stage="unanswered")
    assert len(names(shown)) == 4
    assert 'rel="prev" href="?page=1&amp;stage=unanswered"' in shown
    assert len(names(get(page, page="nonsense"))) == ROWS


def test_the_number_of_queries_does_not_grow(page, actor, say, django_assert_max_num_queries) -> None:
    page.get("/systems/classification")
    say("beta", {"form": "system"})
    with CaptureQueriesContext(connection) as few:
        page.get("/systems/classification")
    asked = len(few)
    for n in range(20):
        add_system(actor=actor, facts=SystemFacts(name=f"Many {n:03}"), now=timezone.now())
        say(f"many-{n:03}", {"form": "system", "union": ["user"]})
    page.get("/systems/classification")
    with django_assert_max_num_queries(asked):
        page.get("/systems/classification")


def test_everybody_who_may_sign_in_reads_it_and_strangers_do_not(client, systems) -> None:
    assert client.get("/systems/classification").status_code == 302
    auditor = add_person(
        actor=ANNEXA, email="o@example.org", name="O", role="auditor", password=None, now=timezone.now()
    )
    client.force_login(auditor)
    assert names(get(client)) == ["Alpha", "Beta", "Delta", "Gamma"]


def test_a_law_that_asks_nothing_about_systems_is_404(page) -> None:
    assert page.get("/systems/classification", {"law": "gdpr"}).status_code == 404
    assert page.post("/systems/classification").status_code == 405
