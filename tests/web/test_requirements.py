"""A requirement's page says what it asks, how it is tested, from when, what corresponds elsewhere, where we stand."""

import pytest
from django.urls import reverse

from annexa.library.load import library


@pytest.fixture
def page(client, admin):
    """Asks for the page of a requirement."""
    client.force_login(admin)

    def ask(framework: str, requirement: str, **query: str):
        return client.get(reverse("requirement", args=[framework, requirement]), query)

    return ask


def test_it_works(page) -> None:
    found = page("iso42001-2023", "A.5.2")
    shown = found.content.decode()
    asked = library().frameworks["iso42001-2023"].by_id["A.5.2"]
    assert found.status_code == 200
    assert asked.summary in shown
    assert library().controls["IMP-01"].tests[0].how in shown
    assert 'href="/frameworks/eu-ai-act/requirements/Art.27"' in shown
    assert "overlaps with it" in shown
    assert 'href="/frameworks/iso42001-2023?requirement=A.5.2#proof"' in shown
    assert 'rel="prev"' in shown
    assert 'rel="next"' in shown


def test_a_group_lists_its_parts(page) -> None:
    shown = page("iso27001-2022", "A.5").content.decode()
    assert shown.count('href="/frameworks/iso27001-2022/requirements/A.5.') >= 37
    assert "Its parts" in shown


def test_nobodys_duty_has_no_verdict_and_says_why(page) -> None:
    framework = library().frameworks["eu-ai-act"]
    silent = next(leaf for leaf in framework.leaves if leaf.no_duty)
    shown = page("eu-ai-act", silent.id).content.decode()
    assert "Nothing has to be done here" in shown
    assert 'class="verdict' not in shown


def test_an_old_number_is_reached_from_the_new_one(page) -> None:
    shown = page("iso27001-2022", "A.5.19").content.decode()
    assert 'href="/frameworks/iso27001-2013/requirements/A.15.1.1"' in shown


@pytest.mark.parametrize(("framework", "requirement"), [("iso9", "1"), ("iso42001-2023", "A.99")])
def test_what_there_is_not_is_404(page, framework, requirement) -> None:
    assert page(framework, requirement).status_code == 404


def test_a_past_date_is_kept_in_the_way_to_the_proof(page) -> None:
    assert "&amp;at=2026-11-01#proof" in page("iso42001-2023", "A.5.2", at="2026-11-01").content.decode()


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page("gdpr", "Art.22")
    with django_assert_max_num_queries(10):
        page("eu-ai-act", "Art.26(6)")


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.get("/frameworks/gdpr/requirements/Art.22").status_code == 302


def test_every_date_is_written_alike(page) -> None:
    """AI Act Art. 49(2) carries the day of the first text as an attribute."""
    shown = page("eu-ai-act", "Art.49(2)").content.decode()
    facts = shown[shown.index('id="facts-h"') :]
    assert '<time datetime="2026-08-02">' in facts[: facts.index("</section>")]
    assert "<dd>2026-08-02</dd>" not in facts
