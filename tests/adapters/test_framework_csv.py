"""A framework as CSV: every shipped one comes back equal, and a table written by hand is enough."""

import csv
import io

import pytest
from hypothesis import given

from annexa.adapters.catalogs import CatalogError, read, recognised
from annexa.adapters.catalogs.rows import framework_csv
from annexa.library.load import library, load
from annexa.pure.library_files import framework_toml
from annexa.pure.standards import Framework
from tests.pure.test_library_files import frameworks


def back(text: str, name: str = "f.csv") -> Framework:
    (framework,) = load(dict(read(text.encode(), name, form="csv"))).frameworks.values()
    return framework


@pytest.mark.parametrize("framework", library().frameworks.values(), ids=lambda one: one.id)
def test_a_shipped_framework_comes_back_equal(framework: Framework) -> None:
    text = framework_csv(framework)
    assert recognised(text) == "csv"
    assert back(text) == framework
    assert recognised(framework_toml(framework).decode()) == "toml"


@given(frameworks())
def test_any_framework_comes_back_equal(framework: Framework) -> None:
    assert back(framework_csv(framework)) == framework


@given(frameworks())
def test_no_cell_is_a_formula(framework: Framework) -> None:
    rows = list(csv.reader(io.StringIO(framework_csv(framework), newline="")))
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_table_written_by_hand_is_enough() -> None:
    text = "ID;Parent;Title;attribute.theme;applies_from\r\n1;;Doors;;\r\n1.1;1;Locked at night;people;2026-08-02\r\n"
    framework = back(text, "House rules.csv")
    assert framework.id == "house-rules"
    assert [(one.id, one.parent, one.summary) for one in framework.requirements] == [
        ("1", None, "Doors"), ("1.1", "1", "Locked at night"),
    ]  # fmt: skip
    assert framework.requirements[1].attributes == {"theme": "people"}
    assert framework.attributes["theme"].title == "theme"


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    text = "id,title,level,applies_from,binds_roles,parent\n1,,both,tomorrow,king,\n1,B,,,,9\n2,B,,,,,,,\n"
    with pytest.raises(CatalogError) as refused:
        read(text.encode(), "b.csv")
    assert refused.value.problems == ("b.csv: line 4: has 9 cells under 6 headings",)
    with pytest.raises(CatalogError) as refused:
        read(text.replace(",,,,,,,", ",,,,").encode(), "b.csv")
    said = "\n".join(refused.value.problems)
    for place in (
        "line 2: title: is missing", "line 2: level is 'both'", "line 2: applies_from: 'tomorrow' is not a date",
        "line 2: binds_roles names 'king'", "line 3: the number '1' occurs twice", "line 3: its parent '9'",
    ):  # fmt: skip
        assert place in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,title,colour\n1,A,red\n", "name a column of your own attribute.colour"),
        ("id,title,title\n1,A,B\n", "is there twice"),
        ("id,title\n", "there are no rows"),
        ("id,title,framework.attributes\n1,A,[1]\n", "is not JSON such as"),
        ("id,title,framework.id\n1,A,../x\n", "choose one such as acme-2026"),
        ("name\nA\n", "needs the columns id and title"),
    ],
)
def test_what_is_no_such_table_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says):
        read(text.encode(), "b.csv", form="csv")


def test_our_own_toml_is_put_where_it_belongs() -> None:
    one = next(iter(library().frameworks.values()))
    assert set(read(framework_toml(one), "whatever.txt")) == {f"frameworks/{one.id}.toml"}
    for text, path in (
        ('id = "C-1"\n[[expectations]]\n', "controls/C-1.toml"),
        ('framework = "f"\n[[requirement]]\n', "coverage/f.toml"),
        ('source = "a"\ntarget = "b"\n[[edge]]\n', "mappings/a--b.toml"),
    ):
        assert set(read(text.encode(), "x")) == {path}
    for text, says in (
        ('id = "../../etc"\n[[expectations]]\n', "cannot name a file"),
        ('a = "b"\n', "it is none of"),
        ('a = "b\n', "this is not TOML"),
        ("", "it is empty"),
    ):
        with pytest.raises(CatalogError, match=says):
            read(text.encode(), "x")
    with pytest.raises(CatalogError, match="change it in the file"):
        read(framework_toml(one), "x", id="other")
    with pytest.raises(CatalogError, match="UTF-8"):
        read(b"id,title\n1,\xe9\n", "x")


@pytest.mark.parametrize(("name", "says"), [("a.csv", "heading"), ("a.toml", "TOML"), ("a.yaml", "YAML")])
def test_what_shows_nothing_is_read_as_its_name_says(name: str, says: str) -> None:
    with pytest.raises(CatalogError) as refused:
        read(b"some words: [that are\nnothing in particular", name)
    assert says.casefold() in str(refused.value).casefold()
