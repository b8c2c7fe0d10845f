"""CSV, XLSX, JSON and YAML files of rows and columns, as people really send them: bytes in, a Table out."""

from __future__ import annotations

import codecs
import csv
import io
import json
import lzma
import re
import warnings
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Literal
from xml.etree.ElementTree import ParseError

import yaml

from annexa.pure.fields import tidy
from annexa.pure.tables import Problem, Row, Table

MIB = 1024 * 1024
LIMIT_BYTES = 50 * MIB
LIMIT_YAML_BYTES = 20 * MIB  # YAML takes some thirty times as long to read as CSV
LIMIT_UNPACKED = 500 * MIB
LIMIT_RATIO = 200  # ordinary workbooks pack 5 to 50 times
LIMIT_CELLS = 5_000_000
LIMIT_COLUMNS = 16_384  # of a spreadsheet
LIMIT_ROWS = 1_048_576  # of a spreadsheet
LIMIT_DEPTH = 20
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 256 * 1024

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "an RTF document"),
)
ZIPS: tuple[tuple[str, str], ...] = (
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("xl/", "a binary or incomplete workbook"),
    ("content.xml", "an OpenDocument file"),
)
BOMS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
FORMULA = re.compile(r"""=[A-Za-z0-9_($+\-"'@.#\[{]|@\s*[A-Za-z_][\w.]*\(""")
SAVE_AS = "save it as CSV or XLSX and import that"


class TableError(ValueError):
    """A file cannot be read as a table; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    text: str
    encoding: str
    why: str
    guessed: bool = False  # True: the fallback that accepts nearly anything


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What a reader of one format tells about the table besides its cells."""

    format: Literal["csv", "xlsx", "json", "yaml"]
    why: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    found: Mapping[int, Mapping[int, str]] = field(default_factory=dict)  # row number -> place of the cell -> message

    def mark(self) -> str:
        return DELIMITERS[self.delimiter]


