"""The impact assessments that held at an instant: approved, not expired, and of the system as it then was."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from annexa.pure.assessments import changes
from annexa.pure.checks.assessments import ASSESSED, Words
from annexa.pure.checks.over import EVER
from annexa.pure.facts import Assessed, SystemFact
from annexa.pure.records_then import RecordsThen


def assessed_until(
    facts: Iterable[Assessed],
    systems: Mapping[str, SystemFact],
    words: Callable[[str], Words],
    records: RecordsThen,
    learnt_by: datetime | None = None,
) -> dict[str, Mapping[str, datetime]]:
    """For each check over assessments, the AI systems that fulfil it and until when (exclusive).

    `systems`: those in use, as they are then; `words`: what was decided about each under the law of the checks. Where a
    check does not look, it is fulfilled. Cost: one comparison for each system that has an assessment.
    """
    latest: dict[tuple[str, str], Assessed] = {}
    for fact in facts:
        if fact.known(records.at, learnt_by):
            key = (fact.form, fact.scope)
            if key not in latest or latest[key].order < fact.order:
                latest[key] = fact
    held = {key: until for key, fact in latest.items() if (until := _holds(fact, systems, records)) is not None}
    found: dict[str, Mapping[str, datetime]] = {}
    for check in ASSESSED.values():
        here = {slug: EVER for slug, system in systems.items() if not check.asked(system, words(slug))}
        fulfilled = [(scope, until) for (form, scope), until in held.items() if form == check.form]
        fulfilled += [(scope, until) for (name, scope), until in records.supposed.items() if name == check.name]
        for scope, until in fulfilled:
            here[scope] = max(until, here.get(scope, until))
        found[check.name] = here
    return found


def _holds(fact: Assessed, systems: Mapping[str, SystemFact], records: RecordsThen) -> datetime | None:
    """Until when an assessment holds by what is known; None: it does not."""
    system = systems.get(fact.scope)
    if system is None or fact.until <= records.at:
        return None
    before = None if fact.components is None else dict(fact.components)
    parts = records.parts.get(fact.scope, {})
    if changes(fact.material, lambda name: getattr(system, name, None), before, parts):
        return None
    return fact.until if before is None else min(fact.until, records.parts_end.get(fact.scope, EVER))
