"""Anything is found by its name or official number."""

import pytest
from django.utils import timezone

from annexa.actions.systems import add_system
from annexa.answers.search import number, search
from annexa.pure.registers import REGISTERS
from annexa.pure.systems import SystemFacts


@pytest.fixture
def page(client, admin, now, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.force_login(admin)
    return lambda text: client.get("/search", {"q": text})


@pytest.mark.parametrize(
    ("typed", "framework", "found"),
    [
        ("A.5.19", "iso27001-2022", "A.5.19"),
        ("a.5.19", "iso27001-2022", "A.5.19"),
        ("A. 5.19", "iso27001-2022", "A.5.19"),
        ("Art. 26(6)", "eu-ai-act", "Art.26(6)"),
        ("Article 26 (6)", "eu-ai-act", "Art.26(6)"),
        ("26(6)", "eu-ai-act", "Art.26(6)"),
        ("Govern 1.1", "nist-ai-rmf-1.0", "GOVERN 1.1"),
        ("GOVERN1.1", "nist-ai-rmf-1.0", "GOVERN 1.1"),
    ],
)
def test_a_number_is_found_however_it_is_typed(actor, now, typed, framework, found):
    result = search(actor=actor, text=typed, now=now)
    assert result.exact
    first = result.requirements[0]
    assert (first.framework.id, first.requirement.id) == (framework, found)


def test_exact_numbers_come_first_and_lead_to_their_page(page):
    shown = page("A.5.1").content.decode()
    assert shown.index("requirements-h") > 0
    assert 'href="/frameworks/iso27001-2022/requirements/A.5.1"' in shown


def test_systems_and_controls_are_found_by_name(page, actor, now):
    facts = SystemFacts(name="Claims <triage>", reference="AIS-0042", unit="Benefits")
    add_system(actor=actor, facts=facts, now=now)
    for typed in ("triage claims", "ais-0042", "claims-triage"):
        shown = page(typed).content.decode()
        assert "Claims &lt;triage&gt;" in shown
        assert 'href="/systems/claims-triage"' in shown
    shown = page("SUP-01").content.decode()
    assert 'href="/controls/SUP-01"' in shown
    assert "Absent" in shown


def test_nothing_typed_and_nothing_found(page):
    assert "Find anything by its name or number" in page("  ").content.decode()
    shown = page("zzz <i>").content.decode()
    assert "Nothing is called “zzz &lt;i&gt;”" in shown
    assert 'href="/systems?q=zzz%20%3Ci%3E"' in shown


@pytest.mark.parametrize("typed", ["%", "'", "\x00", "(" * 5000, "Art.", "\\"])
def test_odd_input_is_only_text(page, typed):
    assert page(typed).status_code == 200


def test_numbers_compare_without_their_spelling():
    assert number("Article 26 (6)") == number("art. 26(6)") == number("Art.26(6)") == "art.26(6)"
    assert number("Control A.5.1") == "a.5.1"


def test_what_the_names_do_not_have_is_looked_for_in_the_texts(page):
    for typed in ("oversight", "zzz"):
        assert f'href="/library?q={typed}"' in page(typed).content.decode()
    assert 'href="/library?q=a%2Fb%20%3Ci%3E"' in page("a/b <i>").content.decode()
    assert 'href="/library?q=' not in page("").content.decode()


def test_records_of_every_register_are_found_with_those_that_may_be_known_of(here) -> None:
    """Rule: a search finds what a list shows, and tells of nothing else."""
    page = here.client("administrator").get("/search?q=zanzibar+vault").content.decode()
    lost = [
        one.plural
        for one in REGISTERS.values()
        if not one.open_to and f'href="/{one.plural}/zanzibar-vault"' not in page
    ]
    assert not lost
    page = here.client("unit owner").get("/search?q=chatbot")
    assert [one.register.noun for one in page.context["found"].records if one.total == 1]
    assert "anzibar" not in here.client("unit owner").get("/search?q=vault").content.decode()
