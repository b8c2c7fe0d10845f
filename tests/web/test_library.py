"""The library: everything there is to read can be found, read, printed and taken along; nothing is stored."""

import pytest

from annexa.actions.libraries import import_files
from annexa.adapters.catalogs import read
from annexa.answers.library_search import KINDS, index
from annexa.library.load import library, load
from annexa.library.questionnaires import questionnaires
from annexa.library.regimes import regimes
from annexa.web.library import FORMS, ICONS, KIND_WORDS, PAGES, url_of
from annexa.web.templatetags.face import ICONS as DRAWN

LARGEST = 150 * 1024


@pytest.fixture
def page(client, admin):
    """Asks for a page below the library."""
    client.force_login(admin)

    def ask(path: str = "", **query: str):
        return client.get(f"/library{path}", query)

    return ask


def test_the_shelves_lead_everywhere(page) -> None:
    shown = page().content.decode()
    for path in (
        "/library/frameworks/iso42001-2023",
        "/controls?q=GOV-",
        "/library/mappings/iso42001-2023/eu-ai-act",
        "/library/regimes/eu-ai-act",
        "/library/classification/eu-ai-act",
        "/library/questionnaires/fria",
        "/library/policies/ai-policy",
        "/library/courses/management-body",
        "/library/risks?area=ai",
        "/library/gates/deploy",
        "/library/checklists/nis2",
    ):
        assert f'href="{path}"' in shown, path
    assert f"{len(library().frameworks)} frameworks" in shown


def test_every_kind_has_a_word_an_icon_and_a_page() -> None:
    assert set(KIND_WORDS) == set(ICONS) == set(PAGES) == set(KINDS)
    assert set(ICONS.values()) <= DRAWN


def test_what_is_found_leads_to_a_page_that_has_it(page, client) -> None:
    for kind in KINDS:
        entry = next(one for one in index(library()) if one.kind == kind)
        path, _, anchor = url_of(entry).partition("#")
        found = client.get(path)
        assert found.status_code == 200, path
        assert not anchor or f'id="{anchor}"' in found.content.decode(), url_of(entry)


def test_words_are_marked_where_they_stand(page) -> None:
    shown = page(q="oversight").content.decode()
    assert "<mark>oversight</mark>" in shown
    assert 'id="requirement-h"' in shown
    assert 'href="?q=oversight&amp;kind=control"' in shown


def test_one_kind_is_read_page_by_page(page) -> None:
    shown = page(q="risk", kind="requirement").content.decode()
    assert 'id="control-h"' not in shown
    assert 'rel="next"' in shown
    assert "Kind: Requirements" in shown


def test_a_framework_narrows_what_was_found(page) -> None:
    shown = page(q="incident", framework="nis2", kind="requirement").content.decode()
    assert 'href="/frameworks/nis2/requirements/' in shown
    assert 'href="/frameworks/eu-ai-act/requirements/' not in shown


@pytest.mark.parametrize("typed", ["zzzz", "<i>zzz", "%", "\x00", "(" * 5000])
def test_odd_words_are_only_text(page, typed) -> None:
    found = page(q=typed)
    assert found.status_code == 200
    assert "<i>" not in found.content.decode()


@pytest.mark.parametrize("query", [{"kind": "spells"}, {"framework": "iso9"}, {"page": "999", "kind": "control"}])
def test_an_address_that_means_nothing_is_no_error(page, query) -> None:
    assert page(q="risk", **query).status_code == 200


def test_a_framework_is_read_part_by_part(page) -> None:
    shown = page("/frameworks/iso27001-2022").content.decode()
    assert 'href="?open=A#part-A"' in shown
    assert "/requirements/A.5.1" not in shown
    opened = page("/frameworks/iso27001-2022", open="A").content.decode()
    assert 'href="/frameworks/iso27001-2022/requirements/A.5.1"' in opened
    assert library().frameworks["iso27001-2022"].by_id["A.5.1"].summary in opened


def test_facets_of_a_framework_are_links(page) -> None:
    shown = page("/frameworks/eu-ai-act", role="importer").content.decode()
    assert "Role: Importer" in shown
    assert 'href="?role=importer&amp;level=organisation"' in shown
    assert 'href="/frameworks/eu-ai-act/requirements/Art.23' in shown


def test_no_part_is_too_long(page) -> None:
    for framework in ("eu-ai-act", "iso27001-2022", "gdpr"):
        for part in library().frameworks[framework].children[None]:
            found = page(f"/frameworks/{framework}", open=part.id)
            assert len(found.content) <= LARGEST, (framework, part.id)


