"""Checks over incidents at suppliers: controls SUP-02 and SUP-03; ISO/IEC 27001 A.5.20, A.5.22."""

from datetime import date

from annexa.pure.checks.over import as_long, earliest, over, within
from annexa.pure.register import Entry
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS, notice_of

CLOSE_DAYS = {"critical": 30, "high": 60, "medium": 90, "low": 90}
"""How long an incident may stay open after it became known, by its severity."""


@over(SUPPLIER_INCIDENTS)
def supplier_incidents_handled(incident: Entry) -> date | None:
    """Every supplier incident says where, whose, how bad and what it touched, and is closed in time with a lesson."""
    touch = incident.personal_data in ("yes", "no", "not applicable")
    known = as_long(incident.supplier, incident.owner, incident.severity, touch)
    if incident.closed_on is not None:
        return earliest(known, as_long(incident.done, incident.lesson))
    return earliest(known, within(incident.known_on, CLOSE_DAYS.get(incident.severity, 0)))


@over(SUPPLIER_INCIDENTS, where=lambda incident: incident.notice_hours is not None)
def supplier_incidents_told_in_time(incident: Entry) -> date | None:
    """For every incident the supplier told within its contract's hours, or the late notice was taken up with it."""
    return as_long(notice_of(incident) == "in time" or incident.notice_taken_up)
