"""Nobody accepts a risk alone, nobody accepts what the scale forbids, and no acceptance covers more than it named."""

from datetime import date, timedelta

import pytest

from annexa.library.risks import risks
from annexa.pure.risk_acceptance import LONGEST_DAYS, Accepted, Hands, lapsed, proposal_problems, refused

FIVE = risks().scales["5x5"]
LEVEL = {one.id: one for one in FIVE.levels}
TODAY = date(2026, 11, 20)
OLA, KIM, LEE = 1, 2, 3


@pytest.mark.parametrize(
    ("level", "owner", "proposer", "decider", "leads", "because"),
    [
        ("low", OLA, KIM, OLA, False, ""),
        ("low", OLA, OLA, LEE, True, ""),
        ("low", OLA, OLA, KIM, False, "Only the owner"),
        ("low", OLA, OLA, OLA, True, "does not accept it alone"),
        ("low", None, KIM, LEE, True, "no owner"),
        ("low", OLA, KIM, LEE, True, "neither proposed"),
        ("medium", OLA, KIM, OLA, False, "head of unit"),
        ("high", OLA, OLA, LEE, True, ""),
        ("high", OLA, KIM, OLA, False, "top management"),
        ("critical", OLA, OLA, LEE, True, "Nobody may accept"),
        ("low", OLA, KIM, None, True, "does not accept it alone"),
    ],
)
def test_who_may_accept(level, owner, proposer, decider, leads, because) -> None:
    said = refused(LEVEL[level], Hands(owner=owner, proposer=proposer, decider=decider, leads=leads))
    assert because in said
    assert bool(because) == bool(said)


@pytest.mark.parametrize(
    ("level", "days", "fields"),
    [
        ("medium", 90, []),
        ("medium", 0, []),
        ("medium", -1, ["until"]),
        ("medium", LONGEST_DAYS + 1, ["until"]),
        ("critical", 90, ["risk"]),
        (None, -1, ["risk", "until"]),
    ],
)
def test_what_may_be_proposed(level, days, fields) -> None:
    assert list(proposal_problems(LEVEL.get(level), TODAY + timedelta(days=days), TODAY)) == fields


@pytest.mark.parametrize(
    ("accepted", "until", "left", "because"),
    [
        ("medium", 0, "medium", ""),
        ("medium", 10, "low", ""),
        ("medium", 10, "high", "rose to high"),
        ("medium", -1, "low", "ended on"),
        ("medium", 10, None, "not rated"),
        ("bearable", 10, "low", "no level bearable"),
    ],
)
def test_when_an_acceptance_lapses(accepted, until, left, because) -> None:
    said = lapsed(Accepted(level=accepted, until=TODAY + timedelta(days=until)), LEVEL.get(left), FIVE, TODAY)
    assert because in said
    assert bool(because) == bool(said)
