"""One model added to twelve systems passes its risks and controls to all twelve, and says by which way."""

from datetime import timedelta

import pytest

from annexa.actions.registers import add_record, change_records
from annexa.actions.systems import add_system
from annexa.answers.errors import UnknownError
from annexa.answers.lineage import lineage_page
from annexa.pure.lineage import sentence
from annexa.pure.permits import Actor, Grant
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from tests.strategies.entries import required

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="reader", units=frozenset({"Retail"})),)
)


@pytest.fixture
def add(organisation, actor, now):
    """Adds a record and gives its slug."""

    def made(register: Register, name: str, **values) -> str:
        entry = register.make({**required(register), "name": name, **values})
        return add_record(actor=actor, register=register, entry=entry, now=now).slug

    return made


@pytest.fixture
def twelve(organisation, actor, now) -> list[str]:
    """Twelve AI systems, the first one in Retail."""
    units = {0: "Retail"}
    facts = [SystemFacts(name=f"Bot {n:02}", stage="operation", unit=units.get(n, "")) for n in range(12)]
    return [add_system(actor=actor, facts=one, now=now).slug for one in facts]


@pytest.fixture
def platform(add, twelve) -> str:
    """A platform of a supplier, under a model that all twelve use."""
    supplier = add(SUPPLIERS, "Chat Ltd")
    platform = add(ASSETS, "Cloud", kind="third-party AI platform", supplier=supplier, controls=("SUP-01",))
    add(ASSETS, "Loans", kind="training dataset")
    add(ASSETS, "Score model", trained_on=("loans",), hosted_by=platform, systems=tuple(twelve), controls=("LIF-03",))
    return platform


def controls(page) -> dict[str, str]:
    return {one.what.slug: sentence(page.lineage, one.way) for one in page.passed if one.what.noun == "control"}


def test_it_works(platform, twelve, actor, now) -> None:
    """Rule: what bears on the platform bears on all twelve, with the way from the platform to each."""
    for slug in twelve:
        page = lineage_page(actor=actor, noun="ai_system", slug=slug, now=now)
        name = page.thing.name
        assert [one.thing.slug for one in page.before] == ["score-model", "cloud", "loans", "chat-ltd"]
        assert controls(page) == {
            "LIF-03": f"Score model is used by {name}",
            "SUP-01": f"Cloud hosts Score model, which is used by {name}",
        }
    page = lineage_page(actor=actor, noun="supplier", slug="chat-ltd", now=now)
    assert {one.thing.slug for one in page.systems} == set(twelve)
    assert {one.steps for one in page.systems} == {3}
    assert page.passed == ()
    assert controls(lineage_page(actor=actor, noun="asset", slug="cloud", now=now)) == {"SUP-01": ""}


def test_one_more_system_gets_all_of_it_by_one_change(platform, twelve, actor, now) -> None:
    slug = add_system(actor=actor, facts=SystemFacts(name="Thirteenth"), now=now).slug
    assert lineage_page(actor=actor, noun="ai_system", slug=slug, now=now).passed == ()
    values = {"systems": (*twelve, slug)}
    change_records(actor=actor, register=ASSETS, slugs=["score-model"], values=values, now=now)
    assert set(controls(lineage_page(actor=actor, noun="ai_system", slug=slug, now=now))) == {"LIF-03", "SUP-01"}


def test_what_has_ended_passes_nothing_on(platform, actor, now) -> None:
    yesterday = now.date() - timedelta(days=1)
    change_records(actor=actor, register=ASSETS, slugs=["score-model"], values={"ended_on": yesterday}, now=now)
    assert lineage_page(actor=actor, noun="asset", slug="cloud", now=now).after == ()
    assert lineage_page(actor=actor, noun="ai_system", slug="bot-01", now=now).before == ()
    assert lineage_page(actor=actor, noun="asset", slug="score-model", now=now).thing.name == "Score model"


OTHERS = [
    (register, field)
    for register in REGISTERS.values()
    for field in register.leading
    if register.noun not in ("asset", "supplier") and field.to in ("asset", "supplier")
]


@pytest.mark.parametrize(("register", "field"), OTHERS, ids=[f"{r.noun}-{f.name}" for r, f in OTHERS])
def test_every_record_about_a_thing_is_passed_on(platform, add, actor, now, register, field) -> None:
    """Rule: whatever register a risk, a finding or an assessment stands in, it counts for what depends on its asset."""
    there = {"asset": "cloud", "supplier": "chat-ltd"}[field.to]
    slug = add(register, "About it", **{field.name: (there,) if field.kind == "links" else there})
    page = lineage_page(actor=actor, noun="ai_system", slug="bot-05", now=now)
    (found,) = [one for one in page.passed if one.what.noun == register.noun]
    assert (found.what.slug, found.about.slug, found.way[0].source) == (slug, there, (field.to, there))
    assert found.way[-1].target == ("ai_system", "bot-05")


def test_nobody_learns_of_what_they_may_not_know_of(platform, twelve, add, actor, now) -> None:
    """Rule: a stranger gets 404; who reads a unit sees what is in it, and no way through anything else."""
    add(ASSETS, "Retail model", unit="Retail", hosted_by=platform, systems=("bot-00", "bot-01"))
    page = lineage_page(actor=RETAIL, noun="asset", slug="retail-model", now=now)
    assert (page.before, [one.thing.slug for one in page.after]) == ((), ["bot-00"])
    page = lineage_page(actor=RETAIL, noun="ai_system", slug="bot-00", now=now)
    assert [one.thing.slug for one in page.before] == ["retail-model"]
    for noun, slug in (("asset", "cloud"), ("ai_system", "bot-01"), ("supplier", "chat-ltd"), ("issue", "x")):
        with pytest.raises(UnknownError):
            lineage_page(actor=RETAIL, noun=noun, slug=slug, now=now)
