"""Questions about incidents at suppliers: what happened at one of them, and at whom a serious one is open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from annexa.answers.registers import rows_of
from annexa.pure.checks.supplier_incidents import CLOSE_DAYS
from annexa.pure.permits import Actor
from annexa.pure.register import Entry
from annexa.pure.registers.supplier_incidents import SERIOUS, SUPPLIER_INCIDENTS, Notice, notice_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierIncident:
    """One incident: its record, how the notice of the contract was kept, by when it is to be closed while it is open.

    `close_by`: the last day; None once it is closed, or as long as nobody says when it became known and how bad it is.
    """

    slug: str
    entry: Entry
    notice: Notice
    close_by: date | None

    @property
    def open(self) -> bool:
        """Whether something is left to do."""
        return self.entry.closed_on is None

    @property
    def serious(self) -> bool:
        """Whether it asks for another look at the supplier while it is open."""
        return self.entry.severity in SERIOUS


def incidents_at(*, actor: Actor, supplier: str, now: datetime) -> tuple[SupplierIncident, ...]:
    """What happened at one supplier as far as the actor may know, open ones first, then the latest. Cost: one query."""
    found = _counting(actor, now, Q(supplier=supplier))
    return tuple(sorted(found, key=lambda one: (not one.open, -_known(one.entry).toordinal(), one.slug)))


def open_incidents(*, actor: Actor, now: datetime) -> tuple[SupplierIncident, ...]:
    """Every incident that is not closed, what is to be closed first on top. Cost: one query."""
    found = _counting(actor, now, Q(closed_on__isnull=True))
    return tuple(sorted(found, key=lambda one: (one.close_by or date.min, one.slug)))


def asking_for_review(
    incidents: Iterable[SupplierIncident], suppliers: Mapping[str, Entry]
) -> dict[str, SupplierIncident]:
    """By supplier the serious open incident since which nobody has looked at it; of several the one known first."""
    found: dict[str, SupplierIncident] = {}
    for one in sorted(incidents, key=lambda one: (_known(one.entry), one.slug)):
        supplier = suppliers.get(one.entry.supplier)
        if supplier is None or not (one.serious and one.open):
            continue
        if supplier.assessed_on is None or supplier.assessed_on < _known(one.entry):
            found.setdefault(one.entry.supplier, one)
    return found


def _counting(actor: Actor, now: datetime, narrowed: Q) -> Iterable[SupplierIncident]:
    rows = rows_of(actor, SUPPLIER_INCIDENTS).filter(narrowed).defer("words")
    return [_of(row) for row in rows if not SUPPLIER_INCIDENTS.ended(row.entry, now.date())]


def _of(row: Any) -> SupplierIncident:
    entry = row.entry
    days = CLOSE_DAYS.get(entry.severity)
    close_by = None
    if entry.closed_on is None and entry.known_on is not None and days is not None:
        close_by = entry.known_on + timedelta(days=days - 1)
    return SupplierIncident(slug=row.slug, entry=entry, notice=notice_of(entry), close_by=close_by)


def _known(entry: Entry) -> date:
    found: date | None = entry.known_on or entry.told_on or entry.happened_on
    return found or date.min
