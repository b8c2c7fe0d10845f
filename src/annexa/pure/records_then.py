"""The records of the registers as they counted at an instant, and what the checks over them come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from annexa.pure.checks import JUDGING, THROUGH_RECORDS
from annexa.pure.checks.over import EVER
from annexa.pure.facts import ORGANISATION, Pairs, RecordFact, Supposed, SystemFact
from annexa.pure.material import Since, material_since


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSaid:
    """What a check over a register comes to in a scope: how many records it asked, who falls short, and its end.

    `short` names those that may be named. `ends`: when it stops to be fulfilled by time alone; None: nothing ends it.
    """

    population: int
    fulfilled: int
    short: tuple[str, ...]
    ends: datetime | None


class RecordsThen:
    """The records known at an instant that had not ended, each in its last state.

    `parts`: for each AI system what it is made of, by slug of the component; `parts_end`: when the first of them ends.
    `systems`: the states of AI systems, by which records that judged an earlier one of them are told.
    """

    def __init__(
        self,
        records: Iterable[RecordFact],
        supposed: Iterable[Supposed],
        at: datetime,
        learnt_by: datetime | None = None,
        systems: Iterable[SystemFact] = (),
    ) -> None:
        self.at = at
        self._learnt_by, self._systems = learnt_by, systems
        latest: dict[tuple[str, str, str], RecordFact] = {}
        for one in records:
            if one.known(at, learnt_by):
                key = (one.register, one.id, one.part)
                if key not in latest or latest[key].order <= one.order:
                    latest[key] = one
        self.asked: dict[str, list[tuple[RecordFact, datetime | None]]] = {}
        ending = (
            _ending_with(one, latest.get((noun, slug.partition("/")[0], "")))
            for (noun, slug, _), one in sorted(latest.items())
        )
        counted = [one for one in ending if one.ends_at is None or one.ends_at > at]
        for one in counted:
            for check, until in one.fulfils:
                self.asked.setdefault(check, []).append((one, until))
        self.parts: dict[str, dict[str, Pairs]] = {}
        self.parts_end: dict[str, datetime] = {}
        for one in counted:
            for slug in one.systems if one.component is not None else ():
                self.parts.setdefault(slug, {})[one.id] = one.component or ()
                if one.ends_at is not None:
                    self.parts_end[slug] = min(one.ends_at, self.parts_end.get(slug, EVER))
        self.supposed: dict[tuple[str, str], datetime] = {}
        for given in supposed:
            if given.known(at, learnt_by) and given.until > at:
                self.supposed[given.check, given.scope] = given.until

    def said(self, check: str, scope: str) -> RecordsSaid:
        """A check over the records of a register, for the organisation or over those that lead to one AI system."""
        asked = [(one, until) for one, until in self.asked.get(check, ()) if scope in (ORGANISATION, *one.systems)]
        if until := self.supposed.get((check, scope)):
            return RecordsSaid(population=max(1, len(asked)), fulfilled=max(1, len(asked)), short=(), ends=until)
        short = [one for one, until in asked if until is None or until <= self.at]
        return RecordsSaid(
            population=len(asked),
            fulfilled=len(asked) - len(short),
            short=tuple(one.id for one in short if not one.hidden),
            ends=None if short else _end(asked),
        )

    def through(self, check: str) -> Mapping[str, datetime]:
        """For each AI system that a record leads to and fulfils the check for, until when it does."""
        found = {scope: until for (named, scope), until in self.supposed.items() if named == check}
        for one, until in self.asked.get(check, ()):
            if until is not None:
                last = min(until, one.ends_at or EVER)
                for slug in one.systems if last > self.at else ():
                    if check not in JUDGING or fits(one, check, self.changed.get(slug)):
                        found[slug] = max(last, found.get(slug, last))
        return found

    @cached_property
    def changed(self) -> Mapping[str, Since]:
        """For each AI system since when it is materially what it is."""
        return material_since(self._systems, self.at, self._learnt_by)

    def lasting(self) -> dict[str, Mapping[str, datetime]]:
        """The same for every check over AI systems through records."""
        return {check: self.through(check) for check in THROUGH_RECORDS}


def fits(record: RecordFact, check: str, since: Since | None) -> bool:
    """Whether a record judged an AI system as it is now: on the day of its last material change, or later."""
    if since is None or since.changed is None:
        return True
    day = dict(record.judged).get(check)
    return day is not None and day >= since.changed.date()


def _ending_with(one: RecordFact, record: RecordFact | None) -> RecordFact:
    """What is said of a part of a record, ending when the record does."""
    if not one.part or record is None or record.ends_at is None:
        return one
    return replace(one, ends_at=min(record.ends_at, one.ends_at or EVER))


def _end(asked: list[tuple[RecordFact, datetime | None]]) -> datetime | None:
    """When a fulfilled check stops to be so: a record falls short while it counts, or none counts any more."""
    falls = [until for one, until in asked if until is not None and until < (one.ends_at or EVER)]
    gone = [one.ends_at for one, _ in asked]
    last = [max(end for end in gone if end is not None)] if gone and None not in gone else []
    return min((*falls, *last), default=None)
