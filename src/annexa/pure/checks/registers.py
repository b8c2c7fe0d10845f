"""Checks over the register of AI systems: each asserts one thing of every system in use."""

from annexa.pure.facts import SystemFact
from annexa.pure.systems import OUT_OF_SCOPE


def owner_named(system: SystemFact) -> bool:
    """Every AI system in use has a named owner."""
    return bool(system.owner.strip())


def purpose_stated(system: SystemFact) -> bool:
    """Every AI system in use states its intended purpose."""
    return bool(system.purpose.strip())


def role_decided(system: SystemFact) -> bool:
    """For every AI system in use the organisation's role towards it is decided, or the law gives it none."""
    return bool(system.roles) or OUT_OF_SCOPE in system.classes


def risk_class_decided(system: SystemFact) -> bool:
    """Every AI system in use has a decided risk class, or is decided to be out of scope."""
    return bool(system.classes)


def impact_assessed(system: SystemFact) -> bool:
    """Every AI system in use has an impact assessment recorded as done, or as not applicable to it."""
    return system.impact_assessment in {"yes", "not applicable"}


def monitoring_in_place(system: SystemFact) -> bool:
    """For every AI system in use, monitoring of its performance is recorded."""
    return system.monitoring in {"yes", "not applicable"}


def personal_data_decided(system: SystemFact) -> bool:
    """For every AI system in use it is answered whether it processes personal data."""
    return system.personal_data in {"yes", "no", "not applicable"}
