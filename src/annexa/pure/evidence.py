"""Freshness: whether the evidence for one expectation passes, fails, has expired, or never was."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, Protocol

EvidenceState = Literal["passing", "failing", "expired", "never"]


class Answer(Protocol):
    """What freshness needs to know of a piece of evidence."""

    @property
    def effective_at(self) -> datetime:
        """When it was observed."""

    @property
    def expires_at(self) -> datetime:
        """When it stops to count (exclusive)."""

    @property
    def passing(self) -> bool:
        """What it said."""


def state_of(answers: Iterable[Answer], at: datetime) -> tuple[EvidenceState, datetime | None]:
    """What the evidence for one expectation says at that instant, and when a pass runs out.

    `answers` are those known at `at`. A failing answer stands until a later pass is observed; time alone does not
    heal it. Passes from before the last failure do not count again. Second value: the end (exclusive) of the longest
    lasting pass, only when passing.
    """
    known = list(answers)
    if not known:
        return "never", None
    failed = max((a.effective_at for a in known if not a.passing), default=None)
    passes = [a for a in known if a.passing and (failed is None or a.effective_at > failed)]
    if not passes:
        return "failing", None
    ends = max(a.expires_at for a in passes)
    return ("passing", ends) if at < ends else ("expired", None)


def expiry(observed_at: datetime, max_age: timedelta, asked: datetime | None) -> datetime:
    """When a piece of evidence expires: at the end of its own validity, at the latest when it is too old."""
    latest = observed_at + max_age
    return latest if asked is None else min(latest, asked)
