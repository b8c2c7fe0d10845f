"""Library files of our own, as docs/library.md describes them: found out which kind, and put where they belong."""

import tomllib
from typing import Any

from annexa.adapters.catalogs.findings import ID, Findings
from annexa.pure.library_files import framework_path, mapping_path


def read(text: str, found: Findings, *, framework_id: str | None = None) -> dict[str, bytes]:
    """The file as it is, under the path its content asks for. What it says is checked with the whole library."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as wrong:
        found.wrong("", f"this is not TOML: {wrong}")
        return {}
    path, names = _place(table)
    if not path:
        found.wrong("", "it is none of framework, control, coverage and mapping; docs/library.md shows each")
    for key, value in names.items():
        if not isinstance(value, str) or not ID.fullmatch(value):
            found.wrong(key, f"{value!r} cannot name a file; write letters, digits, dots and hyphens")
    if framework_id is not None and table.get("id") != framework_id:
        found.wrong("id", f"is {table.get('id')!r}, but {framework_id!r} was asked for; change it in the file")
    return {path: text.encode()} if path else {}


def _place(table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a file of this content stands, and the fields that name it."""
    if "expectations" in table:
        return f"controls/{table.get('id')}.toml", {"id": table.get("id")}
    if "edge" in table or "basis" in table:
        ends = {"source": table.get("source"), "target": table.get("target")}
        return mapping_path(str(ends["source"]), str(ends["target"])), ends
    if "requirement" in table and "framework" in table:
        return f"coverage/{table.get('framework')}.toml", {"framework": table.get("framework")}
    if "requirement" in table or "publisher" in table:
        return framework_path(str(table.get("id"))), {"id": table.get("id")}
    return "", {}
