"""The queue of AI decisions, one case from taking to deciding, figures, a system's plan and its switch."""

from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.oversight import Posted, decide_case, plan_oversight, post_case, take_case
from annexa.actions.oversight_deadlines import settle_cases
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.pure.oversight import Plan
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.oversight import OversightDelegation, OversightOutcome, OversightPlan, OversightRelease
from tests.web.proving import signed_in

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnp.exe\x07<img src=x onerror=alert(2)>"
PLAN = {
    "cases": "here", "minutes": "60", "escalate_minutes": "0", "safe_default": "stop", "least_seconds": "5",
    "if_unreachable": "stop", "because": "Loans are about people",
}  # fmt: skip


@pytest.fixture
def scorer(organisation, admin, kim, at):
    """A system that its administrator and Kim oversee."""
    add_system(actor=ANNEXA, facts=SystemFacts(name="Scorer", stage="operation"), now=at)
    plan = Plan(overseers=(admin.pk, kim.pk))
    plan_oversight(actor=actor_of(admin), person=admin, system="scorer", plan=plan, because="People", now=at)
    return "scorer"


def posted(at, **more):
    said = replace(Posted(title="Refuse loan 4711", output="refuse", input="income 900"), **more)
    return post_case(actor=ANNEXA, system="scorer", posted=said, now=at)


def text(response, status=200) -> str:
    assert response.status_code == status, response.content.decode()[:500]
    return " ".join(response.content.decode().split())


def test_it_works(client, scorer, at) -> None:
    """A case waits in the queue, is taken, and decided on its page, with a reason."""
    item = posted(at)
    page = text(client.get("/oversight"))
    assert "<b>One case</b> waits for you" in page
    assert "Refuse loan 4711" in page
    place = f"/oversight/cases/{item.id}"
    assert "Take this case" in text(client.get(place))
    taken = client.post(f"{place}/take")
    assert (taken.status_code, taken.url) == (303, place)
    page = text(client.get(place))
    assert 'value="approved" checked' not in page, "nothing is chosen beforehand"
    wrong = text(client.post(f"{place}/decide", {"decision": "overridden", "because": "The rent is shared"}), 422)
    assert "Say what is used instead." in wrong
    assert "The rent is shared" in wrong, "nothing typed is lost"
    done = client.post(f"{place}/decide", {"decision": "approved", "because": "I looked"})
    assert (done.status_code, done.url) == (303, "/oversight")
    assert OversightOutcome.objects.get().decision == "approved"
    page = text(client.get(place))
    assert "<b>Approved</b>" in page
    assert "I looked" in page


