"""The scale on which the organisation judges risks and how much of them it is willing to bear, at any instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from annexa.library.risks import own_scale, risks
from annexa.pure.risk import MatrixScale
from annexa.records.risks import RiskScale

USUAL = "5x5"
"""The scale until somebody chooses another one."""
LEAST = 0
"""The place of the level that needs nobody's acceptance until somebody says otherwise: the lowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRules:
    """A scale and an appetite: by area the highest level that is within it; under "" for every other area.

    `chosen`: the record that says so; None until there is one.
    """

    scale: MatrixScale
    appetite: Mapping[str, str]
    chosen: RiskScale | None

    def appetite_of(self, area: str) -> str:
        """The highest level within the appetite for an area."""
        return self.appetite.get(area) or self.appetite[""]


def rules_at(at: datetime) -> RiskRules:
    """What holds at an instant. Cost: one query."""
    chosen = RiskScale.objects.filter(recorded_at__lte=at).select_related("by").order_by("-recorded_at", "-id").first()
    if chosen is None:
        scale = shipped_scales()[USUAL]
        return RiskRules(scale=scale, appetite={"": scale.levels[LEAST].id}, chosen=None)
    scale = _own(chosen.told) if chosen.told else shipped_scales()[chosen.scale]
    return RiskRules(scale=scale, appetite=chosen.appetite, chosen=chosen)


def shipped_scales() -> Mapping[str, MatrixScale]:
    """The matrices shipped with the product, by id."""
    return {one.id: one for one in risks().scales.values() if isinstance(one, MatrixScale)}


@lru_cache(maxsize=8)
def _own(told: str) -> MatrixScale:
    return own_scale(told)