def read_table(
    data: bytes,
    *,
    name: str,
    encoding: str | None = None,
    sheet: str | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Table:
    """Read a file of rows and columns whatever its name says it is. Raises TableError."""
    try:
        return _read(data, encoding=encoding, sheet=sheet, limit_bytes=limit_bytes)
    except TableError as wrong:
        raise TableError(f"{name}: {wrong}") from wrong


def _read(data: bytes, *, encoding: str | None, sheet: str | None, limit_bytes: int) -> Table:
    if len(data) > limit_bytes:
        message = f"the file has {_mib(len(data))}; the limit is {_mib(limit_bytes)}. Split it into several files"
        raise TableError(message)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise TableError("the file is empty. Export it again and check that it has rows")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _from_xlsx(data, sheet)
    _refuse_other_formats(data)
    if sheet is not None:
        raise TableError(f'a sheet "{sheet}" was asked for, but the file is no workbook. Leave the sheet out')
    decoded = _decoded(data, encoding)
    kind = _text_kind(decoded.text)
    if kind == "json":
        return _from_json(decoded)
    return _from_yaml(decoded) if kind == "yaml" else _from_csv(decoded)


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB" if size >= MIB / 10 else f"{size:,} bytes"


def _refuse_other_formats(data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise TableError("the workbook is protected by a password. Save it without one and import that")
        raise TableError(f"the file is an old Office file such as .xls; {SAVE_AS}")
    for start, what in MAGIC:
        if data.startswith(start):
            raise TableError(f"the file is {what}, not a table; {SAVE_AS}")
    opening = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if opening.startswith((b"<!doctype html", b"<html")):
        raise TableError(f"the file is a web page, perhaps of a sign-in that failed; {SAVE_AS}")
    if opening.startswith(b"<?xml"):
        raise TableError(f"the file is XML, not a table; {SAVE_AS}")


def _text_kind(text: str) -> Literal["json", "yaml", "csv"]:
    """Tell the three text formats apart by how they begin, never by the file's name."""
    lines = (line for line in text[:SAMPLE].splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first, second = next(lines, ""), next(lines, "")
    if re.match(r'\s*(\[\s*($|[\[{"\]\d])|\{\s*($|["}]))', first):
        return "json"
    if re.match(r"(---|%YAML)\s*", first) or re.match(r"\s*-(\s+\S[^,;\t]*:(\s|$)|\s*$)", first):
        return "yaml"
    if re.fullmatch(r"[\w -]+:\s*", first) and re.match(r"\s*- ", second):
        return "yaml"
    return "csv"


# --- Encodings ------------------------------------------------------------------------------------------------


def _decoded(data: bytes, encoding: str | None) -> _Decoded:
    decoded = _decoded_as_told(data, encoding) if encoding else _decoded_by_guess(data)
    at = decoded.text.find("\x00")
    if at >= 0 or (decoded.guessed and (found := HIDDEN.search(decoded.text)) and (at := found.start()) >= 0):
        line = decoded.text.count("\n", 0, at) + 1
        message = f"line {line} holds the byte {ord(decoded.text[at]):#04x}, which no text has: the file is not text"
        raise TableError(f"{message}; {SAVE_AS}")
    return decoded


def _decoded_as_told(data: bytes, encoding: str) -> _Decoded:
    try:
        if not isinstance("".encode(encoding), bytes):
            raise LookupError(encoding)
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as wrong:
        where = f"line {data.count(10, 0, wrong.start) + 1}, byte {wrong.start:,}"
        message = f"{where} is not {encoding} ({wrong.reason}). Leave the encoding out to have it guessed"
        raise TableError(message) from wrong
    except (LookupError, ValueError) as wrong:
        message = f'"{encoding}" is no encoding we know; usual ones are utf-8, cp1252, latin-1 and utf-16'
        raise TableError(message) from wrong
    return _Decoded(text=text, encoding=encoding, why=f"The encoding {encoding} was asked for.")


def _decoded_by_guess(data: bytes) -> _Decoded:
    for mark, encoding, what in BOMS:
        if data.startswith(mark):
            why = f"The file begins with the mark of {what}."
            return _Decoded(text=_decoded_as_told(data, encoding).text, encoding=encoding, why=why)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as not_utf8:
        return _decoded_as_windows(data, not_utf8.start)
    why = (
        "All bytes are plain ASCII." if data.isascii() else "All bytes are valid UTF-8, which hardly happens by chance."
    )
    return _Decoded(text=text, encoding="utf-8", why=why)


def _decoded_as_windows(data: bytes, odd: int) -> _Decoded:
    line = data.count(10, 0, odd) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as wrong:
        where = f"line {data.count(10, 0, wrong.start) + 1} holds the byte {data[wrong.start]:#04x}"
        message = f"{where}, which is neither UTF-8 nor Windows-1252. Name the encoding, or save the file as UTF-8"
        raise TableError(message) from wrong
    why = (
        f"Line {line} is not UTF-8 (byte {data[odd]:#04x}), so the file was read as Windows-1252,"
        " the usual encoding of older Office exports."
    )
    return _Decoded(text=text, encoding="cp1252", why=why, guessed=True)


# --- CSV ------------------------------------------------------------------------------------------------------


def _from_csv(decoded: _Decoded) -> Table:
    text, delimiter, skipped = decoded.text, "", 0
    if told := re.match(r"sep=([,;|\t])\r?\n", text):
        delimiter, text, skipped = told[1], text[told.end() :], 1
    delimiter = delimiter or _delimiter(text)
    layout = _Layout(format="csv", why=decoded.why, encoding=decoded.encoding, delimiter=delimiter)
    header, *rows = _first_is_header(_records(text, delimiter, skipped))
    return _table(header[1], rows, layout)


def _delimiter(text: str) -> str:
    """Choose the delimiter under which most rows are as wide as the headings, then the one with most columns."""
    scores = {}
    for delimiter in DELIMITERS:
        records = []
        try:
            for record in csv.reader(io.StringIO(text[:SAMPLE], newline=""), delimiter=delimiter):
                records += [record] if any(cell.strip() for cell in record) else []
                if len(records) > 50:
                    break
        except csv.Error:
            continue
        if len(text) > SAMPLE and len(records) > 1:
            records.pop()  # the cut may have gone through it
        width = len(records[0]) if records else 0
        if width > 1:
            fitting = sum(len(record) == width for record in records) / len(records)
            scores[delimiter] = (round(fitting, 1), width)
    return max(scores, key=lambda delimiter: scores[delimiter]) if scores else ","


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield numbered records; loosely quoted cells are let pass, a quotation mark left open is not."""
    strict = _is_strict(text, delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    number, line = skipped, 0
    while True:
        line, number = reader.line_num, number + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            message = f"the record that begins in line {line + 1 + skipped} cannot be read ({wrong})"
            raise TableError(f"{message}. Look for a quotation mark that is opened and never closed") from wrong
        yield number, record


def _is_strict(text: str, delimiter: str) -> bool:
    """Tell whether the quoting is by the book, or broken only by its end, which must be told to the person."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as wrong:
        return "expected after" not in str(wrong)
    return True


# --- XLSX -----------------------------------------------------------------------------------------------------

# What a zip, XML or workbook reader raises when a file is not what it says; openpyxl has no tree of its own.
BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, ParseError, ArithmeticError, AssertionError, AttributeError,
    EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError, MemoryError,
)  # fmt: skip


def _from_xlsx(data: bytes, sheet: str | None) -> Table:
    import openpyxl  # read only for who brings a workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bad_zip(archive.infolist())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not matter to a table
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                return _from_book(book, sheet)
            finally:
                book.close()
    except TableError:
        raise
    except BROKEN as wrong:
        message = "the workbook is broken and cannot be read. Open it in a spreadsheet, save it anew and import that"
        raise TableError(message) from wrong


def _refuse_bad_zip(members: Sequence[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    if any(member.flag_bits & 0x1 for member in members):
        raise TableError("the archive is protected by a password. Save it without one and import that")
    if "xl/workbook.xml" not in names:
        raise TableError(f"the file is {_zip_kind(names)}, not a table; {SAVE_AS}")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if unpacked > LIMIT_UNPACKED or (unpacked > 10 * MIB and unpacked / packed > LIMIT_RATIO):
        message = f"the workbook unpacks from {_mib(packed)} to {_mib(unpacked)}, which no honest one does"
        raise TableError(f"{message}. Save only the sheet that is needed as CSV and import that")


def _zip_kind(names: Iterable[str]) -> str:
    for start, what in ZIPS:
        if any(name.startswith(start) for name in names):
            return what
    return "a zip archive"


def _from_book(book: Any, sheet: str | None) -> Table:
    sheets = {page.title: page for page in book.worksheets}
    if sheet is not None and sheet not in sheets:
        raise TableError(f'there is no sheet "{sheet}"; the workbook has {_listed(sheets)}')
    if sheet is not None:
        return _from_sheet(sheets[sheet], "The sheet was asked for.")
    for title, page in sheets.items():
        page.reset_dimensions()
        filled = any(cell.value is not None for row in page.iter_rows(max_row=LIMIT_ROWS) for cell in row)
        if page.sheet_state == "visible" and filled:
            others = "The workbook has no other sheet." if len(sheets) == 1 else (
                f'Of {len(sheets)} sheets "{title}" was read, the first that is visible and not empty.'
            )  # fmt: skip
            return _from_sheet(page, others)
    raise TableError(f"all visible sheets are empty ({_listed(sheets)}). Name the sheet to be read if it is hidden")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "no sheets"


def _from_sheet(page: Any, why: str) -> Table:
    page.reset_dimensions()
    found: dict[int, dict[int, str]] = {}
    header, *rows = _first_is_header(_sheet_records(page, found))
    _find_merged(page, header[0], [number for number, _ in rows], found)
    return _table(header[1], rows, _Layout(format="xlsx", why=why, sheet=str(page.title), found=found))


def _sheet_records(page: Any, found: dict[int, dict[int, str]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(page.iter_rows(max_row=LIMIT_ROWS), start=1):
        cells = []
        for i, cell in enumerate(row):
            text = _sheet_text(cell.value)
            if cell.data_type == "f":
                text = _formula_text(cell.value)
                found.setdefault(number, {})[i] = _formula_message(text)
            elif cell.data_type == "e" and text:
                found.setdefault(number, {})[i] = f"the error {_cut(text)} cannot be imported; mend the cell"
            cells.append(text)
        yield number, cells


MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")


def _find_merged(page: Any, header: int, rows: Sequence[int], found: dict[int, dict[int, str]]) -> None:
    """A problem in every row that merged cells reach into: only the first of them holds what they all seem to say."""
    from openpyxl.utils import column_index_from_string

    looked = 0
    for first_column, first, last_column, last in _merges(page):
        here = f"{first_column}{first}:{last_column}{last}"
        column = column_index_from_string(first_column) - 1
        begin = bisect_left(rows, first)
        reached = rows[begin : bisect_right(rows, last)] if last > header else ()
        looked += len(reached)
        if looked > LIMIT_ROWS:  # cells that are merged twice are no honest workbook's
            raise TableError(f"more cells are merged than a sheet has rows. {SAVE_AS.capitalize()}")
        for number in reached:
            message = f"is merged ({here}), and only the first of the cells holds the text; undo that and fill each"
            found.setdefault(number, {}).setdefault(column, message)


def _merges(page: Any) -> Iterator[tuple[str, int, str, int]]:
    """The merged cells of a sheet that is read as a stream, which does not tell of them itself."""
    rest = b""
    with page.parent._archive.open(page._worksheet_path) as stream:
        while part := stream.read(SAMPLE):
            text = rest + part
            end = 0
            for one in MERGED.finditer(text):
                end = one.end()
                yield one[1].decode(), int(one[2]), one[3].decode(), int(one[4])
            rest = text[max(end, len(text) - 200) :]


def _sheet_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        value = value.replace(microsecond=0)
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _formula_text(value: object) -> str:
    text = getattr(value, "text", value)  # array formulas come as objects
    return text if isinstance(text, str) else "="


# --- JSON and YAML --------------------------------------------------------------------------------------------


def _from_json(decoded: _Decoded) -> Table:
    try:
        document = _json_document(decoded.text)
        return _from_objects(document, _Layout(format="json", why=decoded.why, encoding=decoded.encoding))
    except json.JSONDecodeError as wrong:
        message = f"line {wrong.lineno}, column {wrong.colno} is not JSON ({wrong.msg}). Mend it or {SAVE_AS}"
        raise TableError(message) from wrong
    except RecursionError as wrong:
        raise TableError("the JSON is nested too deeply for a table. Give a list of flat objects") from wrong


def _json_document(text: str) -> object:
    """Read one JSON document or one object a line; numbers stay as they are written."""
    reader = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_distinct)
    try:
        return reader.decode(text)
    except json.JSONDecodeError as wrong:
        lines = [line for line in text.split("\n") if line.strip()]
        if wrong.msg != "Extra data" or not all(line.lstrip().startswith("{") for line in lines):
            raise
        return [reader.decode(line) for line in lines]


def _distinct(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            message = f'an object has the name "{_cut(key)}" twice. Remove one, or nobody knows which is meant'
            raise TableError(message)
        found[key] = value
    return found


def _from_yaml(decoded: _Decoded) -> Table:
    if len(decoded.text) > LIMIT_YAML_BYTES:
        raise TableError(f"YAML is read up to {_mib(LIMIT_YAML_BYTES)}; {SAVE_AS}")
    try:
        document = _yaml_document(decoded.text)
    except yaml.MarkedYAMLError as wrong:
        where = f"line {wrong.problem_mark.line + 1}: " if wrong.problem_mark else ""
        raise TableError(f"{where}this is not YAML ({wrong.problem}). Mend it or {SAVE_AS}") from wrong
    except (yaml.YAMLError, ValueError) as wrong:
        if isinstance(wrong, TableError):
            raise
        raise TableError(f"this is not YAML ({wrong}). Mend it or {SAVE_AS}") from wrong
    return _from_objects(document, _Layout(format="yaml", why=decoded.why, encoding=decoded.encoding))


def _yaml_document(text: str) -> object:
    """Build lists, objects and texts from YAML events: no types, no aliases, so nothing can run or multiply."""
    root: list[Any] = []
    open_: list[list[Any]] = [root]
    maps: list[bool] = [False]
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise TableError(f"line {line}: anchors and aliases (& and *) are not read. Write the values out")
        if isinstance(event, yaml.ScalarEvent):
            plain_nothing = event.implicit[0] and event.value in ("~", "null", "Null", "NULL")
            open_[-1].append("" if plain_nothing else event.value)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if len(open_) > LIMIT_DEPTH:
                raise TableError(f"line {line}: nested too deeply for a table. Give a list of flat objects")
            open_.append([])
            maps.append(isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            items = open_.pop()
            open_[-1].append(_yaml_object(items, line) if maps.pop() else items)
    if len(root) != 1:
        raise TableError(f"the YAML has {len(root)} documents. Give one, a list of objects")
    return root[0]


def _yaml_object(items: Sequence[Any], line: int) -> dict[str, object]:
    keys, values = items[::2], items[1::2]
    if not all(isinstance(key, str) for key in keys):
        raise TableError(f"line {line}: an object has a name that is not a text. Use plain names")
    return _distinct(list(zip(keys, values, strict=True)))


def _from_objects(document: object, layout: _Layout) -> Table:
    """Lay a list of objects out as a table; a list under one name, as in {"systems": [...]}, is meant too."""
    if isinstance(document, dict) and len(lists := [v for v in document.values() if isinstance(v, list)]) == 1:
        document = lists[0]
    if not isinstance(document, list):
        raise TableError("a list of objects is expected, one for each system")
    for i, item in enumerate(document, start=1):
        if not isinstance(item, dict):
            raise TableError(f"entry {i} is not an object with names and values")
    names = list(dict.fromkeys(name for item in document for name in item))
    if len(names) * len(document) > LIMIT_CELLS or len(names) > LIMIT_COLUMNS:
        raise TableError(_too_many_message())
    rows = ([_object_text(item.get(name)) for name in names] for item in document)
    return _table(names, _collected(enumerate(rows, start=1)), layout)


def _object_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- Any format -----------------------------------------------------------------------------------------------


def _first_is_header(records: Iterable[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Take the records, the first that is not empty being the headings."""
    collected = _collected(records)
    if not collected:
        raise TableError("the file is empty. Export it again and check that it has rows")
    return collected


def _collected(records: Iterable[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Take the records that hold anything, without the empty cells at their ends, up to the limits."""
    found = []
    total = widest = 0
    for number, record in records:
        cells = _trimmed(record)
        if not cells:
            continue
        found.append((number, cells))
        total += len(cells)
        widest = max(widest, len(cells))
        # Rows are filled up to the widest, so that is what has to fit; the sum catches it before memory does.
        if total > LIMIT_CELLS or widest > LIMIT_COLUMNS or widest * len(found) > LIMIT_CELLS:
            raise TableError(_too_many_message())
    return found


def _table(header: Sequence[str], records: Sequence[tuple[int, list[str]]], layout: _Layout) -> Table:
    """Make a table of headings and numbered records: distinct names, rows of one width, every problem listed."""
    if not records:
        raise TableError("the file has headings but no rows. Export it again and check that it has rows")
    names = _named(header, max(len(_trimmed(header)), *(len(cells) for _, cells in records)))
    rows = []
    problems = []
    for number, cells in records:
        if layout.format == "csv" and len(cells) > len(header):
            message = f"has {len(cells)} cells under {len(header)} headings; quote cells that hold a {layout.mark()}"
            problems.append(Problem(row=number, column="", message=message))
        for name, cell in zip(names, cells, strict=False):
            if message := _cell_message(cell, formulas=layout.format == "csv"):
                problems.append(Problem(row=number, column=name, message=message, value=HIDDEN.sub("", cell)))
        found = layout.found.get(number, {})
        problems += [
            Problem(row=number, column=names[i], message=message, value=cells[i] if i < len(cells) else "")
            for i, message in found.items()
            if i < len(names)
        ]
        full = (*(HIDDEN.sub("", cell) for cell in cells), *[""] * (len(names) - len(cells)))
        rows.append(Row(number=number, cells=full))
    return Table(
        format=layout.format,
        header=names,
        rows=tuple(rows),
        encoding=layout.encoding,
        encoding_why=layout.why,
        delimiter=layout.delimiter,
        sheet=layout.sheet,
        problems=tuple(problems),
    )


def _trimmed(cells: Sequence[str]) -> list[str]:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return list(cells[:width])


def _named(header: Sequence[str], width: int) -> tuple[str, ...]:
    """Name every column once: an empty heading by its place, a repeated one by its turn."""
    given = [tidy(name) for name in header][:width]
    given += [""] * (width - len(given))
    reserved = set(given)
    names: dict[str, None] = {}
    turns: dict[str, int] = {}
    for i, name in enumerate(given, start=1):
        plain = unique = name or f"Column {i}"
        while unique in names or (unique != name and unique in reserved):
            turns[plain] = turns.get(plain, 1) + 1
            unique = f"{plain} ({turns[plain]})"
        names[unique] = None
    return tuple(names)


def _cell_message(cell: str, *, formulas: bool) -> str:
    if formulas and FORMULA.match(cell):
        return _formula_message(cell)
    if found := HIDDEN.search(cell):
        return f"holds the invisible character U+{ord(found[0]):04X}; remove it"
    return ""


def _formula_message(text: str) -> str:
    return f"a formula ({_cut(text)}) cannot be imported; paste its value"


def _cut(text: str) -> str:
    text = tidy(text)
    return text if len(text) <= 40 else text[:39] + "…"


def _too_many_message() -> str:
    return (
        f"the table has more than {LIMIT_CELLS:,} cells or {LIMIT_COLUMNS:,} columns."
        " Remove empty or needless columns, or split the file"
    )
