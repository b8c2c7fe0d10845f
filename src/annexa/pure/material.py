"""When an AI system became materially another one: its risks are to be judged again from that day on.

Source: ISO/IEC 42001 8.2 (risks are assessed again when significant changes occur), AI Act Art. 3(23).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from annexa.pure.facts import SystemFact
from annexa.pure.register import Entry

MATERIAL: tuple[str, ...] = (
    "purpose", "outputs", "built", "supplier", "roles", "classes", "high_risk_by", "personal_data", "people_affected",
    "autonomy",
)  # fmt: skip
"""What of a system its risks rest on: what its impact assessment rests on, whom it bears on, and how freely it acts."""
UNSAID = ("", (), "unknown")
"""What a field holds that nobody answered: to answer it changes what is known, not the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Since when an AI system is on record, and since when it is materially what it is; None: ever since."""

    known: datetime
    changed: datetime | None


def material_since(facts: Iterable[SystemFact], at: datetime, learnt_by: datetime | None = None) -> Mapping[str, Since]:
    """For each AI system, by slug, since when it is known and when it last changed materially, as of an instant."""
    states: dict[str, list[SystemFact]] = {}
    for fact in facts:
        if fact.known(at, learnt_by):
            states.setdefault(fact.id, []).append(fact)
    return {slug: _since(sorted(found, key=lambda one: one.order)) for slug, found in states.items()}


def _since(states: list[SystemFact]) -> Since:
    changed: datetime | None = None
    for before, after in pairwise(states):
        if any(_moved(getattr(before, name), getattr(after, name)) for name in MATERIAL):
            changed = after.counts_from
    return Since(known=states[0].counts_from, changed=changed)


def _moved(before: object, after: object) -> bool:
    return before != after and before not in UNSAID


def judged_on(risks: Iterable[Entry]) -> Mapping[str, date]:
    """When the risks of each AI system were last judged, by slug: by a risk with an owner and a rating."""
    found: dict[str, date] = {}
    for risk in risks:
        if risk.owner and risk.likelihood is not None and risk.impact is not None and risk.assessed_on is not None:
            for slug in risk.systems:
                found[slug] = max(risk.assessed_on, found.get(slug, risk.assessed_on))
    return found
