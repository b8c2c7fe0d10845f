"""Checks over AI systems that an approved impact assessment fulfils, until it expires or the system is another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from annexa.pure.applicability import words_of
from annexa.pure.facts import SystemFact

Words = tuple[str, ...] | None
LAW, BOUND = "eu-ai-act", "rights-assessment"
"""The law, and its word for a use that asks for an assessment of fundamental rights: Art. 27(1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentCheck:
    """A check that an approved assessment by one form fulfils.

    `asked`: whether it looks at a system at all, given what was decided about it under `LAW`, None while nothing is.
    """

    name: str
    says: str
    form: str
    asked: Callable[[SystemFact, Words], bool]

    def asks(self, system: SystemFact) -> bool:
        """Whether it looks at a system with what was decided about it."""
        return self.asked(system, words_of(system.circumstances, LAW))


def _always(_system: SystemFact, _words: Words) -> bool:
    return True


def _uses_high_risk(system: SystemFact, words: Words) -> bool:
    """Roles and classes that nobody decided may turn out to bind."""
    uses = not system.roles or any("deployer" in role for role in system.roles)
    return uses and _may_be_high_risk(system) and system.high_risk_by != "annex-i" and (words is None or BOUND in words)


def _with_personal_data(system: SystemFact, _words: Words) -> bool:
    return system.personal_data not in {"no", "not applicable"}


def _may_be_high_risk(system: SystemFact) -> bool:
    return not system.classes or "high-risk" in system.classes


_STANDS = "that is approved, has not expired and fits the system as it is"
ASSESSED: Mapping[str, AssessmentCheck] = MappingProxyType(
    {
        one.name: one
        for one in (
            AssessmentCheck(
                name="impact_assessment_approved",
                says=f"Every AI system in use has an impact assessment {_STANDS}.",
                form="ai-system-impact-assessment",
                asked=_always,
            ),
            AssessmentCheck(
                name="fria_approved",
                says=f"Every AI system whose use binds a deployer to it has a fundamental rights assessment {_STANDS}.",
                form="fria",
                asked=_uses_high_risk,
            ),
            AssessmentCheck(
                name="dpia_approved",
                says=f"Every AI system with personal data has a data protection assessment or finding {_STANDS}.",
                form="dpia",
                asked=_with_personal_data,
            ),
        )
    }
)
"""The checks by name. What is not asked of a system fulfils the check there; what nobody decided yet is asked."""
BY_FORM: Mapping[str, AssessmentCheck] = MappingProxyType({one.form: one for one in ASSESSED.values()})
"""The same by the form of the assessment."""
