"""Whatever people send is read as the table they see, or refused with what is wrong and what to do."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.adapters.tables import LIMIT_BYTES, TableError, read_table
from annexa.pure.tables import Table
from tests.cases import cases


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def workbook(*rows: list[object], title: str = "Systems") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def refused(data: bytes, **options: object) -> str:
    with pytest.raises(TableError) as caught:
        read_table(data, name="file", **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith("file: ")
    return str(caught.value)


def test_it_works() -> None:
    """A plain CSV file is a table whose rows have the numbers a spreadsheet shows."""
    table = read_table(b"Name,Unit\nChatbot,IT\n\nTriage,\n", name="a.csv")
    assert (table.format, table.header, table.delimiter) == ("csv", ("Name", "Unit"), ",")
    assert cells(table) == [("Chatbot", "IT"), ("Triage", "")]
    assert [row.number for row in table.rows] == [2, 4]
    assert table.problems == ()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Name\nGrüße\n".encode(), "utf-8"),
        ("Name\nGrüße\n".encode("utf-8-sig"), "utf-8-sig"),
        ("Name\nGrüße\n".encode("utf-16"), "utf-16"),
        ("Name\nGrüße\n".encode("cp1252"), "cp1252"),
        (b"Name\nGr\xfc\xdfe\x92s\n".replace(b"\x92s", b""), "cp1252"),
    ],
)
def test_encodings_are_guessed(data: bytes, encoding: str) -> None:
    """Umlauts survive, and the guess is explained in a sentence."""
    table = read_table(data, name="a.csv")
    assert cells(table) == [("Grüße",)]
    assert encoding == table.encoding
    assert table.encoding_why.endswith(".")


def test_encoding_as_told() -> None:
    """A person who knows better is believed."""
    data = b"Name\nGr\xfc\xdfe \x80\n"
    assert cells(read_table(data, name="a", encoding="latin-1"))[0][0] == "Grüße \x80"
    assert cells(read_table(data, name="a"))[0][0] == "Grüße €"
    assert "line 2" in refused(data, encoding="utf-8")
    assert "no encoding" in refused(data, encoding="klingon")
    assert "no encoding" in refused(data, encoding="rot13")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_found(mark: str) -> None:
    """The delimiter is the one that makes rows as wide as the headings, quoted line breaks or not."""
    head = mark.join(["Name", '"What, in\nyour; words | or\ttabs?"', "Unit"])
    row = mark.join(["A", '"one, two; three\nfour, five"', "IT"])
    table = read_table(f"{head}\r\n{row}\r\n".encode(), name="a")
    assert table.delimiter == mark
    assert table.header == ("Name", "What, in your; words | or tabs?", "Unit")
    assert cells(table) == [("A", "one, two; three\nfour, five", "IT")]


def test_a_spreadsheet_may_name_its_delimiter() -> None:
    """Excel writes sep=; in front; it still counts as the first row."""
    table = read_table(b"sep=;\r\nName;Unit\r\nA, B;IT\r\n", name="a")
    assert cells(table) == [("A, B", "IT")]
    assert table.rows[0].number == 3


def test_headings_become_distinct() -> None:
    """The same question asked three times stays three columns, and a nameless column has its place as name."""
    table = read_table(b"Name,If Other,If Other,,If Other,If Other (2),\nA,1,2,3,4,5,6\n", name="a")
    assert table.header == (
        "Name", "If Other", "If Other (3)", "Column 4", "If Other (4)", "If Other (2)", "Column 7",
    )  # fmt: skip
    assert read_table(b"X,X,X\n1,2,3\n", name="a").header == ("X", "X (2)", "X (3)")
    assert read_table(b"Name,,\nA,,\n", name="a").header == ("Name",)


def test_ragged_rows() -> None:
    """A short row is filled; a long one is a problem, since its cells have moved."""
    table = read_table(b"Name,Unit\nA\nB,IT,extra\n", name="a")
    assert table.rows[0].cells == ("A", "", "")
    assert [problem.row for problem in table.problems] == [3]
    assert "3 cells under 2 headings" in table.problems[0].message
    assert "comma" in table.problems[0].message


@pytest.mark.parametrize("cell", ["=SUM(A1:A9)", "=1+1", "=A1", "@SUM(A1)", "=cmd|' /C calc'!A0", '="x"'])
def test_formulas_in_csv_are_problems(cell: str) -> None:
    """A formula is not a value, and may be an attack on the next person who opens an export."""
    table = read_table(('Name,Owner\nA,"' + cell.replace('"', '""') + '"\n').encode(), name="a")
    assert [(problem.row, problem.column) for problem in table.problems] == [(2, "Owner")]
    assert str(table.problems[0]).startswith("Row 2, column Owner: a formula (")


@pytest.mark.parametrize("cell", ["- none -", "-5", "@ada", "= see above", "=> better", "'=SUM(A1)", "a=b"])
def test_ordinary_text_is_no_formula(cell: str) -> None:
    """People begin cells with signs without meaning a formula."""
    assert read_table(f"Name,Owner\nA,{cell}\n".encode(), name="a").problems == ()


def test_invisible_characters_are_problems() -> None:
    """What cannot be seen must not get into the register."""
    table = read_table(b"Name,Owner\nA,b\x07c\n", name="a")
    assert "U+0007" in table.problems[0].message
    assert table.rows[0].cells == ("A", "bc")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b",,,\n,,,\n", "empty"),
        (b"Name,Unit\n", "headings but no rows"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"%PDF-1.7 ....", "PDF"),
        (b"\x1f\x8b\x08....", "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "old Office file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"<!DOCTYPE html><p>Sign in", "web page"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"Name\nA\x00B\n", "line 2"),
        (b"Name\nA\xff\x02B\n", "not text"),
        (b"Name\nA\x81\xff\n", "neither UTF-8 nor Windows-1252"),
        (b'Name,Unit\nA,"never closed\nB,C\n', "quotation mark"),
        (b"Name\n" + b"x" * 200_000 + b"\n", "line 2"),
        (b"[1, 2]", "entry 1"),
        (b'{"name": "A"}', "list of objects"),
        (b'[{"name": "A",}]', "line 1"),
        (b'[{"name": "A", "name": "B"}]', "twice"),
        (b"[{}]", "no rows"),
        (b"[" * 100_000, "nested"),
        (b"- name: A\n  name: B\n", "twice"),
        (b"- &a name: A\n- *a\n", "anchors"),
        (b"- name: [A\n", "not YAML"),
        (b"--- a\n--- b\n", "2 documents"),
        (b"- a: " + b"[" * 50, "nested"),
    ],
)
def test_refusals_say_what_is_wrong(data: bytes, says: str) -> None:
    """Every refusal names the fault and ends with what to do."""
    assert says in refused(data)


def test_too_large() -> None:
    """Both sizes are told."""
    message = refused(b"Name\n" + b"x" * 300, limit_bytes=100)
    assert "305 bytes" in message
    assert "100 bytes" in message
    assert LIMIT_BYTES == 50 * 1024 * 1024


def test_too_many_cells() -> None:
    """A small file must not unfold into a table that fills the memory."""
    assert "cells" in refused(b"," * 20_000 + b"x\ny\n")
    wide = ",".join(str(i) for i in range(16_000))
    assert "cells" in refused((wide + "\n" + "1\n" * 400).encode())
    objects = json.dumps([{f"k{i}": "v"} for i in range(2_500)]).encode()
    assert "cells" in refused(objects)


def test_loose_quotes_are_let_pass() -> None:
    """Some programs quote only half; the text is still clear."""
    assert cells(read_table(b'Name,Unit\nsay "hi" now,IT\n', name="a")) == [('say "hi" now', "IT")]
    assert cells(read_table(b'Name,Unit\n"a"b,IT\n', name="a")) == [("ab", "IT")]


def test_xlsx() -> None:
    """A workbook is read as it looks: days, whole numbers and ticks, with the numbers of its rows."""
    data = workbook(
        ["Name", "Since", "Users", "PII", "Rate", "At"],
        ["Chatbot", date(2024, 5, 1), 12.0, True, 0.5, datetime(2024, 5, 1, 14, 30)],  # noqa: DTZ001
        [],
        ["Triage", None, 7, False, None, None],
    )
    table = read_table(data, name="a.csv")
    assert (table.format, table.sheet) == ("xlsx", "Systems")
    assert cells(table) == [
        ("Chatbot", "2024-05-01", "12", "TRUE", "0.5", "2024-05-01 14:30:00"),
        ("Triage", "", "7", "FALSE", "", ""),
    ]
    assert [row.number for row in table.rows] == [2, 4]


def test_xlsx_formulas_and_errors_are_problems() -> None:
    """Only the value somebody meant may be imported."""
    table = read_table(workbook(["Name", "Owner"], ["A", "=SUM(B1)"], ["B", "#REF!"]), name="a")
    assert [str(problem) for problem in table.problems] == [
        "Row 2, column Owner: a formula (=SUM(B1)) cannot be imported; paste its value",
        "Row 3, column Owner: the error #REF! cannot be imported; mend the cell",
    ]


def _saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_xlsx_merged_cells_are_problems() -> None:
    """What merged cells seem to say of every row stands in the first only; nobody would see that it is lost."""
    book = openpyxl.Workbook()
    page = book.active
    for row in (["Name", "Unit", "Owner"], ["A", "Claims", "x"], ["B", None, "y"], ["C", None, "z"], ["D", "IT", "w"]):
        page.append(row)
    page.merge_cells("D1:E1")  # in the headings it does not matter
    assert read_table(_saved(book), name="a").problems == ()
    page.merge_cells("B2:B4")
    page.merge_cells("A5:C5")
    said = [str(one) for one in read_table(_saved(book), name="a").problems]
    assert [one.split(" is merged")[0] for one in said] == [
        *(f"Row {number}, column Unit:" for number in (2, 3, 4)), "Row 5, column Name:",
    ]  # fmt: skip
    assert said[0].endswith("(B2:B4), and only the first of the cells holds the text; undo that and fill each")


def test_xlsx_sheets() -> None:
    """The first visible sheet that is not empty is read, unless one is named."""
    book = openpyxl.Workbook()
    hidden = book.create_sheet("Hidden")
    hidden.append(["Name"])
    hidden.append(["Secret"])
    hidden.sheet_state = "hidden"
    for title in ("First", "Second"):
        page = book.create_sheet(title)
        page.append(["Name"])
        page.append([title])
    out = io.BytesIO()
    book.save(out)
    assert cells(read_table(out.getvalue(), name="a")) == [("First",)]
    assert "4 sheets" in read_table(out.getvalue(), name="a").encoding_why
    assert cells(read_table(out.getvalue(), name="a", sheet="Hidden")) == [("Secret",)]
    assert '"Second"' in refused(out.getvalue(), sheet="Third")
    assert "no workbook" in refused(b"Name\nA\n", sheet="Third")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (archive(word__document=b"x"), "Word document"),
        (archive(a=b"x"), "a zip archive"),
        (archive(xl__workbook=b"x"), "incomplete"),
        (archive(**{"xl/workbook.xml": b"<broken"}), "broken"),
        (workbook(["Name"], ["A"])[:-200], "broken"),
        (archive(**{"xl/workbook.xml": b"0" * 20_000_000}), "unpacks"),
        (b"PK\x03\x04 and no more", "broken"),
        (workbook(), "empty"),
        (workbook(["Name"]), "no rows"),
    ],
)
def test_bad_workbooks_are_refused(data: bytes, says: str) -> None:
    """Bombs, other archives and broken workbooks are told apart."""
    assert says in refused(data)


def test_xlsx_with_entities_is_refused() -> None:
    """An entity that unfolds is an attack, not a table."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><workbook>&b;</workbook>'
    data = workbook(["Name"], ["A"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            new.writestr(member, bomb if member == "xl/workbook.xml" else old.read(member))
    assert "broken" in refused(out.getvalue())


def test_json() -> None:
    """A list of objects is a table; numbers stay as they are written and lists are joined."""
    data = b'{"systems": [{"name": "A", "cost": 1.50, "tags": ["x", "y"]}, {"name": "B", "pii": true, "cost": null}]}'
    table = read_table(data, name="a")
    assert (table.format, table.header) == ("json", ("name", "cost", "tags", "pii"))
    assert cells(table) == [("A", "1.50", "x; y", ""), ("B", "", "", "Yes")]
    assert [row.number for row in table.rows] == [1, 2]
    assert cells(read_table(b'{"name": "A"}\n{"name": "B"}\n', name="a")) == [("A",), ("B",)]


def test_json_surrogates_are_problems() -> None:
    """A half character cannot be stored."""
    assert "U+D800" in read_table(b'[{"name": "a\\ud800"}]', name="a").problems[0].message


@pytest.mark.parametrize("opening", ["", "---\n", "systems:\n", "# register\n"])
def test_yaml(opening: str) -> None:
    """YAML is read as text throughout: no becomes no, 007 stays 007."""
    data = opening + "- name: A\n  pii: no\n  ref: 007\n  roles: [deployer, importer]\n- name: 'null'\n  pii: ~\n"
    table = read_table(data.encode(), name="a")
    assert (table.format, table.header) == ("yaml", ("name", "pii", "ref", "roles"))
    assert cells(table) == [("A", "no", "007", "deployer; importer"), ("null", "", "", "")]


def test_yaml_runs_nothing() -> None:
    """A tag that would build an object elsewhere is only text here."""
    assert cells(read_table(b"- name: !!python/object/apply:os.system 'echo hi'\n", name="a")) == [("echo hi",)]


STARTS = st.sampled_from(
    [b"", b"PK\x03\x04", b"[", b"{", b"- a: ", b"---\n", b"\xff\xfe", b"\xef\xbb\xbf", b"a,b\n", b"sep=;\n"]
)


@settings(max_examples=cases(300))
@given(STARTS, st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(start: bytes, rest: bytes) -> None:
    """Hostile bytes get an answer, never a traceback; and the answer can be printed."""
    try:
        table = read_table(start + rest, name="file")
    except TableError as wrong:
        str(wrong).encode()
    else:
        assert len(set(table.header)) == len(table.header)
        assert all(len(row.cells) == len(table.header) for row in table.rows)
        "".join((*table.header, *(cell for row in table.rows for cell in row.cells))).encode()


@settings(max_examples=cases(150))
@given(st.lists(st.tuples(st.integers(min_value=0), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_workbooks_are_read_or_refused(damage: list[tuple[int, int]]) -> None:
    """A workbook hit anywhere gets an answer too."""
    data = bytearray(BOOK)
    for place, byte in damage:
        data[place % len(data)] = byte
    try:
        read_table(bytes(data), name="file")
    except TableError as wrong:
        str(wrong).encode()


BOOK = workbook(["Name", "Since"], ["A", date(2024, 5, 1)], ["B", 3.5])
XML_PARTS = ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml")


@settings(max_examples=cases(100))
@given(
    st.sampled_from(XML_PARTS), st.integers(min_value=0), st.sampled_from([b"9", b"-1", b"A", b"", b"999999999", b'"'])
)
def test_workbooks_with_odd_xml_are_read_or_refused(part: str, place: int, graft: bytes) -> None:
    """What the archive's checksum does not catch, the readers behind it must."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            if member == part:
                at = place % len(data)
                data = data[:at] + graft + data[at + 1 :]
            new.writestr(member, data)
    try:
        read_table(out.getvalue(), name="file")
    except TableError as wrong:
        str(wrong).encode()
