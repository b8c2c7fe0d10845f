"""Two frameworks side by side on a page: ribbons, matrix, table, file; every number leads to its rows."""

import csv
import io
import re
from itertools import pairwise

import pytest
from django.urls import reverse

from annexa.library.load import library


@pytest.fixture
def page(client, admin):
    """Asks for the page of a pair."""
    client.force_login(admin)

    def ask(source: str = "nist-ai-rmf-1.0", target: str = "iso42001-2023", **query: str):
        return client.get(reverse("mappings"), {"from": source, "to": target} | query)

    return ask


def pairs(shown: str) -> int:
    """Rows of the table of pairs on this page."""
    return shown.split('id="pairs"')[1].count('class="reason full"')


def test_it_works(page) -> None:
    found = page()
    shown = found.content.decode()
    assert found.status_code == 200
    assert shown.count("<h1") == 1
    assert "What ISO/IEC 42001:2023 asks that NIST AI Risk Management Framework 1.0 does not touch" in shown
    assert "Most run from MEASURE 2" in shown
    assert 'aria-label="GOVERN 1 Policies' in shown
    assert "Show as table" in shown
    assert 'href="/frameworks/nist-ai-rmf-1.0/requirements/GOVERN%201.1"' in shown
    assert pairs(shown) == 50
    ids = re.findall(r'\sid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert len(found.content) < 150_000


def test_the_sentence_counts_relations_and_leads_to_them(page) -> None:
    shown = page("iso27001-2022", "iso42001-2023").content.decode()
    same = re.search(r'href="([^"]+)#pairs"><span>asks the same <b>(\d+)</b>', shown)
    assert same
    assert same[1].endswith("&amp;relation=equal")
    assert pairs(page("iso27001-2022", "iso42001-2023", relation="equal").content.decode()) == min(50, int(same[2]))


def test_labels_never_meet(page) -> None:
    """Rule: at least the height of a line lies between any two labels of a side."""
    for source, target in (("nist-ai-rmf-1.0", "iso42001-2023"), ("iso42001-2023", "eu-ai-act"), ("gdpr", "nis2")):
        shown = page(source, target).content.decode()
        for side in (r'y="([\d.]+)" dx="-12"', r'y="([\d.]+)" dx="12"'):
            places = [float(y) for y in re.findall(side, shown)]
            assert places
            assert all(below - above >= 25.9 for above, below in pairwise(places))


def test_a_group_highlights_its_ribbons_and_narrows_the_table(page) -> None:
    whole, chosen = page().content.decode(), page(group="GOVERN 6").content.decode()
    assert 'class="area later"' not in whole
    assert chosen.count('class="area later"')
    assert pairs(chosen) < pairs(whole)
    assert ">From GOVERN 6<" in chosen


def test_a_cell_leads_to_its_pairs(page) -> None:
    shown = page(show="matrix").content.decode()
    assert 'role="region" tabindex="0"' in shown
    cell = re.search(r'href="/mappings\?([^"]*group=GOVERN\+1&amp;target_group=6[^"]*)#view">(\d+)<', shown)
    assert cell
    found = page(group="GOVERN 1", target_group="6").content.decode()
    assert pairs(found) == int(cell[2])


def test_the_table_alone_is_paged(page) -> None:
    shown = page(show="table", page="2").content.decode()
    assert '<figure class="chart' not in shown
    assert 'rel="prev"' in shown


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"relation": "equal"}, "asks the same"),
        ({"confidence": "low"}, "low confidence"),
        ({"group": "A.5"}, "From A.5"),
    ],
)
def test_filters_can_be_dropped(page, filters, said) -> None:
    shown = page("iso27001-2022", "iso42001-2023", **filters).content.decode()
    tags = shown.split('class="tag filter"')[1:]
    assert len(tags) == 1
    assert said in tags[0]


def test_a_filter_without_rows_says_how_many_there_are(page) -> None:
    shown = page("gdpr", "nis2", requirement="Art.99999").content.decode()
    assert "has no requirement Art.99999" in shown
    assert "Drop the filters" in shown


def test_no_mapping_is_said_plainly_and_hints_are_marked(page) -> None:
    shown = page("gdpr", "nis2").content.decode()
    assert "No mapping leads between General Data Protection Regulation (EU) 2016/679 and NIS 2" in shown
    assert "hints where to look" in shown
    assert shown.count(">concluded</span>") == pairs(shown)
    without = page("gdpr", "nis2", concluded="no").content.decode()
    assert "Show conclusions" in without


def test_what_is_mapped_to_nothing_says_so(page) -> None:
    shown = page("nist-csf-2.0", "nis2").content.decode()
    assert "Nothing follows through a third framework either" in shown


def test_conclusions_are_added_on_request(page) -> None:
    assert ">concluded</span>" not in page().content.decode()
    assert ">concluded</span>" in page(concluded="yes", page="2").content.decode()


def test_the_old_control_is_found_in_the_new_edition(page) -> None:
    shown = page("iso27001-2013", "iso27001-2022", requirement="A.12.6.1").content.decode()
    assert "What is new in ISO/IEC 27001:2022" in shown
    assert 'href="/frameworks/iso27001-2022/requirements/A.8.8"' in shown
    assert '<figure class="chart' not in shown


def test_every_pair_of_frameworks_has_a_page(page) -> None:
    frameworks = sorted(library().frameworks)
    for source, target in zip(frameworks, [*frameworks[1:], frameworks[0]], strict=True):
        for show in ("flow", "matrix"):
            assert page(source, target, show=show).status_code == 200, (source, target, show)


def test_a_framework_is_not_compared_with_itself(page) -> None:
    found = page("gdpr", "gdpr")
    assert found.status_code == 200
    assert "Choose two different frameworks" in found.content.decode()


def test_the_file_holds_the_whole_pair(client, page) -> None:
    page()
    found = client.get(reverse("mappings-csv"), {"from": "iso27001-2013", "to": "iso27001-2022", "group": "A.5"})
    assert found.headers["Content-Disposition"] == 'attachment; filename="iso27001-2013--iso27001-2022.csv"'
    rows = list(csv.DictReader(io.StringIO(found.content.decode())))
    assert {row["from"] for row in rows} > {"A.5.1.1", "A.18.2.3"}
    assert all(row["relation"] and row["why"] and row["source"] and row["confidence"] for row in rows)


@pytest.mark.parametrize("name", ["mappings", "mappings-csv"])
def test_what_there_is_not_is_404(client, page, name) -> None:
    page()
    assert client.get(reverse(name), {"from": "iso9", "to": "gdpr"}).status_code == 404


def test_the_frameworks_lead_here(client, page) -> None:
    page()
    assert 'href="/mappings"' in client.get("/frameworks").content.decode()
    shown = client.get("/frameworks/iso42001-2023/requirements/A.5.2").content.decode()
    assert 'href="/mappings?from=iso42001-2023&amp;requirement=A.5.2"' in shown


def test_a_past_date_is_kept(page) -> None:
    shown = page(at="2026-11-01").content.decode()
    assert "at=2026-11-01" in shown.split("Swap")[0].rsplit("href=", 1)[1]
    assert 'name="at" value="2026-11-01"' in shown


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page()
    with django_assert_max_num_queries(10):
        page(group="GOVERN 1")


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.get("/mappings").status_code == 302
    assert client.get("/mappings.csv").status_code == 302
