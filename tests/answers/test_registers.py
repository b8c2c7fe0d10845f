"""Facets say what each choice would leave, whichever way they are counted."""

import random
from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.db import connection

from annexa.actions.registers import add_record
from annexa.answers.registers import Asked, list_register, register_facets
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.assets import ASSETS
from annexa.records import guard
from annexa.records.registers import TABLES, indexes_of

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="reader", units=frozenset({"Retail"})),)
)
KINDS = ("model", "agent", "training dataset")
STAGES = ("planned", "in use")


@pytest.fixture
def sixty(organisation, now) -> list[Any]:
    chance = random.Random(7)
    made = []
    for number in range(60):
        ended = date(2020, 1, 1) if chance.random() < 0.2 else None
        row = TABLES["asset"](slug=f"thing-{number}", created_at=now, changed_at=now)
        values = {
            "name": f"Thing {number} {chance.choice(('fraud', 'grid'))}", "kind": chance.choice(KINDS),
            "unit": chance.choice(("Retail", "Claims", "")), "owner": chance.choice(("", "ada@example.org")),
            "classification": chance.choice(("public", "internal")), "ended_on": ended,
        }  # fmt: skip
        row.take(ASSETS.make(values))
        made.append(row)
    with guard.opened():
        TABLES["asset"].objects.bulk_create(made)
    return made


def expected(rows: list[Any], asked: Asked, name: str) -> dict[str, int]:
    """What each value of a facet leaves, counted one by one."""
    others = {other: words for other, words in asked.chosen.items() if words and other != name}
    left = Counter(getattr(row, name) for row in rows if all(getattr(row, one) in others[one] for one in others))
    return {**dict.fromkeys(asked.chosen.get(name, ()), 0), **left}


ASKED = (
    Asked(),
    Asked(ended=True),
    Asked(text="fraud"),
    Asked(text="nothing at all"),
    Asked(unowned=True),
    Asked(chosen={"kind": ("model",)}),
    Asked(chosen={"kind": ("model", "agent"), "unit": ()}),
    Asked(chosen={"kind": ("model",), "unit": ("Retail", "Nowhere")}, text="grid"),
    Asked(chosen={one.name: ("model", "Retail", "internal", "", "unknown") for one in ASSETS.facets}),
)


@pytest.mark.parametrize("who", ["actor", RETAIL], ids=["all", "unit"])
def test_each_choice_leaves_what_it_says(sixty, actor, now, who) -> None:
    who = actor if who == "actor" else who
    for asked in ASKED:
        rows = [
            row for row in sixty
            if (asked.ended or row.ended_on is None) and asked.text in row.words and not (asked.unowned and row.owner)
            and (who is actor or row.unit == "Retail")
        ]  # fmt: skip
        facets, total = register_facets(actor=who, register=ASSETS, asked=asked, on=now.date())
        found = {name: {one.value: one.count for one in values} for name, values in facets.items()}
        assert found == {one.name: expected(rows, asked, one.name) for one in ASSETS.facets}, asked
        chosen = {name: words for name, words in asked.chosen.items() if words}
        assert total == sum(all(getattr(row, name) in words for name, words in chosen.items()) for row in rows), asked


def test_a_list_costs_the_same_whatever_is_asked(sixty, actor, now, django_assert_max_num_queries) -> None:
    add_record(actor=actor, register=ASSETS, entry=ASSETS.make({"name": "One more", "kind": "model"}), now=now)
    for asked in (Asked(), Asked(text="fraud"), Asked(chosen={"kind": ("model",)}, text="grid")):
        with django_assert_max_num_queries(6):
            list_register(actor=actor, register=ASSETS, asked=asked, now=now)


@pytest.mark.parametrize("sort", ["name", "-changed", ""])
def test_the_order_of_lists_is_that_of_an_index(sixty, actor, now, sort) -> None:
    """Rule: a page of tens of thousands is not sorted first. SQLite says how it would answer."""
    if connection.vendor != "sqlite":
        pytest.skip("the plan of PostgreSQL depends on how many rows there are")
    from annexa.answers.registers import _order, narrowed

    rows = narrowed(actor=actor, register=ASSETS, asked=Asked(), on=now.date())
    assert "USE TEMP B-TREE" not in rows.order_by(*_order(ASSETS, sort))[:25].explain()
    names = [one.name for one in indexes_of(ASSETS)]
    assert len(set(names)) == len(names)
