"""Checklists are walked and taken along; gates say what they need; classifications show their questions and rules."""

import csv
import io

import pytest

from annexa.library.classification import classifications
from annexa.library.gates import gates
from annexa.library.load import library
from annexa.pure.checklists import HEADER, checklist
from annexa.pure.classify import Atom, Group
from annexa.pure.gates import Binds
from annexa.web.checklists import binds, in_words


@pytest.fixture
def page(client, admin):
    """Asks for a page below the library."""
    client.force_login(admin)

    def ask(path: str, **query: str):
        return client.get(f"/library{path}", query)

    return ask


def test_a_long_checklist_begins_with_its_first_part(page) -> None:
    shown = page("/checklists/iso27001-2022").content.decode()
    assert 'href="/frameworks/iso27001-2022/requirements/4.1"' in shown
    assert "/requirements/A.5.1" not in shown
    assert 'href="/library/checklists/iso27001-2022.csv?part=4"' in shown


def test_it_is_printed_whole(page) -> None:
    shown = page("/checklists/iso42001-2023", part="all").content.decode()
    found = checklist(library(), library().frameworks["iso42001-2023"])
    for item in found.items:
        assert f'href="/frameworks/iso42001-2023/requirements/{item.requirement}"' in shown
    assert "document" in shown


def test_it_is_narrowed_by_level(page) -> None:
    shown = page("/checklists/iso42001-2023", part="all", level="system").content.decode()
    assert "/requirements/A.5.4" in shown
    assert "/requirements/5.2" not in shown


def test_it_is_taken_along_as_csv(page) -> None:
    found = page("/checklists/nis2.csv")
    rows = list(csv.reader(io.StringIO(found.content.decode())))
    assert found.headers["Content-Disposition"] == 'attachment; filename="checklist-nis2.csv"'
    assert tuple(rows[0]) == HEADER
    assert {row[1] for row in rows[1:]} == {
        item.requirement for item in checklist(library(), library().frameworks["nis2"]).items
    }
    part = page("/checklists/iso27001-2022.csv", part="A.5")
    assert part.headers["Content-Disposition"] == 'attachment; filename="checklist-iso27001-2022-A.5.csv"'


def test_nothing_to_walk_is_said(page) -> None:
    assert "Nothing to walk through here" in page("/checklists/us-co-sb24-205").content.decode()


def test_gates_in_their_order(page) -> None:
    shown = page("/gates").content.decode()
    places = [shown.index(f'href="/library/gates/{gate}"') for gate in gates()]
    assert places == sorted(places)


@pytest.mark.parametrize("gate", sorted(gates()))
def test_a_gate_says_what_and_who(page, gate) -> None:
    shown = page(f"/gates/{gate}").content.decode()
    for need in gates()[gate].needs:
        path = f"/controls/{need.id}" if need.kind == "control" else f"/library/questionnaires/{need.id}"
        assert f'href="{path}"' in shown
    assert shown.count('scope="row"') == len(gates()[gate].needs) + len(gates()[gate].decisions)


@pytest.mark.parametrize("tree", sorted(classifications()))
def test_a_classification_shows_every_question_rule_and_case(page, tree) -> None:
    found = classifications()[tree]
    questions = page(f"/classification/{tree}").content.decode()
    assert all(f'id="question-{one.id}"' in questions for one in found.questions)
    rules = page(f"/classification/{tree}", show="rules").content.decode()
    assert all(f'id="rule-{one.id}"' in rules for one in found.rules)
    presumed = page(f"/classification/{tree}", show="presumptions").content.decode()
    assert all(one.because in presumed and f'id="presumption-{one.id}"' in presumed for one in found.presumptions)
    assert ("show=presumptions" in questions) is bool(found.presumptions)
    cases = page(f"/classification/{tree}", show="cases").content.decode()
    assert cases.count("<summary") >= len(found.examples)


def test_conditions_read_as_sentences() -> None:
    link = Atom(kind="answer", name="link", choice="offers")
    police = Atom(kind="answer", name="police-task", negated=True)
    either = Group(how="any", parts=(link, Atom(kind="role", name="provider")))
    assert in_words(Group(how="all", parts=())) == ""
    assert in_words(Group(how="all", parts=(police, either))) == "not police-task and (link: offers or role provider)"
    size = Group(how="any", parts=tuple(Atom(kind="answer", name="size", choice=one) for one in ("medium", "large")))
    assert in_words(Group(how="all", parts=(link, size))) == "link: offers and size: medium / large"
    assert in_words(Group(how="none", parts=(link, police))) == "none of (link: offers, not police-task)"


def test_whom_a_part_is_for() -> None:
    assert binds(Binds()) == "every system"
    assert binds(Binds(classes=("high-risk",), personal_data=True)) == "high-risk, personal data"
