"""Checks over exceptions from rules: control GOV-15; ISO/IEC 27001 A.5.36, ISO/IEC 42001 8.1."""

from datetime import date

from annexa.pure.checks.over import as_long, over, within
from annexa.pure.register import Entry
from annexa.pure.registers.exceptions import EXCEPTIONS


@over(EXCEPTIONS)
def exceptions_approved(one: Entry) -> date | None:
    """Every exception has rule, reason, measure, owner and end on record, approved by somebody else than who asked."""
    rule = one.document or one.controls
    return as_long(rule, one.why, one.instead, one.owner, one.until, one.approved_by, one.approved_on)


@over(EXCEPTIONS)
def exceptions_in_time(one: Entry) -> date | None:
    """Every exception that still stands has an end that has not passed."""
    return within(one.until, 1)
