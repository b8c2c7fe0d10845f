"""Frameworks in foreign formats, in and out: OSCAL, CISO Assistant libraries, CSV, and our own TOML."""

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType

from annexa.adapters.catalogs import ciso_assistant, library_toml, oscal, rows
from annexa.adapters.catalogs.findings import LIMIT_BYTES, CatalogError, Findings, LibraryFiles
from annexa.pure.standards import Framework

__all__ = ["FORMATS", "CatalogError", "LibraryFiles", "read", "recognised"]

FORMATS = ("toml", "oscal", "ciso-assistant", "csv")
_NOTHING: Mapping[str, Framework] = MappingProxyType({})
_TOML_LINE = re.compile(r"\[{1,2}[A-Za-z0-9_.\"' -]+\]{1,2}\s*(#.*)?|[A-Za-z0-9_\"'.-]+\s*=.*")


def read(
    data: bytes,
    name: str,
    *,
    id: str | None = None,  # noqa: A002
    form: str | None = None,
    known: Mapping[str, Framework] = _NOTHING,
) -> LibraryFiles:
    """Turns a foreign file into library files. Raises CatalogError with everything that is wrong.

    `id`: of the framework, where the file's own does not suit. `form`: one of FORMATS; recognised by content if not
    given. `known`: frameworks of the library by id, so that a mapping finds their numbers however it writes them.
    """
    found = Findings(name=name)
    text = _text(data, found)
    try:
        files = _files(text, form or _named(name, recognised(text)), found, id, known)
    except UnicodeEncodeError:
        found.wrong(
            "", "it holds half a character (a lone surrogate such as \\ud800), which no file can hold; remove it"
        )
        files = {}
    found.raise_if_wrong()
    return LibraryFiles(files, found.left_out)


def _files(
    text: str, form: str, found: Findings, framework_id: str | None, known: Mapping[str, Framework]
) -> dict[str, bytes]:
    if form == "toml":
        return library_toml.read(text, found, framework_id=framework_id)
    if form == "oscal":
        return oscal.read(text, found, framework_id=framework_id)
    if form == "csv":
        return rows.read(text, found, framework_id=framework_id)
    if form == "ciso-assistant":
        return ciso_assistant.read(text, found, framework_id=framework_id, known=known)
    found.wrong("", f"the format {form!r} is not known; known are {', '.join(FORMATS)}")
    return {}


def _text(data: bytes, found: Findings) -> str:
    if len(data) > LIMIT_BYTES:
        found.wrong("", f"it has {len(data):,} bytes; {LIMIT_BYTES:,} are read. Split it")
    elif not data.strip():
        found.wrong("", "it is empty; export it again")
    found.raise_if_wrong()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        found.wrong(f"byte {wrong.start + 1}", "this is not text in UTF-8; save the file as UTF-8")
        raise CatalogError(found.problems) from wrong


def _named(name: str, recognised_as: str) -> str:
    """What a file's name says it is where its content shows nothing: almost any text can be read as YAML."""
    says = {"toml": "toml", "csv": "csv", "json": "oscal"}.get(name.rpartition(".")[2].lower())
    return says if says and recognised_as == "ciso-assistant" else recognised_as


def recognised(text: str) -> str:
    """Which of FORMATS a text is most likely written in."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if first.startswith("{"):
        return "oscal"
    if rows.is_heading(first):
        return "csv"
    if _TOML_LINE.fullmatch(first) or _is_toml(text):
        return "toml"
    return "ciso-assistant"


def _is_toml(text: str) -> bool:
    try:
        return bool(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
