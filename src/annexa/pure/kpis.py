"""Key figures that are computed, never typed: what each counts, out of what, and what it is measured in."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OF_FRAMEWORK = "requirements met"
"""The figure that is asked of one framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A figure: how it is made, and its unit of measure. `good`: whether more of it is better."""

    says: str
    measured_in: str
    good: bool


KPIS: Mapping[str, Kpi] = MappingProxyType(
    {
        OF_FRAMEWORK: Kpi(says="Requirements met of those that bind, in one framework.", measured_in="%", good=True),
        "controls effective": Kpi(says="Controls effective of those adopted.", measured_in="%", good=True),
        "controls in decay": Kpi(says="Adopted controls stale or failing.", measured_in="controls", good=False),
        "AI systems with an owner": Kpi(says="AI systems in use with a named owner.", measured_in="%", good=True),
        "AI systems classified": Kpi(says="AI systems in use with a decided risk class.", measured_in="%", good=True),
        "AI systems with impact assessment": Kpi(
            says="AI systems in use whose impact assessment is done, or not applicable.", measured_in="%", good=True
        ),
        "open nonconformities": Kpi(
            says="Major and minor nonconformities that are not closed.", measured_in="findings", good=False
        ),
    }
)
"""The figures by the word by which an objective names them."""
