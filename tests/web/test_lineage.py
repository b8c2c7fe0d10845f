"""The section that draws what rests on what: on the pages of assets, suppliers and AI systems, with its table."""

import re

import pytest

from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.answers.lineage import lineage_page
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from annexa.web.lineage import MOST_SPOTS, section_of

HEADS = {"/assets/cloud": "Cloud rests on 1 supplier; 3 AI systems depend on it.",
         "/suppliers/chat-ltd": "3 AI systems depend on Chat Ltd.",
         "/systems/bot-1": "Bot 1 rests on 2 assets and 1 supplier."}  # fmt: skip


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def house(organisation, actor, now):
    """So many AI systems that use a model on a platform of a supplier."""

    def made(systems: int) -> None:
        slugs = [
            add_system(actor=actor, facts=SystemFacts(name=f"Bot {n}"), now=now).slug for n in range(1, systems + 1)
        ]
        add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make({"name": "Chat Ltd"}), now=now)
        for values in (
            {"name": "Cloud", "kind": "infrastructure", "supplier": "chat-ltd", "controls": ("SUP-04",)},
            {"name": "Model", "kind": "model", "hosted_by": "cloud", "systems": tuple(slugs)},
            {"name": "Alone <b>", "kind": "device"},
        ):
            add_record(actor=actor, register=ASSETS, entry=ASSETS.make(values), now=now)

    return made


@pytest.mark.parametrize("address", HEADS)
def test_it_works(signed_in, house, address) -> None:
    """Rule: every box leads to a page, and the table behind says the same with the way."""
    house(3)
    page = signed_in.get(address).content.decode()
    (section,) = re.findall(r'<section [^>]*id="lineage".*?</section>', page, re.DOTALL)
    assert f"<figcaption>{HEADS[address]}</figcaption>" in section
    drawing, table = section.split("</svg>", 1)
    links = re.findall(r'href="([^"]+)"', drawing)
    assert len(links) == (4 if address.startswith("/systems") else 6)
    assert links.count(address) == 1
    assert set(re.findall(r'href="([^"]+)"', table)) >= set(links) - {address}
    assert {signed_in.get(one).status_code for one in links} == {200}
    assert "Cloud hosts Model" in table or "Chat Ltd supplies Cloud" in table


def test_what_comes_along_is_told_with_the_way(signed_in, house) -> None:
    house(1)
    page = signed_in.get("/systems/bot-1").content.decode()
    assert "What comes along" in page
    assert "Cloud hosts Model, which is used by Bot 1" in page
    assert "SUP-04" in page[page.index("What comes along") :][:900]
    assert "What it passes on" in signed_in.get("/assets/cloud").content.decode()


def test_what_stands_alone_has_no_section(signed_in, house) -> None:
    house(1)
    assert 'id="lineage"' not in signed_in.get("/assets/alone-b").content.decode()


def test_many_are_drawn_as_one(signed_in, house, actor, now) -> None:
    """Rule: people can read it: beyond forty boxes what is alike stands together and leads to the table."""
    house(60)
    section = section_of(lineage_page(actor=actor, noun="asset", slug="cloud", now=now))
    assert section is not None
    assert len(section.boxes) == 4 <= MOST_SPOTS
    (together,) = [one for one in section.boxes if not one.noun]
    assert together.lines == ("60 AI systems",)
    assert (len(section.rows), section.more) == (50, 12)
    page = signed_in.get("/assets/cloud").content.decode()
    assert 'href="#lineage-all"' in page
    assert 'id="lineage-all"' in page


def test_nothing_is_written_over_anything(house, actor, now) -> None:
    """Rule: names stay in their boxes, labels stand apart."""
    house(12)
    section = section_of(lineage_page(actor=actor, noun="asset", slug="model", now=now))
    assert section is not None
    assert all(len(line) <= 17 for one in section.boxes for line in one.lines)
    places = [(one.x, one.y) for one in section.labels]
    assert all(abs(y - other) >= 12 or x != at for n, (x, y) in enumerate(places) for at, other in places[n + 1 :])
    assert all(one.path.startswith("M") and " nan" not in one.path for one in section.curves)
