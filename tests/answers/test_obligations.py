"""What the law brings is said with its source, and what is disputed stands on every day its readings name."""

from datetime import UTC, date, datetime

import pytest

from annexa.actions.organisation import set_up_organisation
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.answers.errors import UnknownError
from annexa.answers.obligations import JUDGED_DAYS, about, entries, obligations, regime_page, said_of
from annexa.answers.posture import standpoint
from annexa.library.load import library
from annexa.library.regimes import regimes
from annexa.pure.instants import parse_instant
from annexa.pure.permits import Actor
from annexa.pure.systems import SystemFacts

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
ACT = "eu-ai-act"
SYSTEMS = (
    SystemFacts(name="Chatbot", stage="operation", roles=("provider",), classes=("transparency",)),
    SystemFacts(
        name="Credit score", stage="operation", roles=("provider", "deployer"), classes=("high-risk",),
        high_risk_by="annex-iii",
    ),
    SystemFacts(name="Newcomer", stage="concept"),
    SystemFacts(name="Old planner", stage="retirement", roles=("provider",), classes=("high-risk",)),
)  # fmt: skip


@pytest.fixture
def house(db) -> Actor:
    """An organisation with four AI systems, one of them retired, judged by the AI Act and ISO/IEC 42001."""
    _, person = set_up_organisation(
        name="Test House", admin_email="ada@example.org", admin_name="Ada Admin",
        password="correct horse battery staple", frameworks=(ACT, "iso42001-2023"), now=NOW,
    )  # fmt: skip
    actor = actor_of(person)
    for facts in SYSTEMS:
        add_system(actor=actor, facts=facts, now=NOW)
    return actor


def _ahead(page, event: str):
    return next(one for one in page.shown if one.event.id == event)


def test_it_works(house) -> None:
    page = obligations(actor=house, now=NOW)
    assert page.latest is not None
    assert page.latest.event.id == "aia-general-application"
    assert {one.event.id for one in page.next} == {"aia-legacy-marking", "aia-new-bans"}
    assert page.next[0].in_days == 12
    assert page.population == 3
    assert all(one.event.touches & {ACT, "iso42001-2023"} for one in page.shown)


def test_an_event_names_the_systems_that_its_requirements_bind(house) -> None:
    found = _ahead(obligations(actor=house, now=NOW), "aia-high-risk-annex-iii").for_us
    assert found.basis == "requirements"
    assert [one.name for one in found.systems] == ["Credit score", "Chatbot"]  # most is asked of the first
    assert found.begins > 50
    assert found.undecided == 1  # the newcomer has neither role nor class


def test_marking_concerns_whoever_provides_what_talks_to_people(house) -> None:
    found = _ahead(obligations(actor=house, now=NOW), "aia-legacy-marking").for_us
    assert [one.name for one in found.systems] == ["Chatbot"]
    assert (found.begins, found.already) == (0, 1)


def test_verdicts_are_those_of_the_page_of_that_day(house) -> None:
    found = _ahead(obligations(actor=house, now=NOW), "aia-new-bans").for_us
    then = standpoint(actor=house, now=NOW, at=parse_instant("2026-12-02", now=NOW)).posture(ACT)
    named = {"Art.5(1)(ba)", "Art.5(1)(bb)", "Art.5(1a)", "Art.5(1b)"}
    expected = [line.verdict for line in then.lines if line.requirement.id in named and line.verdict in found.verdicts]
    assert sum(found.verdicts.values()) == len(expected) > 0


def test_only_the_next_days_are_judged(house) -> None:
    page = obligations(actor=house, now=NOW)
    judged = {one.moment.on for one in page.shown if one.for_us.verdicts is not None}
    assert 0 < len(judged) <= JUDGED_DAYS
    assert max(judged) < date(2028, 8, 2)


def test_a_disputed_day_stands_on_every_reading_and_says_what_verdicts_count_from(house) -> None:
    """AI Act Art. 49(2) is flagged, never silently decided."""
    page = obligations(actor=house, now=NOW)
    later = _ahead(page, "aia-registration-exempt")
    assert later.moment.on == date(2027, 12, 2)
    assert later.others == (date(2026, 8, 2),)
    assert len(later.event.readings) == 2
    assert later.for_us.counted_from == (library().frameworks[ACT].by_id["Art.49(2)"].applies_from,)
    past = obligations(actor=house, now=NOW, past=True).shown
    assert any(one.event.id == "aia-registration-exempt" and one.moment.on == date(2026, 8, 2) for one in past)
    assert page.latest is not None
    assert not page.latest.event.open


