"""Many rows at once, as every register takes them in: planned, then recorded whole or not at all; and a file of all."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Body, Query

from annexa.answers.imports import Format
from annexa.api.problems import ProblemError
from annexa.api.shapes import Shown, shown

Rows = Annotated[
    list[dict[str, Any]], Body(description="Rows by the names of their columns.", examples=[[{"Name": "Chatbot"}]])
]
FileFormat = Annotated[Format, Query(default="csv", alias="format", description="As which file.")]
DryRun = Annotated[bool, Query(default=False, description="Only say what would be done.")]


class Imported(Shown):
    """What an import did or, as a dry run, would do. `entry`: its place in the ledger; null where nothing changed."""

    model_config = shown(dry_run=False, added=2, updated=1, unchanged=7, problems=[], notes=[], entry=431)

    dry_run: bool
    added: int
    updated: int
    unchanged: int
    problems: list[str]
    notes: list[str]
    entry: int | None


def taken_in(rows: Any, dry_run: bool, *, plan: Callable[[bytes], Any], record: Callable[[Any], Any]) -> dict[str, Any]:
    """Plans the rows and records them, or only says what would be done. Raises ProblemError, ActionError."""
    if not rows:
        raise ProblemError(422, "The list is empty; nothing would change.", errors=[("", "The list is empty.")])
    try:
        planned = plan(json.dumps(rows, ensure_ascii=False).encode())
    except ValueError as error:  # TableError, MappingError
        raise ProblemError(422, str(error), errors=[("", str(error))]) from error
    done = planned.plan if dry_run else record(planned)
    counts = {name: done.count(name) if dry_run else getattr(done, name) for name in ("added", "updated", "unchanged")}
    return {
        "dry_run": dry_run,
        **counts,
        "problems": [str(one) for one in planned.plan.problems] if dry_run else [],
        "notes": list(planned.plan.notes),
        "entry": None if dry_run else done.entry,
    }


def file_of(plural: str, file_format: str, data: bytes) -> HttpResponse:
    """A register as a file to keep."""
    named = {"Content-Disposition": f'attachment; filename="{plural}.{file_format}"'}
    return HttpResponse(data, content_type="application/octet-stream", headers=named)
