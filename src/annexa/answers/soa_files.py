"""The statement of applicability as a file: a table for spreadsheets, or the whole of it for programs."""

import json
from datetime import datetime

from annexa.answers.imports import Format, file_of
from annexa.answers.soa import named_statement
from annexa.pure.permits import Actor
from annexa.pure.soa import StatementLine, to_json
from annexa.pure.tables import with_guard

HEADER = (
    "Framework", "Control", "Title", "Applies", "Reasons", "Justification", "Decided by", "Left out until", "Verdict",
    "Controls", "Risks", "Laws", "Contracts", "Evidence of", "Owner",
)  # fmt: skip
"""Columns are only ever added at the end."""


def export_statement(*, actor: Actor, which: str, file_format: Format, now: datetime) -> bytes:
    """A version of the statement by its number, or the "draft", as a file. No cell of it runs.

    Raises UnknownError; ExportError for a justification that is too long for a spreadsheet.
    """
    statement = named_statement(actor=actor, which=which, now=now)
    if file_format == "json":
        return json.dumps(to_json(statement), ensure_ascii=False, indent=1).encode() + b"\n"
    rows = [tuple(with_guard(cell) for cell in _cells(line)) for line in statement.lines]
    return file_of(HEADER, rows, file_format, title="Statement of applicability")


def _cells(line: StatementLine) -> tuple[str, ...]:
    applies = {True: "yes", False: "no", None: ""}[line.applies]
    lists = (line.controls, line.risks, line.laws, line.contracts)
    return (
        line.framework, line.requirement, line.title, applies, "; ".join(line.reasons), line.because, line.by,
        line.until.isoformat() if line.until else "", str(line.verdict), *("; ".join(one) for one in lists),
        line.evidence_on.isoformat() if line.evidence_on else "", line.owner,
    )  # fmt: skip
