"""Who may accept what is left of a risk, for how long, and when an acceptance no longer holds.

Source: ISO/IEC 27001 6.1.3 f and ISO/IEC 42001 6.1.3 (risk owners approve the plan and accept residual risk); A.5.3
(duties that conflict are apart).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from annexa.pure.risk import MatrixScale, RiskLevel

OWNER, NOBODY = "risk owner", "nobody"
"""Words of a scale for who accepts a level. Whoever else it names, a lead decides for them."""
LONGEST_DAYS = 366
"""No acceptance lasts longer than a year: the world it was based on does not either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who takes part: numbers of people; `leads`: whether the one who decides is a lead or administrator."""

    owner: int | None
    proposer: int | None
    decider: int | None
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An acceptance as it was signed: the level by its id, and the last day it holds on."""

    level: str
    until: date


def proposal_problems(level: RiskLevel | None, until: date, today: date) -> dict[str, list[str]]:
    """Why this cannot be proposed for acceptance, by field; empty: it can."""
    problems: dict[str, list[str]] = {}
    if level is None:
        problems["risk"] = ["It has no likelihood and impact on the scale; rate it first."]
    elif level.accepted_by == NOBODY:
        problems["risk"] = [f"What is left is {level.title.lower()}, which nobody may accept: {level.rule}"]
    if until < today:
        problems["until"] = [f"{until} has passed."]
    elif until > today + timedelta(days=LONGEST_DAYS):
        problems["until"] = ["An acceptance lasts a year at most."]
    return problems


def refused(level: RiskLevel, hands: Hands) -> str:
    """Why this person may not accept; "" if they may.

    The owner takes part, as who proposes or as who accepts, and nobody is both.
    """
    if level.accepted_by == NOBODY:
        return f"Nobody may accept a risk that is {level.title.lower()}."
    if hands.decider is None or hands.decider == hands.proposer:
        return "Who proposes an acceptance does not accept it alone; somebody else has to."
    if hands.owner is None:
        return "The risk has no owner who could take part; name one first."
    if hands.owner not in (hands.proposer, hands.decider):
        return "The owner of the risk neither proposed this nor is accepting it."
    if level.accepted_by != OWNER and not hands.leads:
        return (
            f"What is left is {level.title.lower()}: {level.accepted_by} accepts it, through a lead or administrator."
        )
    if hands.decider != hands.owner and not hands.leads:
        return "Only the owner of the risk, a lead or an administrator may accept it."
    return ""


def lapsed(accepted: Accepted, now_left: RiskLevel | None, scale: MatrixScale, today: date) -> str:
    """Why an acceptance no longer holds; "" as long as it does. It named a level, and covers nothing above it."""
    if today > accepted.until:
        return f"It ended on {accepted.until}."
    if now_left is None:
        return "The risk is not rated on the scale any more."
    order: Sequence[str] = [one.id for one in scale.levels]
    if accepted.level not in order:
        return f"The scale has no level {accepted.level} any more."
    if order.index(now_left.id) > order.index(accepted.level):
        return f"What is left rose to {now_left.title.lower()}, above the {accepted.level} that was accepted."
    return ""
