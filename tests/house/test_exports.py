"""No file that the product writes for a spreadsheet runs anything there: every writer guards its cells."""

import ast
import csv
import io
import re
from dataclasses import replace

import pytest

from annexa.actions.systems import add_system
from annexa.adapters.catalogs.rows import framework_csv
from annexa.answers.imports import export_systems
from annexa.cli import words
from annexa.library.load import library
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.pure.tables import with_guard
from tests.house.test_house import MODULES, SOURCE, parsed

HOSTILE = ('=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", " =1", "'=1", "\r=1")
RUN = re.compile(r"\s*[=+\-@]")
"""What a spreadsheet takes for a formula."""
GUARDS = {"with_guard", "_guarded", "_safe", "_cells", "to_csv_rows", "export_rows"}
"""What puts an apostrophe before it, or calls what does."""
NOT_FOR_PEOPLE = {"actions/demo_documents.py"}
"""Writes files of the invented company, from its own words."""


def writers(tree: ast.Module) -> list[tuple[str, set[str]]]:
    """The functions that write tables, with every name they call."""
    found = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        if called & {"csv.writer", "csv.DictWriter", "openpyxl.Workbook", "Workbook"}:
            found.append((function.name, called))
    return found


def test_every_writer_guards_its_cells() -> None:
    """Rule: a new export is found here, wherever it is written, until it guards what it writes."""
    assert writers(ast.parse("def f():\n    csv.writer(x).writerow(y)"))
    found = {
        f"{path.relative_to(SOURCE)}:{name}": called
        for path in MODULES
        if str(path.relative_to(SOURCE)) not in NOT_FOR_PEOPLE
        for name, called in writers(parsed(path))
    }
    given_guarded = {"answers/imports.py:_as_csv", "answers/imports.py:_as_xlsx"}  # rows of export_rows
    assert len(found) >= 7
    assert [name for name, called in found.items() if not called & GUARDS and name not in given_guarded] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_the_guard_lets_nothing_run(text: str) -> None:
    assert not RUN.match(with_guard(text))
    assert with_guard("plain - text") == "plain - text"


@pytest.mark.django_db
def test_the_register_lets_nothing_run(now) -> None:
    import openpyxl

    for number, text in enumerate(HOSTILE):
        add_system(actor=ANNEXA, facts=SystemFacts(name=f"{number}", purpose=text, unit=text), now=now)
    text = export_systems(actor=ANNEXA, file_format="csv").decode()
    assert [cell for row in csv.reader(io.StringIO(text)) for cell in row if RUN.match(cell)] == []
    book = openpyxl.load_workbook(io.BytesIO(export_systems(actor=ANNEXA, file_format="xlsx")))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f" or RUN.match(str(cell.value or ""))] == []
    assert len(cells) > len(HOSTILE)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_framework_lets_nothing_run(text: str) -> None:
    found = library().frameworks["nis2"]
    first = replace(found.requirements[0], title=text, summary=text)
    hostile = replace(found, title=text, requirements=(first, *found.requirements[1:]))
    rows = csv.reader(io.StringIO(framework_csv(hostile), newline=""))
    assert [cell for row in rows for cell in row if RUN.match(cell)] == []


def test_the_command_line_lets_nothing_run(capsys) -> None:
    """Rule: also what a command prints as CSV is opened in spreadsheets; numbers stay numbers."""
    words.rows([{"name": text, "count": -3} for text in HOSTILE], "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert len(rows) == len(HOSTILE)
    assert [row["name"] for row in rows if RUN.match(row["name"])] == []
    assert {row["count"] for row in rows} == {"-3"}
