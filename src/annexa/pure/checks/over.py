"""How a check over a register is written: one function over one record, that says until when the record fulfils it.

`@over(ASSETS)` looks at the records of the register that count, or at those for which `where` holds; the control is of
the organisation. `@through(RISKS)` looks at the AI systems in use: each needs a record that leads to it and fulfils the
check. A day is the last but one: on it the record fulfils the check no more. `ALWAYS` is for what no time ends.
`@over(PUBLICATIONS)` looks at a part of a register: at entries of a kind of their own, each about one of its records.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from annexa.pure.register import Entry, Register

ALWAYS = date.max
Holds = Callable[[Entry], date | None]
EVER = datetime.max.replace(tzinfo=UTC)
"""The instant until which what no time ends holds."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What entries of a kind of their own say of the records of a register, such as that a document was published.

    `kind`: of these entries. `key`: what they speak of, by which the latest is found; it begins with the slug of the
    record. `tells`: whether an entry changes anything for the checks; of those that do, the latest about a key holds.
    Entries are read by attributes, as the ledger has them: days are texts.
    """

    kind: str
    register: Register
    key: Callable[[Entry], str]
    tells: Callable[[Entry], bool]


SUBJECT = ":"
"""Stands between the name of a check and the one thing it is asked about."""


@dataclass(frozen=True, kw_only=True)
class RecordCheck:
    """A check over the records of a register; with `through` one of AI systems, through the records that lead there.

    `holds`: until which day (exclusive) a record fulfils it, None if it does not. `part`: it looks at that instead of
    the records themselves. `subjects`: what a record fulfils it for, where it is asked about one thing at a time.
    `judged`: when a record last judged the AI systems it leads to; one that changed materially since is not covered.
    """

    name: str
    says: str
    register: Register
    holds: Holds
    where: Callable[[Entry], bool]
    through: bool = field(default=False)
    part: Part | None = None
    subjects: Callable[[Entry], Iterable[str]] | None = None
    judged: Holds | None = None

    def names(self, entry: Entry) -> tuple[str, ...]:
        """Under which names a record is asked about it."""
        if self.subjects is None:
            return (self.name,)
        return tuple(f"{self.name}{SUBJECT}{one}" for one in self.subjects(entry))

    def looks_at(self, entry: Entry) -> bool:
        """Whether a record is among those that are asked about. One that cannot be read is, and falls short."""
        try:
            return self.where(entry) is not False
        except Exception:  # noqa: BLE001  what errs must not take itself out of the count
            return True

    def judged_on(self, entry: Entry) -> date | None:
        """When a record last judged the AI systems it leads to; None: nothing says, or the check does not ask."""
        try:
            return self.judged(entry) if self.judged else None
        except Exception:  # noqa: BLE001  what errs has judged nothing
            return None

    def until(self, entry: Entry) -> datetime | None:
        """Until when a record fulfils it (exclusive, UTC); None: it does not. What errs has proven nothing."""
        try:
            day = self.holds(entry)
            if day is None:
                return None
            return EVER if day == ALWAYS else datetime.combine(day, time(), UTC)
        except Exception:  # noqa: BLE001  one broken check must neither pass nor take every verdict down with it
            return None


def over(
    of: Register | Part,
    *,
    where: Callable[[Entry], bool] | None = None,
    subjects: Callable[[Entry], Iterable[str]] | None = None,
) -> Callable[[Holds], RecordCheck]:
    """The check that every record of a register, or everything a part of it speaks of, fulfils the function."""
    part = of if isinstance(of, Part) else None
    register = of.register if isinstance(of, Part) else of
    return lambda holds: _made(holds, register, where, part=part, subjects=subjects)


def through(
    register: Register, *, where: Callable[[Entry], bool] | None = None, judged: Holds | None = None
) -> Callable[[Holds], RecordCheck]:
    """The check that every AI system in use has a record of a register that leads to it and fulfils the function.

    `judged`: the day of the record that no material change of the system may be later than.
    """
    return lambda holds: _made(holds, register, where, through=True, judged=judged)


def _made(holds: Holds, register: Register, where: Callable[[Entry], bool] | None, **more: Any) -> RecordCheck:
    says = (holds.__doc__ or holds.__name__).strip()
    return RecordCheck(name=holds.__name__, says=says, register=register, holds=holds, where=where or _all, **more)


def _all(_entry: Entry) -> bool:
    return True


def within(day: date | None, days: int) -> date | None:
    """Until so many days after a day; None without one."""
    return None if day is None else day + timedelta(days=days)


def within_interval(day: date | None, interval: str, days: Mapping[str, int]) -> date | None:
    """Until a day has grown as old as its interval allows; None without either."""
    return within(day, days[interval]) if interval in days else None


def as_long(*conditions: object) -> date | None:
    """Always, as long as the record says all of this."""
    return ALWAYS if all(conditions) else None


def earliest(*days: date | None) -> date | None:
    """The first of some ends; None if one of them does not hold at all."""
    known = [day for day in days if day is not None]
    return min(known) if len(known) == len(days) else None
