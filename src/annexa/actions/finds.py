"""Recording which AI services logs show, and deciding about those nobody approved."""

from datetime import datetime

from annexa.actions.door import door
from annexa.actions.errors import InvalidError
from annexa.actions.registers import known_record, put, replace, seen_so
from annexa.answers.finds import Discovery, FoundService
from annexa.answers.registers import rows_of
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.registers.found_uses import FOUND_USES, JUDGEMENTS
from annexa.pure.registers.tools import TOOLS
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow

INTO_CATALOGUE = {"brought in": "unassessed", "blocked": "forbidden"}
"""With which status a decided service stands in the catalogue."""


def record_finds(*, actor: Actor, discovery: Discovery, now: datetime) -> int:
    """Records what an export shows, a record for each service; how many are new or changed. Only sums are kept.

    A service that was found before is counted anew; its decision stays. Ledger: found_use. Raises NotPermittedError.
    """
    known = {row.name: row for row in rows_of(ANNEXA, FOUND_USES).filter(ended_on=None)}
    changed = 0
    with door(actor=actor, verb="find_uses", now=now, because=f"Found in {discovery.name}") as opened:
        for one in discovery.services:
            values = _values(one, discovery, now)
            row = known.get(one.found.service.name)
            if row is None:
                put(opened, FOUND_USES, FOUND_USES.make(values))
                changed += 1
            elif (entry := FOUND_USES.replaced(row.entry, values)) != row.entry:
                replace(opened, row, entry)
                changed += 1
    return changed


def _values(one: FoundService, discovery: Discovery, now: datetime) -> dict[str, object]:
    found = one.found
    return {
        "name": found.service.name,
        "vendor": found.service.vendor,
        "kind": found.service.kind,
        "tool": one.tool,
        "approved": "yes" if one.approved else "no",
        "people": found.people_said,
        "days": found.days,
        "requests": found.requests,
        "volume_mb": round(found.size / 1_000_000, 1),
        "first_on": found.first_on,
        "last_on": found.last_on,
        "source_name": discovery.name,
        "found_on": now.date(),
    }


def judge_find(
    *, actor: Actor, person: Person, slug: str, decision: str, because: str, seen: datetime, now: datetime
) -> RegisterRow:
    """Decides about a service that was found: brought in and blocked put it into the catalogue, to be assessed or as
    forbidden, unless it stands there. Ledger: found_use, and tool for one that is new or forbidden there.

    Raises InvalidError, NotPermittedError, NotFoundError, and ConflictError if it changed since it was `seen`.
    """
    known_record(actor, FOUND_USES, slug)
    with door(actor=actor, verb="find_uses", now=now, because=because.strip()) as opened:
        row = seen_so(FOUND_USES, slug, seen)
        problems = {} if decision in JUDGEMENTS else {"decision": [f"Choose one of: {', '.join(JUDGEMENTS)}."]}
        if not because.strip():
            problems["because"] = ["Say why."]
        if problems:
            raise InvalidError(problems)
        tool = row.entry.tool
        if decision in INTO_CATALOGUE:
            status = INTO_CATALOGUE[decision]
            values = {"status": status, "reason": because.strip() if decision == "blocked" else ""}
            there = TABLES["tool"].objects.filter(slug=tool).first() if tool else None
            if there is None:
                entry = TOOLS.make({"name": row.name, "description": f"{row.entry.kind}, {row.entry.vendor}", **values})
                tool = put(opened, TOOLS, entry).slug
            elif decision == "blocked":
                replace(opened, there, TOOLS.replaced(there.entry, values))
        settled = {"decision": decision, "reason": because, "decided_by": person.email, "decided_on": now.date()}
        replace(opened, row, FOUND_USES.replaced(row.entry, {**settled, "tool": tool}))
    return row