def test_what_is_hostile_is_harmless(client, scorer, at) -> None:
    """Rule: markup, control characters and turned writing of a case are shown, and do nothing, on every page."""
    item = posted(at, title=HOSTILE[:200], output=HOSTILE, input=HOSTILE, explanation=HOSTILE, policy=HOSTILE)
    for address in ("/oversight", f"/oversight/cases/{item.id}"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;␛[2J⟨U+202E⟩gnp.exe␇" in page
        assert not {"\x1b", "\x07", "\u202e"} & set(page)


def test_two_at_once(client, scorer, kim, at) -> None:
    """Rule: who comes second is told who has it, and loses nothing."""
    item = posted(at)
    take_case(actor=actor_of(kim), person=kim, item=item.id, now=at)
    assert "taken by Kim Lee" in text(client.get("/oversight"))
    page = text(client.post(f"/oversight/cases/{item.id}/take"), 409)
    assert "Somebody else has taken it" in page
    decide_case(actor=actor_of(kim), person=kim, item=item.id, decision="stopped", because="No", now=at)
    answer = client.post(f"/oversight/cases/{item.id}/decide", {"decision": "approved", "because": "Yes"})
    assert "It is decided." in text(answer, 409)


def test_the_first_of_two_is_not_seen_by_the_second(client, admin, scorer, kim, at) -> None:
    plan = Plan(overseers=(admin.pk, kim.pk), two_persons=True)
    plan_oversight(actor=actor_of(admin), person=admin, system="scorer", plan=plan, because="Two", now=at)
    item = posted(at)
    take_case(actor=actor_of(kim), person=kim, item=item.id, now=at)
    given = {"actor": actor_of(kim), "person": kim, "item": item.id, "now": at}
    decide_case(decision="overridden", because="Shared rent", instead="grant it", **given)
    page = text(client.get(f"/oversight/cases/{item.id}"))
    assert "Shared rent" not in page
    assert "grant it" not in page
    assert "two persons" in page


def test_what_fell_says_so(client, scorer, at) -> None:
    item = posted(at)
    settle_cases(now=at + timedelta(hours=1))
    page = text(client.get(f"/oversight/cases/{item.id}"))
    assert "Nobody decided in time; nothing is done" in page
    assert "Take this case" not in page


def test_who_only_reads_sees_no_content(client, organisation, scorer, at) -> None:
    """An auditor sees what a case holds and decides nothing; a member does not learn that there are any."""
    item = posted(at)
    auditor = add_person(actor=ANNEXA, email="a@example.org", name="Audi", role="auditor", password=None, now=at)
    signed_in(client, auditor)
    page = text(client.get(f"/oversight/cases/{item.id}"))
    assert "income 900" in page
    assert "Take this case" not in page
    assert client.post(f"/oversight/cases/{item.id}/take").status_code == 403
    member = add_person(actor=ANNEXA, email="m@example.org", name="Mem", role="member", password=None, now=at)
    signed_in(client, member)
    for address in ("/oversight", f"/oversight/cases/{item.id}", "/oversight/statistics", "/oversight/systems/scorer"):
        assert client.get(address).status_code == 404


def test_nothing_yet(client, organisation, at) -> None:
    assert "No AI system is overseen here yet" in text(client.get("/oversight"))
    assert "Nobody decided anything yet" in text(client.get("/oversight/statistics"))
    assert client.get("/oversight/cases/none").status_code == 404
    assert client.get("/oversight?system=none").status_code == 404


def test_figures_have_a_chart_and_a_table(client, scorer, admin, at) -> None:
    given = {"actor": actor_of(admin), "person": admin}
    for number in range(12):
        item = posted(at)
        take_case(item=item.id, now=at - timedelta(seconds=1 if number < 3 else 40), **given)
        decide_case(item=item.id, decision="approved", because="Yes", now=at, **given)
    page = text(client.get("/oversight/statistics?system=scorer"))
    assert "<b>12 decisions</b>" in page
    assert "All 12 cases that ended were decided in time." in page
    assert 'role="img" aria-labelledby="weeks-said"' in page
    assert page.count('<th scope="row">') >= 12 + 2
    assert "A sign of automation bias" in page
    assert "3 of the approvals came faster than anybody can read." in page


# --- a system's plan and its switch


def test_a_plan_is_made_and_changed_on_its_page(client, scorer, admin, kim, at) -> None:
    wrong = text(client.post("/oversight/systems/scorer/plan", PLAN), 422)
    assert "Name at least one overseer." in wrong
    done = client.post("/oversight/systems/scorer/plan", {**PLAN, "overseers": [admin.pk], "minutes": "30"})
    assert (done.status_code, done.url) == (303, "/oversight/systems/scorer")
    assert OversightPlan.objects.get(number=2).minutes == 30
    page = text(client.get("/oversight/systems/scorer"))
    assert "within 30 minutes" in page
    client.post("/oversight/systems/scorer/plan", {**PLAN, "overseers": [admin.pk], "minutes": "4320"})
    assert "within 3 days" in text(client.get("/oversight/systems/scorer"))
    assert "approve" not in text(client.get("/oversight/systems/scorer")).partition("If nobody decides")[2][:60]


def test_somebody_stands_in(client, scorer, kim, at) -> None:
    until = (at + timedelta(days=9)).date().isoformat()
    lee = add_person(actor=ANNEXA, email="l@example.org", name="Lee", role="lead", password=None, now=at)
    body = {"to": lee.pk, "until": until, "because": "Leave"}
    assert client.post("/oversight/systems/scorer/delegate", body).status_code == 303
    assert "Lee for Ada Admin" in text(client.get("/oversight/systems/scorer"))
    assert "already" in text(client.post("/oversight/systems/scorer/delegate", body), 422)
    made = OversightDelegation.objects.get().id
    assert client.post("/oversight/systems/scorer/end", {"delegation": made}).status_code == 303
    assert "Nobody: every overseer decides" in text(client.get("/oversight/systems/scorer"))


def test_one_stops_and_two_let_go_on(client, scorer, kim, admin, at) -> None:
    place = "/oversight/systems/scorer"
    assert text(client.post(f"{place}/stop", {"because": ""}), 422)
    assert client.post(f"{place}/stop", {"because": "It refuses everybody"}).status_code == 303
    assert "It refuses everybody" in text(client.get("/systems/scorer"))
    assert "Scorer is stopped" in text(client.get("/oversight"))
    assert client.post(f"{place}/release", {"step": "asked", "because": "Mended"}).status_code == 303
    page = text(client.get(place))
    assert "Let it go on" not in page, "who asked is not offered it"
    assert '<summary class="button small">Take the question back</summary>' in page
    assert "somebody else has to let it go on" in page
    assert client.post(f"{place}/release", {"step": "released", "because": "Fine"}).status_code == 403
    signed_in(client, kim)
    assert "Let it go on" in text(client.get(place))
    assert client.post(f"{place}/release", {"step": "released", "because": "Tried it"}).status_code == 303
    assert OversightRelease.objects.filter(step="released").count() == 1
    assert "Stopped once" in text(client.get(place))