def test_a_question_about_something_else_than_the_start_says_nothing_of_verdicts(house) -> None:
    page = obligations(actor=house, now=NOW, regime="iso-transitions", ours=False, past=True)
    found = next(one for one in page.shown if one.event.id == "en18286-published")
    assert found.event.open
    assert found.for_us.counted_from == ()


def test_without_adopted_frameworks_everything_is_shown(house, monkeypatch) -> None:
    monkeypatch.setattr("annexa.answers.obligations.adopted_frameworks", lambda _library: ())
    assert {one.regime.id for one in obligations(actor=house, now=NOW).shown} >= {"cra", "horizon", ACT}


def test_a_foreign_law_without_requirements_is_found_by_role(house) -> None:
    found = _ahead(obligations(actor=house, now=NOW, ours=False), "product-liability").for_us
    assert found.basis == "roles"
    assert [one.name for one in found.systems] == ["Chatbot", "Credit score"]
    assert found.verdicts is None


def test_a_regime_is_whole_and_every_question_has_what_depends_on_it(house) -> None:
    page = regime_page(actor=house, regime=ACT, now=NOW)
    assert page.adopted
    assert len(page.clocks) == len(page.regime.clocks)
    assert len(page.questions) == len(page.regime.questions)
    assert all(rows for _question, rows in page.questions)
    assert all(one.linked for one in (*page.clocks, *page.retention, *page.penalties) if one.row.framework)


@pytest.mark.parametrize("kind", ["clocks", "retention", "penalties"])
def test_facts_of_adopted_frameworks_are_a_part_of_all(house, kind) -> None:
    ours = [one.row.id for _regime, rows in entries(actor=house, kind=kind, now=NOW) for one in rows]
    every = [one.row.id for _regime, rows in entries(actor=house, kind=kind, now=NOW, ours=False) for one in rows]
    assert 0 < len(ours) < len(every)
    assert set(ours) < set(every)
    assert len(every) == sum(len(getattr(regime, kind)) for regime in regimes().values())


def test_a_requirement_has_what_its_groups_and_parts_have() -> None:
    act = library().frameworks[ACT]
    found = about(act, act.by_id["Art.26"])
    assert {one.row.id for one in found.clocks} >= {"AIA-26-5a", "AIA-26-10"}
    assert {one.event.id for one in found.moments} >= {"aia-high-risk-annex-iii"}
    leaf = about(act, act.by_id["Art.26(10)"])
    assert {one.row.id for one in leaf.clocks} == {"AIA-26-10"}
    assert {one.event.id for one in leaf.moments} >= {"aia-high-risk-annex-iii"}
    assert [one.id for one in about(act, act.by_id["Art.6(5)"]).undated] == ["aia-class-guidelines-final"]


@pytest.mark.parametrize("framework", ["iso27001-2022", "iso42001-2023", "iso27701-2025", ACT])
def test_no_certificate_gives_a_presumption_of_conformity(framework) -> None:
    first = said_of(framework)[0]
    assert "gives no presumption of conformity with the EU AI Act." in first.head
    assert f"{first.head} {first.rest}" == first.statement.text


def test_a_statement_of_one_sentence_is_all_head() -> None:
    assert next(one for one in said_of(ACT) if one.statement.id == "aia-s-codes").rest == ""


def test_what_there_is_not_is_unknown(house) -> None:
    with pytest.raises(UnknownError):
        obligations(actor=house, now=NOW, regime="nope")
    with pytest.raises(UnknownError):
        regime_page(actor=house, regime="nope", now=NOW)


@pytest.mark.parametrize("kind", ["clocks", "retention", "penalties"])
def test_facts_stand_in_the_order_of_the_text(house, kind) -> None:
    act = [one.id for one in library().frameworks[ACT].requirements]
    rows = next(rows for regime, rows in entries(actor=house, kind=kind, now=NOW) if regime.id == ACT)
    places = [act.index(one.row.requirement) for one in rows if one.linked]
    assert places == sorted(places)
