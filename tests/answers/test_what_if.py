"""A what-if shows the difference for this organisation and leaves no trace of having been asked."""

from datetime import timedelta

import pytest
from django.apps import apps

from annexa.actions.systems import add_system
from annexa.answers.errors import UnknownError
from annexa.answers.posture import standpoint
from annexa.answers.what_if import choices, in_use, read_address, read_file, what_if
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import ANNEXA
from annexa.pure.posture import Verdict
from annexa.pure.systems import SystemFacts
from annexa.pure.what_if import Supposition
from tests.answers.small_house import FRAMEWORKS

EVERY = (
    "control-effective~SUP-01", "control-failing~GOV-02", "control-lost~GOV-02~chatbot",
    "evidence-withdrawn~LIF-03~credit-score", "system-reclassified~chatbot~provider~high-risk~annex-iii",
    "system-retired~chatbot", "system-added~tutor~Tutor~provider", "law-moved~eu-ai-act~Art.26~2026-01-01",
)  # fmt: skip


def everything() -> dict[str, list[tuple]]:
    """Every row of every table."""
    return {model._meta.label: sorted(model._base_manager.values_list(), key=repr) for model in apps.get_models()}


def asked(house, now, *words: str, **more):
    given, wrong = read_address(actor=house, words=words, now=now)
    assert wrong == ()
    return what_if(actor=house, now=now, suppositions=given, **{"frameworks": FRAMEWORKS} | more)


def test_nothing_is_written_whatever_is_supposed(house, now) -> None:
    stand = standpoint(actor=house, now=now)
    before, postures = everything(), {one: stand.posture(one).counts for one in FRAMEWORKS}
    assert asked(house, now, *EVERY).changes
    choices(actor=house, now=now)
    assert everything() == before
    later = standpoint(actor=house, now=now)
    assert {one: later.posture(one).counts for one in FRAMEWORKS} == postures
    assert (later.size, later.root) == (stand.size, stand.root)


def test_counts_and_changes_agree(house, now) -> None:
    seen = asked(house, now, "control-effective~SUP-01")
    for one in seen.compared:
        assert one.before is not None
        assert one.after is not None
        was = {line.requirement.id: line.verdict for line in one.before.lines}
        moved = {line.requirement.id for line in one.after.lines if was[line.requirement.id] is not line.verdict}
        own = [c for c in seen.changes if c.framework == one.framework.id and ORGANISATION in c.scopes]
        assert moved == {change.requirement for change in own}
    assert seen.changes
    assert seen.said == ("SUP-01 Due diligence on suppliers is effective",)


def test_nothing_supposed_moves_nothing(house, now) -> None:
    seen = asked(house, now)
    assert seen.changes == ()
    assert all(one.before is not None and one.before.counts == one.after.counts for one in seen.compared if one.after)


def test_one_system_shows_its_own_verdicts_only(house, now) -> None:
    seen = asked(house, now, "system-reclassified~chatbot~provider~high-risk", scopes=("chatbot",))
    assert seen.changes
    assert {change.scopes for change in seen.changes} == {("chatbot",)}


def test_a_retired_and_an_added_system_have_one_side(house, now) -> None:
    given, _ = read_address(actor=house, words=EVERY[5:7], now=now)
    scopes = in_use(actor=house, now=now, suppositions=given)
    assert scopes == ("chatbot", "credit-score", "tutor")
    seen = what_if(actor=house, now=now, suppositions=given, frameworks=FRAMEWORKS[1:], scopes=scopes)
    assert [(one.before is None, one.after is None) for one in seen.compared] == [
        (False, True), (False, False), (True, False),
    ]  # fmt: skip
    assert all(change.after is not Verdict.NOT_APPLICABLE for change in seen.changes if change.before is None)


def test_who_supplies_a_system_comes_from_the_register(house, now) -> None:
    facts = SystemFacts(name="Rates", stage="operation", supplier="Ratehouse")
    add_system(actor=house, facts=facts, now=now - timedelta(days=1))
    assert choices(actor=house, now=now).suppliers == (("Ratehouse", 1),)
    given, wrong = read_address(actor=house, words=["supplier-lost~Ratehouse"], now=now)
    assert wrong == ()
    assert given == (Supposition(kind="supplier-lost", supplier="Ratehouse", systems=("rates",)),)


def test_what_does_not_fit_is_left_out_of_an_address_and_told(house, now) -> None:
    words = ["control-effective~ODD-01", "control-effective~SUP-01", "system-added~tutor", "control-lost~SUP-01~tutor"]
    found, wrong = read_address(actor=house, words=words, now=now)
    assert [one.kind for one in found] == ["control-effective", "system-added", "control-lost"]
    assert wrong == ('Supposition 1: there is no control "ODD-01"',)


def test_a_file_is_read_against_the_records_of_its_date(house, now) -> None:
    data = b'[[suppose]]\nkind = "system-retired"\nsystem = "chatbot"\n'
    assert read_file(actor=house, data=data, now=now)[0].system == "chatbot"
    with pytest.raises(ValueError, match="no AI system"):
        read_file(actor=house, data=data, now=now, at=now - timedelta(days=900))


def test_what_there_is_not_is_refused(house, now) -> None:
    with pytest.raises(UnknownError):
        what_if(actor=ANNEXA, now=now, suppositions=(), frameworks=("iso9",))
    with pytest.raises(UnknownError):
        what_if(actor=ANNEXA, now=now, suppositions=(), scopes=("nowhere",))


def test_choices_offer_only_what_has_a_date(house, now) -> None:
    offered = choices(actor=house, now=now)
    laws = {framework.id: rows for framework, rows in offered.laws}
    assert next(iter(laws)) == "eu-ai-act"
    assert {"eu-ai-act", "gdpr", "nis2"} <= set(laws)
    assert "iso27001-2022" not in laws
    assert any(one.id == "Art.26" for one, _ in laws["eu-ai-act"])
    assert [slug for slug, _ in offered.systems] == ["chatbot", "credit-score"]


def test_where_systems_are_many_a_page_is_spared(house, now, monkeypatch) -> None:
    monkeypatch.setattr("annexa.answers.what_if.MOST_PLACES", 1)
    found, wrong = read_address(actor=house, words=["control-effective~LIF-03", "control-lost~LIF-03"], now=now)
    assert [one.kind for one in found] == ["control-lost"]
    assert wrong[0].startswith("LIF-03 is asked of 2 AI systems")
    seen = what_if(actor=house, now=now, suppositions=found, frameworks=FRAMEWORKS, most_groups=1)
    assert not seen.each
    assert {change.scopes for change in seen.changes} <= {(ORGANISATION,)}
