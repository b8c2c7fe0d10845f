"""What every page stands in: the places with how many things there are in each."""

import pytest
from django.test import Client, RequestFactory

from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.answers.today import house
from annexa.library.load import library
from annexa.pure.registers import REGISTERS
from annexa.records.snapshot import snapshot
from annexa.web.frame import EVERY_PLACE, frame
from tests.web.test_today import system


@pytest.fixture
def asked(admin):
    """A request of the administrator for the register."""
    found = RequestFactory().get("/systems")
    found.user = admin
    return found


def _counts(context) -> dict[str, int | None]:
    return {item["label"]: item["count"] for group in context["places"] for item in group["items"]}


def test_places_say_how_many_there_are(asked, actor, now, django_assert_num_queries) -> None:
    before = house(actor=actor).entries
    for name in ("Alpha", "Beta"):
        add_system(actor=actor, facts=system(name, owner="Mei Tanaka"), now=now)
    snapshot()  # as any page before has done
    with django_assert_num_queries(1):
        context = frame(asked)
    expected: dict[str, int | None] = dict.fromkeys(label for _, items in EVERY_PLACE for label, *_ in items)
    expected |= {"AI systems": 2, "Controls": len(library().controls), "Ledger": before + 2}
    assert _counts(context) == expected
    assert expected.keys() >= {
        "Today",
        "Frameworks",
        "People",
        "All registers",
        "Assets",
        "Suppliers",
        "Risks",
        "Documents",
    }


def test_every_register_is_a_step_away(admin, actor) -> None:
    client = Client()
    client.force_login(admin)
    page = client.get("/registers").content.decode()
    for one in REGISTERS.values():
        assert f'<a href="/{one.plural}">{one.title}</a>' in page


def test_the_place_one_is_in_is_marked(asked) -> None:
    items = [item for group in frame(asked)["places"] for item in group["items"]]
    assert [item["label"] for item in items if item["current"]] == ["AI systems"]


def test_numbers_stand_beside_the_places(admin, actor, now) -> None:
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka"), now=now)
    client = Client()
    client.force_login(admin)
    page = client.get("/account/second-factors").content.decode()
    assert f'Controls <span class="count">{len(library().controls)}</span>' in page
    assert 'AI systems <span class="count">1</span>' in page


def test_without_an_organisation_nothing_is_counted(db) -> None:
    from annexa.pure.permits import ANNEXA

    found = house(actor=ANNEXA)
    assert (found.name, found.demo, found.systems, found.controls, found.entries) == ("", False, 0, 0, 0)


def test_the_frame_knows_who_looks(asked, admin) -> None:
    said = frame(asked)["actor"]
    assert said == {"name": "Ada Admin", "initials": "AA", "role": "Administrator"}
    assert actor_of(admin).name == said["name"]
