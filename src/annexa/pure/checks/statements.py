"""Checks over the approved statement of applicability: ISO/IEC 27001, 42001 and 27701 6.1.3."""

from datetime import date

from annexa.pure.checks.over import as_long, over, within
from annexa.pure.register import Entry
from annexa.pure.statement import STATEMENT

YEAR = 366
"""A year with the day on which it is due."""


@over(STATEMENT)
def soa_approved(statement: Entry) -> date | None:
    """Every control of the adopted Annexes A is decided, with its reason, in a statement a second person approved."""
    return as_long(statement.approved_on)


@over(STATEMENT)
def soa_current(statement: Entry) -> date | None:
    """Every statement of applicability that holds was approved within a year."""
    return within(statement.approved_on, YEAR)


@over(STATEMENT)
def soa_without_findings(statement: Entry) -> date | None:
    """Every statement of applicability agreed with scope, certificates, risks and law when it was approved."""
    return as_long(statement.findings == 0)
