"""Whom the organisation leans on: through whatever lies between, with who stands behind, as far as one may know."""

from datetime import timedelta

import pytest

from annexa.actions.questionnaires import answer_questionnaire, hand_in_questionnaire, send_questionnaire
from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.answers.concentration import concentration, if_it_stops, told_concentration, told_stops
from annexa.answers.errors import UnknownError
from annexa.library.questionnaires import questionnaires
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from tests.questions import everything

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="reader", units=frozenset({"Retail"})),)
)
NOBODY = Actor(id="person/97", name="Nora", role="member")


@pytest.fixture
def add(organisation, actor, now):
    def made(register, name, **values) -> str:
        entry = register.make({"name": name, **values})
        return add_record(actor=actor, register=register, entry=entry, now=now).slug

    return made


@pytest.fixture
def house(add, actor, now):
    """Four AI systems: two on a cloud of Chat Ltd, one supplied by Desk Ltd by name, one by nobody on record."""
    for name, more in (
        ("Bot", {"unit": "Retail", "classes": ("high-risk",), "stage": "operation"}),
        ("Score", {}),
        ("Letters", {"supplier": " desk  ltd "}),
        ("Own", {"supplier": "Forgotten Ltd"}),
    ):
        add_system(actor=actor, facts=SystemFacts(name=name, **more), now=now)
    add(SUPPLIERS, "Chat Ltd", tier="critical", country="IE", systems=("score",), sub_processors="Big Host, NL\n")
    add(SUPPLIERS, "Desk Ltd", tier="standard", country="ie", sub_processors="big host, hosting\nChat Ltd, IE")
    add(SUPPLIERS, "Idle Ltd")
    add(ASSETS, "Cloud", kind="third-party AI platform", supplier="chat-ltd")
    add(ASSETS, "Model", kind="model", hosted_by="cloud", systems=("bot",))


def weights(found) -> dict[str, tuple[int, int, int, int]]:
    return {one.name: (one.direct, one.systems, one.high_risk, one.assets) for one in found.rows}


def test_it_works(house, actor, now) -> None:
    found = concentration(actor=actor, now=now)
    assert (found.systems, found.high_risk) == (4, 1)
    # Desk Ltd is supplied by Chat Ltd too, so that its letters stop with Chat Ltd
    assert weights(found) == {"Chat Ltd": (1, 3, 1, 2), "Desk Ltd": (1, 1, 0, 0)}
    assert [(one.name, one.share, one.above) for one in found.rows] == [
        ("Chat Ltd", 0.75, True), ("Desk Ltd", 0.25, False)
    ]  # fmt: skip
    assert [(one.value, one.suppliers, one.systems, one.high_risk) for one in found.tiers] == [
        ("critical", 1, 3, 1), ("standard", 1, 1, 0), ("", 1, 0, 0)
    ]  # fmt: skip
    assert [(one.value, one.suppliers, one.systems) for one in found.countries] == [("IE", 2, 3), ("", 1, 0)]
    assert (found.idle, found.left_out, found.unsupplied, found.unknown) == (1, 0, 1, {"Forgotten Ltd": 1})


def test_who_stands_behind_several_carries_what_all_of_them_carry(house, actor, now) -> None:
    found = concentration(actor=actor, now=now)
    assert [(one.name, one.country, one.slug, sorted(one.behind), one.systems) for one in found.fourth] == [
        ("Big Host", "NL", "", ["chat-ltd", "desk-ltd"], 3),
        ("Chat Ltd", "IE", "chat-ltd", ["desk-ltd"], 3),
    ]


def test_what_a_supplier_answered_counts_once_it_is_handed_in_and_only_the_last_time(house, actor, admin, now) -> None:
    asked = questionnaires()["supplier-standard"]

    def answered(*companies: str, on: int, hand_in: bool = True) -> None:
        at = now + timedelta(days=on)
        _, secret = send_questionnaire(
            actor=actor, person=admin, supplier="idle-ltd", questionnaire=asked.id, to="a@b.example", now=at,
            due_on=at.date() + timedelta(days=9),
        )  # fmt: skip
        days = {one.id: at.date() for one in asked.questions if one.kind == "date"}
        given = everything(asked) | days | {"sub-processors-used": "yes", "sub-processor-list": companies}
        answer_questionnaire(secret=secret, given=given, now=at)
        if hand_in:
            hand_in_questionnaire(secret=secret, signed="Pat", now=at)

    def named() -> list[str]:
        return [one.name for one in if_it_stops(actor=actor, slug="idle-ltd", now=now).fourth]

    answered("Never Sent", on=0, hand_in=False)
    assert named() == []
    answered("Old Mail, US", on=1)
    assert named() == ["Old Mail"]
    answered("New Mail, US", "Big Host", on=2)
    assert named() == ["New Mail", "Big Host"]
    (host,) = [one for one in concentration(actor=actor, now=now).fourth if one.name == "Big Host"]
    assert sorted(host.behind) == ["chat-ltd", "desk-ltd", "idle-ltd"]


def test_what_stops_is_told_with_the_way_high_risk_first(house, actor, now) -> None:
    found = if_it_stops(actor=actor, slug="chat-ltd", now=now)
    assert [(one.slug, one.high_risk, one.direct, one.says) for one in found.stops] == [
        ("bot", True, False, "Chat Ltd supplies Cloud, which hosts Model, which is used by Bot"),
        ("letters", False, False, "Chat Ltd stands behind Desk Ltd, which supplies Letters"),
        ("score", False, True, "Chat Ltd supplies Score"),
    ]
    assert (found.leant.systems, found.of, found.left_out) == (3, 4, 0)
    assert [one.name for one in found.fourth] == ["Big Host"]
    assert told_stops(found)["stops"][0]["unit"] == "Retail"
    idle = if_it_stops(actor=actor, slug="idle-ltd", now=now)
    assert (idle.stops, idle.leant.share) == ((), 0)


def test_what_has_ended_carries_nothing(house, add, actor, now) -> None:
    add(SUPPLIERS, "Gone Ltd", systems=("own",), ended_on=now.date())
    assert "Gone Ltd" not in weights(concentration(actor=actor, now=now))
    assert if_it_stops(actor=actor, slug="gone-ltd", now=now).stops == ()


def test_nobody_learns_of_what_they_may_not_know(house, actor, now) -> None:
    """Who sees one unit reads of suppliers of that unit only; to who sees nothing there is no such question."""
    found = concentration(actor=RETAIL, now=now)
    assert (found.systems, found.rows, found.fourth) == (1, (), ())
    with pytest.raises(UnknownError):
        if_it_stops(actor=RETAIL, slug="chat-ltd", now=now)
    with pytest.raises(UnknownError):
        concentration(actor=NOBODY, now=now)


def test_an_empty_house_has_no_share(organisation, add, actor, now) -> None:
    add(SUPPLIERS, "Idle Ltd")
    found = concentration(actor=actor, now=now)
    assert (found.rows, found.idle, found.systems) == ((), 1, 0)
    assert [one.share for one in found.tiers] == [None]
    assert told_concentration(found)["tiers"][0]["share"] is None


def test_it_costs_the_same_queries_whatever_there_is(house, add, actor, now, django_assert_max_num_queries) -> None:
    for number in range(30):
        add(SUPPLIERS, f"More {number}", systems=("own",))
    with django_assert_max_num_queries(7):
        assert len(concentration(actor=actor, now=now).rows) == 32
