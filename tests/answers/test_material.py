"""Shelves count what there is; texts and checklists are read by part and by facet; references lead where they can."""

import pytest

from annexa.answers.errors import UnknownError
from annexa.answers.material import (
    LONGEST_PAGE,
    checklist_page,
    framework_text,
    gate_page,
    mapping_page,
    one_course,
    parts_of,
    refer,
    scenario_list,
    scenario_page,
    shelves,
)
from annexa.library.load import library
from annexa.library.risks import risks


@pytest.fixture
def asked(actor, now):
    """Who asks, and when."""
    return {"actor": actor, "now": now}


def test_shelves_count_what_the_library_has(asked) -> None:
    found = shelves(**asked)
    assert {one.framework.id for one in found.frameworks} == set(library().frameworks)
    assert sum(count for _, _, count in found.families) == found.controls == len(library().controls)
    assert sum(len(one.mapping.edges) for one in found.mappings) == found.edges
    assert sum(count for _, count in found.areas) == found.scenarios == len(risks().scenarios)


def test_coverage_counts_duties_that_controls_meet(asked) -> None:
    by_id = {one.framework.id: one for one in shelves(**asked).frameworks}
    assert by_id["us-co-sb24-205"].percent is None
    act = by_id["eu-ai-act"]
    duties = [leaf for leaf in act.framework.leaves if not leaf.no_duty]
    entries = [library().covering(act.framework, leaf) for leaf in duties]
    assert act.duties == len(duties)
    assert act.covered == sum(bool(entry and entry.sufficient) for entry in entries)
    assert act.percent == 100 * act.covered // act.duties


def test_a_long_text_is_folded_until_a_part_is_asked_for(asked) -> None:
    folded = framework_text(**asked, framework="eu-ai-act")
    assert folded.leaves > LONGEST_PAGE
    assert not any(part.rows for part in folded.parts)
    opened = framework_text(**asked, framework="eu-ai-act", unfolded="Ch.IV")
    assert [part.requirement.id for part in opened.parts if part.unfolded] == ["Ch.IV"]
    assert any(row.requirement.id.startswith("Art.50") for part in opened.parts for row in part.rows)


def test_parts_hold_every_leaf_once() -> None:
    for framework in library().frameworks.values():
        parts = parts_of(framework)
        assert len(parts) > 1
        for leaf in framework.leaves:
            assert sum(part in framework.lineage(leaf) for part in parts) == 1


def test_facets_narrow_the_text_and_count_what_they_leave(asked) -> None:
    whole = framework_text(**asked, framework="eu-ai-act")
    counted = dict(whole.facets["role"])
    narrowed = framework_text(**asked, framework="eu-ai-act", chosen={"role": "importer"})
    assert narrowed.leaves == counted["importer"]
    shown = [row.requirement for part in narrowed.parts for row in part.rows if not row.group]
    assert shown
    assert all("importer" in one.binds_roles for one in shown)
    both = framework_text(**asked, framework="eu-ai-act", chosen={"role": "importer", "level": "organisation"})
    assert both.leaves == dict(narrowed.facets["level"]).get("organisation", 0)


def test_an_unknown_facet_narrows_nothing(asked) -> None:
    whole = framework_text(**asked, framework="nis2")
    assert framework_text(**asked, framework="nis2", chosen={"colour": "red"}).leaves == whole.leaves


def test_what_the_library_in_force_does_not_have_is_named_but_leads_nowhere() -> None:
    named = refer(library(), [("gdpr", "Art.5", "(a)"), ("gdpr", "Art.999"), ("older-law", "1")])
    assert [one.title for one in named] == [library().frameworks["gdpr"].title, "older-law"]
    known, unknown = named[0].requirements
    assert known.found is not None
    assert known.point == "(a)"
    assert unknown.found is None
    assert named[1].requirements[0].found is None


def test_a_mapping_has_both_ends(asked) -> None:
    page = mapping_page(**asked, source="iso42001-2023", target="eu-ai-act")
    assert all(edge.start == start.id and edge.end == end.id for edge, start, end in page.edges)


def test_a_checklist_is_walked_by_part_and_level(asked) -> None:
    whole = checklist_page(**asked, framework="iso42001-2023")
    assert sum(count for _, count in whole.parts) == whole.duties == len(whole.checklist.items)
    part = checklist_page(**asked, framework="iso42001-2023", part="A", level="system")
    assert 0 < len(part.checklist.items) < whole.duties
    assert {item.level for item in part.checklist.items} == {"system"}


def test_scenarios_are_narrowed_by_tags_and_facets(asked) -> None:
    whole = scenario_list(**asked)
    for facet in ("area", "asset", "atlas", "owasp"):
        value, count = whole.facets[facet][0]
        assert len(scenario_list(**asked, chosen={facet: value}).scenarios) == count


def test_a_scenario_says_how_its_controls_stand(asked) -> None:
    page = scenario_page(**asked, scenario="SC-AI-01")
    assert [one.id for one in page.controls] == list(page.scenario.controls)
    assert all(one.verdict is not None for one in page.controls if one.control is not None)
    assert page.after is not None


def test_a_gate_knows_its_controls_and_questionnaires(asked) -> None:
    page = gate_page(**asked, gate="deploy")
    needs = {need.id for need in page.gate.needs}
    assert needs == set(page.controls) | set(page.questionnaires)


@pytest.mark.parametrize(
    ("ask", "names"),
    [
        (framework_text, {"framework": "iso9"}),
        (checklist_page, {"framework": "iso9"}),
        (checklist_page, {"framework": "gdpr", "part": "Art.999"}),
        (mapping_page, {"source": "gdpr", "target": "gdpr"}),
        (scenario_page, {"scenario": "SC-0"}),
        (gate_page, {"gate": "heaven"}),
        (one_course, {"course": "cooking"}),
    ],
)
def test_what_there_is_not_is_unknown(asked, ask, names) -> None:
    with pytest.raises(UnknownError):
        ask(**asked, **names)
