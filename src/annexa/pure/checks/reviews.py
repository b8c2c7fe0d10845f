"""Checks over reviews that were made in Annexa: each asserts one thing of Annexa itself and of AI systems in use."""

from annexa.pure.facts import SystemFact


def access_review_done(system: SystemFact) -> bool:
    """For Annexa and every AI system in use that operates, who has access was reviewed, line by line and lately."""
    return system.access_reviewed_until is not None
