"""Registers, records and versions as plain values, the same for programs and commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from annexa.answers.registers import Version, history, one_record, register_sizes, seen_links
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339
from annexa.pure.register import Register
from annexa.records.registers import RegisterRow


def told_registers(*, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Every register with how many of its records count. Cost: one query for each."""
    return [
        {
            "plural": one.plural, "noun": one.noun, "title": one.title, "says": one.says,
            "asked_by": list(one.asked_by), "records": records,
        }
        for one, records in register_sizes(actor=actor, now=now)
    ]  # fmt: skip


def told_records(*, actor: Actor, register: Register, rows: Sequence[RegisterRow]) -> list[dict[str, Any]]:
    """Records as the ledger keeps them, with when they came and changed, without links to what the actor may not know
    of."""
    states = seen_links(actor, register, [row.state() for row in rows])
    return [
        {**state, "created_at": rfc3339(row.created_at), "changed_at": rfc3339(row.changed_at)}
        for state, row in zip(states, rows, strict=True)
    ]


def told_history(*, actor: Actor, register: Register, slug: str) -> list[dict[str, Any]]:
    """The versions of a record, the newest first. Raises UnknownError."""
    one_record(actor=actor, register=register, slug=slug)
    return [_version(one) for one in history(actor=actor, register=register, slug=slug)]


def _version(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "entry": version.entry.position,
        "at": rfc3339(version.entry.at),
        "by": version.by,
        "because": version.because,
        "state": version.state,
        "changes": [{"field": one.field.name, "before": one.before, "after": one.after} for one in version.changes],
    }
