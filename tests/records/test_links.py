"""What leads to what is kept beside the rows that say so, whoever writes them and however many at once."""

import random
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from annexa.actions.door import door
from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.actions.systems import add_system
from annexa.answers.integrity import check_everything
from annexa.answers.register_files import plan_register
from annexa.answers.registers import led_from
from annexa.pure.permits import Actor, Grant
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from annexa.records import guard
from annexa.records.links import Link, astray
from annexa.records.registers import TABLES
from tests.strategies.entries import required

TREATMENTS = REGISTERS["treatment"]
WITH = (ASSETS, SUPPLIERS, RISKS, TREATMENTS)
RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="reader", units=frozenset({"Retail"})),)
)


def told(register: Register, **values: Any) -> Any:
    return register.make({**required(register), **values})


def _slugs(noun: str) -> list[str]:
    return list(TABLES[noun].objects.order_by("slug").values_list("slug", flat=True))


def _leading(register: Register, chance: random.Random) -> dict[str, Any]:
    """Values for every field that leads somewhere, as far as there is somewhere to lead to."""
    there = {"ai_system": ["bot-0", "bot-1"], "control": ["SUP-01", "LIF-03", "GOV-02"]}
    found: dict[str, Any] = {}
    for one in register.leading:
        known = there.get(one.to) or _slugs(one.to)
        many = 0 if one.name == "controls_on_impact" else chance.randrange(4)  # none may stand in both fields
        some = tuple(chance.sample(known, min(len(known), many)))
        found[one.name] = some if one.kind == "links" else next(iter(some), "")
    return found


@pytest.fixture
def bots(organisation, actor, now) -> None:
    for number in range(2):
        add_system(actor=actor, facts=SystemFacts(name=f"Bot {number}"), now=now)


@pytest.mark.parametrize("seed", range(3))
def test_links_are_those_of_the_rows_after_any_changes(bots, actor, now, seed) -> None:
    chance = random.Random(seed)
    for number in range(45):
        register = chance.choice(WITH)
        values, known = _leading(register, chance), _slugs(register.noun)
        match chance.randrange(4) if known else 0:
            case 0:
                entry = told(register, name=f"Thing {number}", **values)
                add_record(actor=actor, register=register, entry=entry, now=now)
            case 1:
                row = TABLES[register.noun].objects.get(slug=chance.choice(known))
                entry = register.replaced(row.entry, values)
                change_record(
                    actor=actor, register=register, slug=row.slug, entry=entry, seen=row.changed_at, now=now
                )  # fmt: skip
            case 2:
                some = chance.sample(known, min(3, len(known)))
                change_records(actor=actor, register=register, slugs=some, values=values, now=now)
            case _:
                needed = "".join(f",{register.field[name].label}" for name in required(register) if name != "name")
                cells = "".join(f",{said}" for name, said in required(register).items() if name != "name")
                to = next(one for one in register.leading if one.to in ("ai_system", "risk"))
                where = (_slugs(to.to) or [""])[0] if to.to == "risk" else "bot-1"
                data = f"Name,Slug,{to.label}{needed}\nNew {number},,{where}{cells}\nOld,{known[0]},{where}{cells}\n"
                plan = plan_register(actor=actor, register=register, data=data.encode(), name="x.csv")
                import_register(actor=actor, planned=plan, now=now)
    assert list(astray(TABLES.values())) == []
    assert Link.objects.count() > 20
    kept = sorted(Link.objects.values_list("from_noun", "from_slug", "field", "to_noun", "to_slug"))
    with guard.opened():
        Link.objects.all().delete()
        import_module("annexa.records.migrations.0026_links").fill(apps, None)
    assert sorted(Link.objects.values_list("from_noun", "from_slug", "field", "to_noun", "to_slug")) == kept


def test_a_failure_leaves_no_link(bots, actor, now) -> None:
    def broken() -> None:
        with door(actor=actor, verb="change_register", now=now) as opened:
            row = TABLES["asset"](slug="x", created_at=now, changed_at=now)
            row.take(told(ASSETS, name="X", systems=("bot-0",)))
            opened.write(row, kind="asset", subject="asset/x")
            assert Link.objects.count() == 1
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        broken()
    assert not Link.objects.exists()


def test_verification_names_what_somebody_put_in_or_took_out(bots, actor, now) -> None:
    add_record(actor=actor, register=ASSETS, entry=told(ASSETS, name="X", systems=("bot-0",)), now=now)
    with guard.opened():
        Link.objects.filter(from_slug="x").update(to_slug="bot-1")
        Link.objects.bulk_create(
            [Link(from_noun="nothing", from_slug="y", field="a", to_noun="asset", to_slug="x")]
        )  # fmt: skip
    (records,) = [one for one in check_everything(progress=lambda *_: None) if one.name == "records"]
    assert not records.holds
    assert records.findings == (
        "asset x: that its systems leads to ai_system bot-0 is not in records_link",
        "asset x: that its systems leads to ai_system bot-1 is in records_link only",
        "records_link: 1 rows lead from records of no register",
    )


def test_a_page_names_the_first_and_counts_all_in_two_queries(
    bots, actor, now, django_assert_num_queries
) -> None:  # fmt: skip
    add_record(actor=actor, register=SUPPLIERS, entry=told(SUPPLIERS, name="Chat"), now=now)
    for number in range(12):
        unit = "Retail" if number % 4 == 0 else ""
        entry = told(ASSETS, name=f"Thing {number:02}", supplier="chat", unit=unit)
        add_record(actor=actor, register=ASSETS, entry=entry, now=now)
    add_record(actor=actor, register=RISKS, entry=told(RISKS, name="Lock-in", suppliers=("chat",)), now=now)
    with django_assert_num_queries(2):
        found = led_from(actor=actor, noun="supplier", slug="chat")
    assert [(one.register.noun, one.field.name, one.total) for one in found] == [
        ("asset", "supplier", 12), ("risk", "suppliers", 1),
    ]  # fmt: skip
    assert [one.slug for one in found[0].targets] == [f"thing-{number:02}" for number in range(10)]
    (seen,) = led_from(actor=RETAIL, noun="supplier", slug="chat")
    assert ([one.slug for one in seen.targets], seen.total) == (["thing-00", "thing-04", "thing-08"], 3)
