"""A past day can be seen in two ways, on every page that takes a day; the address says which."""

from datetime import datetime, timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from annexa.actions.controls import adopt_control
from annexa.actions.evidence import add_evidence
from annexa.actions.systems import add_system
from annexa.library.load import library
from annexa.pure.systems import SystemFacts
from annexa.web.asof import as_of

CONTROL = "GOV-02"
MET = "A.5.1"
DAY = timedelta(days=1)


@pytest.fixture
def here() -> datetime:
    """The pages are asked in real time."""
    return timezone.now()


@pytest.fixture
def then(here) -> str:
    """The day that is looked back at: after the evidence was observed, before it was recorded."""
    return (here - 10 * DAY).date().isoformat()


@pytest.fixture
def client(actor, admin, here) -> Client:
    """A browser, where evidence of twenty days ago was recorded yesterday."""
    long_ago = here - 40 * DAY
    facts = SystemFacts(name="Chatbot", stage="operation", roles=("deployer",), classes=("high-risk",))
    add_system(actor=actor, facts=facts, now=long_ago)
    adopt_control(actor=actor, person=admin, control=CONTROL, state="implemented", now=long_ago)
    for one in library().controls[CONTROL].expectations:
        if one.kind.value != "record":
            add_evidence(
                actor=actor, person=admin, control=CONTROL, expectation=one.id, scope="organisation", now=here - DAY,
                observed_at=here - 20 * DAY, file=one.id.encode(), name=f"{one.id}.txt", limit_bytes=1000,
            )  # fmt: skip
    found = Client()
    found.force_login(admin)
    return found


def learnt() -> int:
    """How many facts were learnt later."""
    return sum(one.kind.value != "record" for one in library().controls[CONTROL].expectations)


def test_the_framework_page_shows_what_was_known_or_what_was(client, then) -> None:
    url = "/frameworks/iso27001-2022"
    known = client.get(url, {"at": then})
    hindsight = client.get(url, {"at": then, "hindsight": "1"})
    assert known.context["met"] == 0
    assert hindsight.context["met"] > 0
    assert f"{learnt()} facts that were true then were learnt later" in known.content.decode()
    assert f"at={then}&amp;hindsight=1" in hindsight.content.decode()  # the link to what-if
    assert 'name="hindsight" value="1"' in hindsight.content.decode()  # the form for another day
    assert "Audit pack" in known.content.decode()
    assert "Audit pack" not in hindsight.content.decode()  # a pack shows what was known then


def test_a_proof_says_by_when_it_was_learnt_only_in_hindsight(client, then) -> None:
    asked = {"at": then, "requirement": MET}
    known = client.get("/frameworks/iso27001-2022/proof", asked).json()
    hindsight = client.get("/frameworks/iso27001-2022/proof", asked | {"hindsight": "1"}).json()
    assert (known["verdict"], hindsight["verdict"]) == ("unmet", "met")
    assert set(hindsight) - set(known) == {"learnt_by"}


PAGES = {
    "/frameworks": "/frameworks/iso27001-2022",
    "/frameworks/iso27001-2022?requirement=A.5.1": "/frameworks/iso27001-2022/requirements/A.5.1",
    "/frameworks/iso27001-2022/requirements/A.5.1": f"/controls/{CONTROL}",
    "/controls": f"/controls/{CONTROL}",
    f"/controls/{CONTROL}": "/frameworks/iso27001-2022",
    "/portfolio": "/frameworks/eu-ai-act",
    "/systems/chatbot": "/frameworks/eu-ai-act",
    "/mappings?from=iso27001-2022&to=iso42001-2023": "/mappings",
    "/what-if?framework=iso27001-2022": "/what-if",
}
"""Each page that takes a day, and one that it leads to."""


def test_every_page_offers_the_choice_and_keeps_it(client, then, here) -> None:
    """Past days have two options and say how many facts lie between them; others have none."""
    ahead = (here + 9 * DAY).date().isoformat()
    for url, leads in PAGES.items():
        joint = "&" if "?" in url else "?"
        text = client.get(f"{url}{joint}at={then}&hindsight=1").content.decode()
        assert "As it was known then" in text, url
        assert 'aria-current="true">As we know it now' in text, url
        assert "learnt later" in text, url
        links = [one.split('"')[0] for one in text.split('href="')[1:]]
        kept = [one for one in links if one.startswith(leads) and "hindsight=1" in one]
        assert kept, url
        assert all(f"at={then}" in one for one in kept), url
        for query in ("hindsight=1", f"at={ahead}&hindsight=1"):
            assert "As we know it now" not in client.get(f"{url}{joint}{query}").content.decode(), url


def test_each_page_counts_what_was_learnt_later(client, then) -> None:
    """Not only the switch is there: what is computed follows it."""
    asked, hindsight = {"at": then}, {"at": then, "hindsight": "1"}

    def verdict(query, url=f"/controls/{CONTROL}"):
        return client.get(url, query).context["page"].proof.verdict

    assert (verdict(asked), verdict(hindsight)) == ("unproven", "effective")
    assert verdict(hindsight, f"/frameworks/iso27001-2022/requirements/{MET}") == "met"
    assert client.get("/controls", asked).context["counts"]["effective"] == 0
    assert client.get("/controls", hindsight).context["counts"]["effective"] == 1


def test_the_passport_shows_evidence_of_then_that_came_later(client, actor, admin, here, then) -> None:
    control = next(one for one in library().controls.values() if one.level == "system" and one.expectations[0].max_age)
    add_evidence(
        actor=actor, person=admin, control=control.id, expectation=control.expectations[0].id, scope="chatbot",
        now=here - DAY, observed_at=here - 20 * DAY, file=b"x", name="late.txt", limit_bytes=10,
    )  # fmt: skip
    assert "late.txt" not in client.get("/systems/chatbot", {"at": then}).content.decode()
    assert "late.txt" in client.get("/systems/chatbot", {"at": then, "hindsight": "1"}).content.decode()


def test_hindsight_says_nothing_beside_today_or_a_wrong_date(client, admin, here) -> None:
    for at in ("", "tomorrow", here.date().isoformat(), (here + DAY).date().isoformat()):
        request = RequestFactory().get("/", {"at": at, "hindsight": "1"})
        request.user = admin
        found = as_of(request, here)
        assert not found.hindsight
        assert found.learnt_later is None
        assert "hindsight" not in found.query


def test_a_date_in_the_year_of_the_page_has_its_year_where_the_reader_lives_in_another(client, at, actor) -> None:
    """Rule: a date without a year is of the year the reader is in, whatever day the page shows."""
    address = "/frameworks/eu-ai-act/requirements/Art.26(1)"
    assert at.year == 2026
    for query in ({}, {"at": "2027-12-31"}):
        text = client.get(address, query).content.decode()
        assert ">2 Dec 2027</time>" in text
        assert ">2 Dec</time>" not in text, query
