"""Risk scenarios are read by area, asset and threat, with how their controls stand, and scales in words."""

import html
import re

import pytest

from annexa.library.risks import risks


@pytest.fixture
def page(client, admin):
    """Asks for a page below the scenarios."""
    client.force_login(admin)

    def ask(path: str = "", **query: str):
        return client.get(f"/library/risks{path}", query)

    return ask


def test_all_scenarios_by_area(page) -> None:
    shown = page().content.decode()
    for scenario in risks().scenarios.values():
        assert f'href="/library/risks/{scenario.id}"' in shown


def test_facets_narrow(page) -> None:
    shown = page(owasp="LLM01:2025", area="ai").content.decode()
    found = [one for one in risks().scenarios.values() if "LLM01:2025" in one.tags.get("owasp-llm-2025", ())]
    shown_ids = [one.id for one in found if one.area == "ai"]
    assert shown_ids
    assert shown.count('class="name"') == len(shown_ids)
    assert 'value="LLM01:2025" selected' in shown
    assert "Area: AI" in shown


@pytest.mark.parametrize("query", [{"asset": "moon"}, {"area": "<i>"}, {"atlas": "AML.0"}, {"colour": "red"}])
def test_odd_facets_are_no_error(page, query) -> None:
    found = page(**query)
    assert found.status_code == 200
    assert "<i>" not in found.content.decode()


def test_a_scenario_says_whom_it_harms_and_what_acts_against_it(page) -> None:
    scenario = risks().scenarios["SC-AI-03"]
    shown = page("/SC-AI-03").content.decode()
    assert scenario.weakness.replace("'", "&#x27;") in shown
    for control in scenario.controls:
        assert f'href="/controls/{control}"' in shown
    assert "LLM01:2025" in shown
    assert 'class="verdict"' in shown


def test_scales_say_what_a_step_means(page) -> None:
    shown = page("/scales").content.decode()
    for scale in risks().scales.values():
        assert f'id="scale-{scale.id}"' in shown


def test_frequencies_have_no_idle_noughts(page) -> None:
    shown = page("/scales").content.decode()
    assert "0.03 to 0.1<" in shown
    assert "0.500" not in shown


def test_a_scenario_fills_the_form_of_a_risk(page, client) -> None:
    shown = page("/SC-AI-03").content.decode()
    link = html.unescape(re.search(r'href="(/risks/add[^"]*)"', shown)[1])
    form = client.get(link).content.decode()
    scenario = risks().scenarios["SC-AI-03"]
    assert f'value="{scenario.title}"' in form
    assert 'name="controls" value="LIF-09" checked' in form
    assert '<option value="ai" selected>' in form
