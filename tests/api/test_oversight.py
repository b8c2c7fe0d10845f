"""Human oversight over the API: a program posts and fetches, people decide; the stop switch is cheap to ask for."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from annexa.actions.oversight_deadlines import settle_cases
from annexa.actions.people import actor_of
from annexa.actions.tokens import add_service_account, create_token
from annexa.api import stops
from annexa.api.shapes import now
from annexa.pure.stop_switch import Switch
from annexa.records.oversight import OversightItem
from annexa.records.people import Person
from tests.api.conftest import Client, Program

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnp.exe\r\n\x07\u2066"
CASE = {"title": "Refuse loan 4711", "output": "refuse", "input": "income 900", "reference": "loan-4711"}


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture
def planned(house, program):
    """The owner and the lead oversee the chatbot."""
    people = [house["owner"].pk, house["lead"].pk]
    body = {"overseers": people, "because": "It refuses people", "minutes": 60}
    return fine(program("lead")("POST", "systems/chatbot/oversight-plan", body), 201)


@pytest.fixture
def poster(house):
    """A service account whose token may post cases and nothing else."""
    return service("scorer", "post_case")


def service(slug: str, *scopes: str) -> Program:
    ada = Person.objects.get(email="ada@example.org")
    account = add_service_account(
        actor=actor_of(ada), person=ada, slug=slug, name=slug.title(), role="owner", now=now()
    )
    _, text = create_token(
        actor=actor_of(ada), person=ada, holder=account, name="Post", scopes=scopes, now=now(),
        expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    return Program(text=text, client=Client())


def test_a_program_posts_and_fetches_what_came_of_it(planned, poster, program) -> None:
    owner = program("owner")
    made = fine(poster("POST", "systems/chatbot/oversight-cases", CASE), 201)
    assert (made["state"], made["final"], made["use_output"], made["needed"]) == ("waiting", False, False, 1)
    place = f"oversight-cases/{made['id']}"
    (waits,) = fine(owner("GET", "oversight-cases"))["items"]
    assert (waits["id"], waits["title"], waits["mine"]) == (made["id"], "Refuse loan 4711", True)
    assert owner("POST", f"{place}/verdicts", {"decision": "approved", "because": "x"}).status == 409, "not taken"
    assert fine(owner("POST", f"{place}/claims", {}), 201)["taken_by"] == ["Lou Owner"]
    said = owner("POST", f"{place}/verdicts", {"decision": "overridden", "because": ""})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (422, {"because", "instead"})
    body = {"decision": "overridden", "because": "The rent is shared", "instead": "grant"}
    assert fine(owner("POST", f"{place}/verdicts", body), 201)["decision"] == "overridden"
    done = fine(poster("GET", f"{place}/result"))
    assert (done["state"], done["final"], done["use_output"], done["output"]) == ("settled", True, False, "grant")
    assert fine(owner("GET", "oversight-statistics"))["all"]["overridden"] == 1


def test_a_token_that_posts_does_nothing_else(planned, poster) -> None:
    """Rule: a token per service account, with a scope of its own: it sees its own cases and the switch, no queue."""
    made = fine(poster("POST", "systems/chatbot/oversight-cases", CASE), 201)
    place = f"oversight-cases/{made['id']}"
    assert poster("GET", "oversight-cases").status == 403
    assert poster("GET", place).status == 403
    assert poster("POST", f"{place}/claims", {}).status == 403
    assert poster("POST", "systems/chatbot/stops", {"because": "x"}).status == 403
    assert fine(poster("GET", "systems/chatbot/stop-switch"))["stopped"] is False
    assert service("other", "post_case")("GET", f"{place}/result").status == 404
    reader = service("reader", "read_stop_switch")
    assert fine(reader("GET", "systems/chatbot/stop-switch"))["if_unreachable"] == "stop"
    assert reader("POST", "systems/chatbot/oversight-cases", CASE).status == 403


def test_posting_is_retried_safely(planned, poster) -> None:
    """By key within a day, by reference for good."""
    first = poster("POST", "systems/chatbot/oversight-cases", CASE, Idempotency_Key="k1")
    again = poster("POST", "systems/chatbot/oversight-cases", CASE, Idempotency_Key="k1")
    other = poster("POST", "systems/chatbot/oversight-cases", CASE, Idempotency_Key="k2")
    assert {one.json["id"] for one in (first, again, other)} == {first.json["id"]}
    changed = poster("POST", "systems/chatbot/oversight-cases", {**CASE, "output": "grant"})
    assert changed.status == 409
    assert OversightItem.objects.count() == 1


def test_without_a_plan_nothing_is_taken(poster) -> None:
    said = poster("POST", "systems/chatbot/oversight-cases", CASE)
    assert said.status == 422
    assert "chose how this system is overseen" in said.json["detail"]
    assert poster("POST", "systems/none/oversight-cases", CASE).status == 404


def test_what_is_hostile_comes_back_as_it_was_sent(planned, poster, program) -> None:
    """Rule: nothing is lost of what a system said; only pages make it harmless."""
    made = fine(poster("POST", "systems/chatbot/oversight-cases", {**CASE, "input": HOSTILE}), 201)
    assert fine(program("lead")("GET", f"oversight-cases/{made['id']}"))["input"] == HOSTILE
    assert poster("POST", "systems/chatbot/oversight-cases", {**CASE, "input": "\0"}).status == 422
    assert poster("POST", "systems/chatbot/oversight-cases", {**CASE, "input": "x" * 65_537}).status == 422


def test_what_fell_is_final_the_first_time_it_is_told(planned, poster, program) -> None:
    """Rule: whoever asks after the end is told what holds, whether or not the worker came first."""
    made = fine(poster("POST", "systems/chatbot/oversight-cases", {**CASE, "minutes": 1}), 201)
    OversightItem.objects.all()
    settle_cases(now=now())
    assert fine(poster("GET", f"oversight-cases/{made['id']}/result"))["final"] is False
    settle_cases(now=now() + timedelta(minutes=2))
    done = fine(poster("GET", f"oversight-cases/{made['id']}/result"))
    assert (done["state"], done["decision"], done["how"], done["use_output"]) == ("fell", "stopped", "fell", False)


def test_the_result_ends_what_is_over(planned, poster, monkeypatch) -> None:
    made = fine(poster("POST", "systems/chatbot/oversight-cases", CASE), 201)
    later = now() + timedelta(hours=2)
    monkeypatch.setattr("annexa.api.oversight.now", lambda: later)
    assert fine(poster("GET", f"oversight-cases/{made['id']}/result"))["decision"] == "stopped"


def test_delegations(planned, house, program) -> None:
    owner, ada = program("owner"), house["administrator"].pk
    until = (now() + timedelta(days=9)).date().isoformat()
    place = "systems/chatbot/oversight-delegations"
    said = owner("POST", place, {"to": house["auditor"].pk, "until": until, "because": "Leave"})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (422, {"to"})
    made = fine(owner("POST", place, {"to": ada, "until": until, "because": "Leave"}), 201)
    assert [one["to"] for one in fine(owner("GET", place))["items"]] == [ada]
    fine(owner("POST", f"oversight-delegations/{made['id']}/end", {}), 201)
    assert fine(owner("GET", place))["items"] == []
    assert owner("POST", f"oversight-delegations/{made['id']}/end", {}).status == 409


# --- the stop switch


def test_one_stops_and_two_let_go_on(program, poster) -> None:
    owner, lead = program("owner"), program("lead")
    before = poster("GET", "systems/chatbot/stop-switch")
    tag = before.headers["ETag"]
    assert poster("GET", "systems/chatbot/stop-switch", If_None_Match=tag).status == 304
    assert fine(owner("POST", "systems/chatbot/stops", {"because": "It lies"}), 201)["stopped"]
    now_stopped = poster("GET", "systems/chatbot/stop-switch", If_None_Match=tag)
    assert (fine(now_stopped)["because"], now_stopped.headers["ETag"] == tag) == ("It lies", False)
    assert owner("POST", "systems/chatbot/stops", {"because": "Again"}).status == 409
    asked = {"step": "asked", "because": "Mended"}
    fine(owner("POST", "systems/chatbot/releases", asked), 201)
    released = {"step": "released", "because": "Tried"}
    assert owner("POST", "systems/chatbot/releases", released).status == 403, "who asked does not release"
    assert fine(lead("POST", "systems/chatbot/releases", released), 201)["stopped"] is False
    assert program("auditor")("POST", "systems/chatbot/stops", {"because": "x"}).status == 403


def switch(number: int) -> Switch:
    return Switch(system="s", stopped=number > 0, number=number, since=None, because="", if_unreachable="stop")


def test_waiting_ends_with_the_change_or_with_the_time() -> None:
    """Rule: no question is kept longer than it asked for."""
    slept: list[float] = []
    clock = lambda: sum(slept)  # noqa: E731
    seen = iter([switch(0), switch(1)])
    given = {"seconds": 20, "clock": clock, "sleep": slept.append}
    assert stops.wait_for_change(lambda: next(seen), switch(0), **given).stopped
    assert slept == [0.5, 0.5]
    slept.clear()
    assert not stops.wait_for_change(lambda: switch(0), switch(0), **given).stopped
    assert sum(slept) == 20


def test_no_more_wait_than_may(monkeypatch) -> None:
    """Rule: however many wait for a change, other threads stay free: whoever is too many is answered at once."""
    begun, ended, looks = Barrier(2), Barrier(2), []

    def sleep(_seconds: float) -> None:
        if not looks:
            looks.append(1)
            begun.wait(5)
            ended.wait(5)

    waits = Thread(
        target=stops.wait_for_change, args=(lambda: switch(1), switch(0)), kwargs={"seconds": 9, "sleep": sleep}
    )
    waits.start()
    begun.wait(5)
    try:
        never = pytest.fail
        assert stops.wait_for_change(lambda: never("asked"), switch(0), seconds=9, sleep=never) == switch(0)
    finally:
        ended.wait(5)
        waits.join(5)
    found = stops.wait_for_change(lambda: switch(1), switch(0), seconds=9, sleep=lambda _seconds: None)
    assert found == switch(1), "the place is free again"


def test_waiting_without_a_known_tag_answers_at_once(poster) -> None:
    assert fine(poster("GET", "systems/chatbot/stop-switch?wait=25"))["stopped"] is False
    assert poster("GET", "systems/chatbot/stop-switch?wait=26").status == 422


def test_a_poll_costs_few_queries(poster, django_assert_max_num_queries) -> None:
    """Rule: it is asked every few seconds by every system."""
    tag = poster("GET", "systems/chatbot/stop-switch").headers["ETag"]
    with django_assert_max_num_queries(10):
        assert poster("GET", "systems/chatbot/stop-switch", If_None_Match=tag).status == 304
