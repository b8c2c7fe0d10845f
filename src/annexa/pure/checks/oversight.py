"""Checks over human oversight: AI Act Art. 14, Art. 26(2); 42001 A.9.2.

Each looks at every AI system in use, through what was worked out last about its oversight; what nobody has worked out
for two weeks counts no more. A system of which no case waits for a human, or not here, needs a plan that says so.
"""

from datetime import date

from annexa.pure.checks.over import as_long, earliest, through, within
from annexa.pure.oversight_standing import OVERSIGHT
from annexa.pure.register import Entry

COUNTS_DAYS = 14


def _told(standing: Entry, *conditions: object) -> date | None:
    """While it is fresh: as long as this holds, or no case of the system waits here."""
    return earliest(as_long(standing.cases != "here" or all(conditions)), within(standing.told_on, COUNTS_DAYS))


@through(OVERSIGHT)
def oversight_planned(standing: Entry) -> date | None:
    """Every AI system in use has a plan of its oversight, with overseers who are there where cases wait for them."""
    return _told(standing, standing.overseers >= 1)


@through(OVERSIGHT)
def cases_decided_in_time(standing: Entry) -> date | None:
    """Every AI system in use had none of its cases of ninety days fall to the default, or has none that wait here."""
    return _told(standing, standing.late == 0)


@through(OVERSIGHT)
def two_persons_where_asked(standing: Entry) -> date | None:
    """Every AI system in use about which two persons have to decide has two overseers at least."""
    return _told(standing, standing.two_needed != "yes" or standing.overseers >= 2)


@through(OVERSIGHT)
def overseers_trained(standing: Entry) -> date | None:
    """Every AI system in use whose cases wait here has overseers, all of them with AI literacy in date."""
    return _told(standing, standing.overseers >= 1 and standing.untrained == 0)
