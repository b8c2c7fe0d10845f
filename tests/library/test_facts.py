"""The shipped frameworks agree with fact tables that were drawn up apart from them: ids, parents, titles, dates.

The tables are not part of the product. They lie beside the repository, or where ANNEXA_TEST_FACTS says; without them
these tests are skipped.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from annexa.library.load import library
from annexa.pure.standards import Framework, Requirement

LIBRARY = library()
FACTS = Path(os.environ.get("ANNEXA_TEST_FACTS", Path(__file__).parents[3] / "shared" / "facts"))
FRAMEWORK_OF = {
    "iso27001_2013": "iso27001-2013",
    "iso27001_2022": "iso27001-2022",
    "iso42001_2023": "iso42001-2023",
    "iso27701_2025": "iso27701-2025",
    "nist_ai_rmf": "nist-ai-rmf-1.0",
    "nist_csf_2": "nist-csf-2.0",
    "eu_ai_act": "eu-ai-act",
    "eu_ai_act_annexes": "eu-ai-act",
    "gdpr": "gdpr",
    "nis2": "nis2",
    "colorado_sb24_205/SB24-205": "us-co-sb24-205",
    "colorado_sb24_205/SB26-189": "us-co-sb26-189",
}
"""Which framework of the library each table speaks about; after a slash, the act whose rows of the table are meant."""

Row = Mapping[str, str]


def rows_of(table: str) -> list[Row]:
    """The rows of a fact table; skips the test if it is not at hand."""
    name, _, act = table.partition("/")
    path = FACTS / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name} in {FACTS}")
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not act or row["act"] == act]


@pytest.fixture(params=sorted(FRAMEWORK_OF))
def table(request: pytest.FixtureRequest) -> str:
    """Each table that lists a framework."""
    return str(request.param)


def pairs(table: str) -> Iterator[tuple[Row, Requirement]]:
    """Each row of a table with the requirement of that id, where there is one."""
    by_id = LIBRARY.frameworks[FRAMEWORK_OF[table]].by_id
    return ((row, by_id[row["id"]]) for row in rows_of(table) if row["id"] in by_id)


def test_every_id_is_there(table: str) -> None:
    by_id = LIBRARY.frameworks[FRAMEWORK_OF[table]].by_id
    assert [row["id"] for row in rows_of(table) if row["id"] not in by_id] == []


def test_every_id_has_the_same_place_in_the_tree(table: str) -> None:
    assert [
        (row["id"], row["parent"], found.parent) for row, found in pairs(table) if row["parent"] != (found.parent or "")
    ] == []


def test_every_id_is_of_the_same_kind(table: str) -> None:
    assert [(row["id"], row["kind"], found.kind) for row, found in pairs(table) if row["kind"] != found.kind] == []


def test_official_titles_are_kept(table: str) -> None:
    """Titles in own words, and those that a table leaves empty, may differ: there is nothing official to keep."""
    assert [
        (row["id"], row["title"], found.title)
        for row, found in pairs(table)
        if _official(row) and _plain(row["title"]) != _plain(found.title)
    ] == []


def test_nothing_is_invented() -> None:
    """Only the GDPR is split further than its table: into paragraphs of articles that are there."""
    for name, framework in LIBRARY.frameworks.items():
        known = {row["id"] for table, of in FRAMEWORK_OF.items() if of == name for row in rows_of(table)}
        more = [r for r in framework.requirements if r.id not in known]
        assert [r.id for r in more if name != "gdpr" or r.kind != "paragraph" or r.parent not in known] == []


def _official(row: Row) -> bool:
    if not row.get("title") or "[own words]" in row["title"]:
        return False
    return row.get("title_source", "official") == "official"


def _plain(title: str) -> str:
    """A title with straight quotes, because sources differ in how they print them."""
    return title.replace("‘", "'").replace("’", "'")


# --- the AI Act's dates


def test_ai_act_duties_apply_from_the_amended_date() -> None:
    """Amended if it was moved; else the date it is felt from; else that of the first text. Article 113."""
    assert [
        (row["id"], _applies_from(row), found.applies_from)
        for row, found in pairs("eu_ai_act")
        if _applies_from(row) != _iso(found.applies_from)
    ] == []


def test_ai_act_duties_of_annex_i_systems_apply_later() -> None:
    assert [
        (row["id"], _applies_from_annex_i(row), found.attributes.get("applies_from_annex_i"))
        for row, found in pairs("eu_ai_act")
        if _applies_from_annex_i(row) != _iso(found.attributes.get("applies_from_annex_i"))
    ] == []


def test_ai_act_keeps_the_dates_of_the_first_text() -> None:
    for column in ("applies_from_original", "applies_from_original_annex_i"):
        assert [row["id"] for row, r in pairs("eu_ai_act") if row[column] != _iso(r.attributes.get(column))] == []


def test_ai_act_says_what_the_amendment_touched() -> None:
    column = "text_amended_by_2026_1744"
    assert [row["id"] for row, r in pairs("eu_ai_act") if row[column] and row[column] != r.attributes.get(column)] == []


@pytest.mark.parametrize(
    ("requirement", "on", "annex_i"),
    [
        ("Art.4(1)", "2025-02-02", ""),
        ("Art.53(1)(a)", "2025-08-02", ""),
        ("Art.50(1)", "2026-08-02", ""),
        ("Art.9(1)", "2027-12-02", "2028-08-02"),
        ("Art.26(1)", "2027-12-02", "2028-08-02"),
        ("Art.72(1)", "2027-12-02", "2028-08-02"),
        ("Art.73(1)", "2027-12-02", "2028-08-02"),
    ],
)
def test_ai_act_dates_everybody_asks_about(requirement: str, on: str, annex_i: str) -> None:
    found = LIBRARY.frameworks["eu-ai-act"].by_id[requirement]
    assert (_iso(found.applies_from), _iso(found.attributes.get("applies_from_annex_i"))) == (on, annex_i)


def _iso(day: object) -> str:
    return "" if day is None else str(day)


def _practical(row: Row, annex: str) -> str:
    """The date from the cell `2027-12-02 (Annex III); 2028-08-02 (Annex I)`, empty if that annex has none."""
    found = re.search(rf"(\d{{4}}-\d\d-\d\d) \({annex}\)", row["practical_from"])
    return found[1] if found else ""


def _applies_from(row: Row) -> str:
    return row["amended_date"] or _practical(row, "Annex III") or row["applies_from_original"]


def _applies_from_annex_i(row: Row) -> str:
    return row["amended_date_annex_i"] or _practical(row, "Annex I") or row["applies_from_original_annex_i"]


# --- what became of the edition of 2013


def test_every_control_of_2013_names_what_it_became() -> None:
    became: dict[str, list[str]] = {}
    for row in rows_of("iso27001_2013_to_2022"):
        if row["iso27001_2013_id"].startswith("A."):
            became.setdefault(row["iso27001_2013_id"], []).append(row["iso27001_2022_id"])
    controls = [r for r in LIBRARY.frameworks["iso27001-2013"].requirements if r.kind == "control"]
    assert {r.id: r.attributes.get("became") for r in controls} == {r: tuple(to) for r, to in became.items()}


def test_what_controls_of_2013_became_exists_and_is_named_in_their_summaries() -> None:
    now = LIBRARY.frameworks["iso27001-2022"].by_id
    wanting = []
    for r in LIBRARY.frameworks["iso27001-2013"].requirements:
        became = r.attributes.get("became", ())
        assert isinstance(became, tuple)
        wanting += [(r.id, to) for to in became if to not in now or not re.search(rf"{re.escape(to)}\b", r.summary)]
    assert wanting == []


# --- the acts of Colorado


@pytest.mark.parametrize("act", ["SB24-205", "SB26-189"])
def test_colorado_binds_developers_as_providers_and_deployers(act: str) -> None:
    role = {"developer": "provider", "deployer": "deployer"}
    assert [
        (row["id"], row["actor"], found.binds_roles)
        for row, found in pairs(f"colorado_sb24_205/{act}")
        if found.binds_roles != tuple(role[actor] for actor in row["actor"].split("|") if actor in role)
    ] == []


@pytest.mark.parametrize("act", ["SB24-205", "SB26-189"])
def test_colorado_keeps_the_time_limits(act: str) -> None:
    found = pairs(f"colorado_sb24_205/{act}")
    assert [row["id"] for row, r in found if row["clock"] != r.attributes.get("clock", "")] == []


def test_colorado_applies_from_the_day_of_the_act_in_force_and_never_by_the_repealed_one() -> None:
    table = "colorado_sb24_205/SB26-189"
    assert [row["id"] for row, r in pairs(table) if row["effective_date"] != _iso(r.applies_from)] == []
    assert {r.applies_from for r in LIBRARY.frameworks["us-co-sb24-205"].requirements} == {None}


# --- the mappings that were promised


def test_both_ends_of_every_promised_mapping_have_controls_under_them() -> None:
    promised = [row for row in rows_of("crosswalks") if row["brief_ref"].startswith("003")]
    assert len(promised) >= 166
    wanting = {
        (framework, end)
        for row in promised
        for framework, end in (
            (FRAMEWORK_OF[row["source_framework"]], row["source_id"]),
            (FRAMEWORK_OF[row["target_framework"]], row["target_id"]),
        )
        if not _has_controls(LIBRARY.frameworks[framework], end)
    }
    assert wanting == set()


def _has_controls(framework: Framework, requirement: str) -> bool:
    """Whether it, or a duty below it, has an entry of its own or inherits one."""
    end = framework.by_id.get(requirement)
    if end is None:
        return False
    below = [leaf for leaf in framework.leaves if end in framework.lineage(leaf) and not leaf.no_duty]
    return any(LIBRARY.covering(framework, one) is not None for one in (end, *below))


DOCUMENTS_OF = {
    "ISO/IEC 27001:2022": "iso27001-2022",
    "ISO/IEC 42001:2023": "iso42001-2023",
    "ISO/IEC 27701:2025": "iso27701-2025",
}
DEMANDED = {"yes": "yes", "if_applicable": "if applicable", "no": "no"}


def test_every_document_that_a_standard_demands_is_marked_and_no_other() -> None:
    """The list of documents and records, in both directions."""
    rows = rows_of("documented_information")
    demanded = {(DOCUMENTS_OF[row["standard"]], row["clause"]): DEMANDED[row["mandatory"]] for row in rows}
    marked = {
        (framework, requirement.id): requirement.documented_information
        for framework in DOCUMENTS_OF.values()
        for requirement in LIBRARY.frameworks[framework].requirements
        if requirement.documented_information != "no"
    }
    assert marked == {place: how for place, how in demanded.items() if how != "no"}


COUNTS = (
    ("ISO/IEC 27001:2022, Annex A", "iso27001-2022", "control", 93),
    ("ISO/IEC 27001:2013, Annex A", "iso27001-2013", "control", 114),
    ("ISO/IEC 42001:2023, Annex A", "iso42001-2023", "control", 38),
    ("ISO/IEC 27701:2025, Tables A.1 to A.3", "iso27701-2025", "control", 78),
    ("NIST AI RMF 1.0", "nist-ai-rmf-1.0", "subcategory", 72),
    ("GDPR", "gdpr", "article", 99),
    ("NIST CSF 2.0", "nist-csf-2.0", "subcategory", 106),
)


def test_the_counts_everybody_checks_first(capsys: pytest.CaptureFixture[str]) -> None:
    """93, 114, 38, 78, 113 + 6 articles, 72, 99, 106: printed, so that a reader of the run sees them."""
    lines = []
    for name, framework, kind, expected in COUNTS:
        found = sum(requirement.kind == kind for requirement in LIBRARY.frameworks[framework].requirements)
        lines.append(f"{name}: {found}")
        assert found == expected, name
    kinds = [r.kind for r in LIBRARY.frameworks["eu-ai-act"].requirements]
    articles, inserted = kinds.count("article"), kinds.count("inserted_article")
    lines.append(f"EU AI Act: {articles} + {inserted} articles")
    assert (articles, inserted) == (113, 6)
    tables = [sum(r.id.startswith(f"A.{n}.") for r in _controls("iso27701-2025")) for n in (1, 2, 3)]
    lines.append(f"of these in A.1, A.2, A.3: {', '.join(map(str, tables))}")
    assert tables == [31, 18, 29]
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def _controls(framework: str) -> list[Requirement]:
    return [r for r in LIBRARY.frameworks[framework].requirements if r.kind == "control"]