def test_a_mapping_says_why(page) -> None:
    edge = next(m for m in library().mappings if m.source == "eu-ai-act").edges[0]
    shown = page("/mappings/eu-ai-act/gdpr").content.decode()
    assert edge.rationale in shown.replace("&#x27;", "'").replace("&quot;", '"')


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_a_regime_shows_every_row(page, regime) -> None:
    shown = page(f"/regimes/{regime}").content.decode()
    for row in (*regimes()[regime].rows, *regimes()[regime].questions):
        assert shown.count(f'id="{row.id}"') == 1, row.id


@pytest.mark.parametrize("questionnaire", sorted(questionnaires()))
def test_a_questionnaire_shows_every_question_once(page, questionnaire) -> None:
    shown = page(f"/questionnaires/{questionnaire}").content.decode()
    for question in questionnaires()[questionnaire].questions:
        assert shown.count(f'id="{question.id}"') == 1, question.id


@pytest.mark.parametrize(
    "path",
    [
        "/frameworks/iso9",
        "/mappings/gdpr/gdpr",
        "/regimes/none",
        "/questionnaires/none",
        "/policies/none",
        "/courses/none",
        "/risks/none",
        "/gates/none",
        "/checklists/none",
        "/checklists/none.csv",
        "/classification/none",
    ],
)
def test_what_there_is_not_is_404(page, path) -> None:
    assert page(path).status_code == 404


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page()
    with django_assert_max_num_queries(10):
        page()
    with django_assert_max_num_queries(10):
        page(q="risk")


@pytest.mark.parametrize("path", ["", "/frameworks/gdpr", "/policies/ai-policy", "/courses/management-body", "/risks"])
def test_strangers_sign_in_first(client, organisation, path) -> None:
    assert client.get(f"/library{path}").status_code == 302


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("framework", ["iso42001-2023", "nis2"])
def test_a_framework_leaves_as_a_file_that_comes_in_again(page, framework, form) -> None:
    sent = page(f"/frameworks/{framework}/{form}")
    named = f"{framework}{FORMS[form].ending}"
    assert sent.status_code == 200
    assert sent["Content-Disposition"] == f'attachment; filename="{named}"'
    files = read(sent.content, named, id=None if form == "toml" else "taken-along")
    found = load({name: data for name, data in files.items() if name.startswith("frameworks/")}).frameworks
    (again,) = found.values()
    assert [one.id for one in again.requirements] == [one.id for one in library().frameworks[framework].requirements]


def test_every_format_is_offered_where_the_framework_is_read(page) -> None:
    shown = page("/frameworks/gdpr").content.decode()
    for form in FORMS:
        assert f'href="/library/frameworks/gdpr/{form}" download' in shown


@pytest.mark.parametrize("path", ["/frameworks/iso9/csv", "/frameworks/gdpr/docx", "/frameworks/gdpr/<i>"])
def test_a_file_there_is_not_is_404(page, path) -> None:
    assert page(path).status_code == 404


def test_facets_have_no_words_of_machines(page) -> None:
    shown = page("/frameworks/eu-ai-act").content.decode()
    assert "Provider of a general-purpose model" in shown
    assert "Gpai" not in shown


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_dates_of_a_regime_stand_in_their_order(page, regime) -> None:
    shown = page(f"/regimes/{regime}").content.decode()
    dated = [one for one in regimes()[regime].events if one.on]
    places = [shown.index(f'id="{one.id}"') for one in sorted(dated, key=lambda one: one.on)]
    assert places == sorted(places)
    assert f'href="/obligations/{regime}"' in shown


def test_a_short_framework_is_one_table_without_filters(page, actor, now) -> None:
    """A house rule with one group over its duties, none of which differs from the others in any facet."""
    rows = b"id,parent,title,summary\n1,,Rules,What we promise\n1.1,1,Answer,Within a day\n1.2,1,Say sorry,At once\n"
    import_files(actor=actor, files=read(rows, "house.csv", id="house"), now=now)
    shown = page("/frameworks/house").content.decode()
    assert shown.count("<table") == 1
    assert shown.count("Within a day") == 1
    assert "facets-first" not in shown


def test_a_framework_without_groups_is_one_list(page, actor, now) -> None:
    rows = b"id,title,summary\n1,Answer,Within a day\n2,Say sorry,At once\n"
    import_files(actor=actor, files=read(rows, "house.csv", id="house"), now=now)
    shown = page("/frameworks/house").content.decode()
    assert shown.count("<table") == 1
    assert shown.count("Within a day") == shown.count("At once") == 1
