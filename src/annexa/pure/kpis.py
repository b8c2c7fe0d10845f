"""Key figures that are computed, never typed: what each counts, out of what, and what it is measured in. Clause 9.1."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OF_FRAMEWORK = "requirements met"
"""The figure that is asked of one framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A figure: what it says, its unit of measure, and for a share of AI systems the check that it counts."""

    says: str
    measured_in: str = "%"
    check: str = ""


KPIS: Mapping[str, Kpi] = MappingProxyType(
    {
        OF_FRAMEWORK: Kpi(says="Requirements met of those that bind, in one framework."),
        "controls effective": Kpi(says="Controls effective of those adopted."),
        "controls in decay": Kpi(says="Adopted controls stale or failing.", measured_in="controls"),
        "AI systems with an owner": Kpi(says="AI systems in use with a named owner.", check="owner_named"),
        "AI systems classified": Kpi(says="AI systems in use with a decided class.", check="risk_class_decided"),
        "AI systems with impact assessment": Kpi(
            says="AI systems in use whose impact assessment is done or not applicable.", check="impact_assessed"
        ),
        "AI systems monitored": Kpi(says="AI systems in use with monitoring.", check="monitoring_in_place"),
    }
)
"""The figures by the word by which an objective names them."""
