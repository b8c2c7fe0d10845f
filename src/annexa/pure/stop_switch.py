"""The stop switch of an AI system: pulled at once by one person, released by two, and what clients do meanwhile."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from annexa.pure.permits import Refusal

ReleaseWord = Literal["asked", "released", "refused"]
STEPS: tuple[ReleaseWord, ...] = ("asked", "released", "refused")
POLL_SECONDS = 10
"""How often a client asks at least, while its system works."""
LONGEST_WAIT = 25
"""For how many seconds a question is kept open at most, until something changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step towards the release of a stop: asked for, released or refused, by a person."""

    step: ReleaseWord
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Where the switch of a system stands.

    `number`: how many times it was pulled. `since`: when it was pulled, or released; None: it never was.
    `if_unreachable`: what the system does while it cannot ask.
    """

    system: str
    stopped: bool
    number: int
    since: datetime | None
    because: str
    if_unreachable: str

    @property
    def tag(self) -> str:
        """The same for as long as nothing changes."""
        since = self.since.isoformat() if self.since else None
        said = [self.system, self.stopped, self.number, since, self.because, self.if_unreachable]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def is_released(steps: tuple[Step, ...]) -> bool:
    """Whether a stop is over."""
    return any(one.step == "released" for one in steps)


def asked_by(steps: tuple[Step, ...]) -> int | None:
    """Who asks for the release of a stop by now; None: nobody does, or it was answered."""
    return steps[-1].by if steps and steps[-1].step == "asked" else None


def pull_problems(because: str, *, stopped: bool) -> Refusal | None:
    """Why a switch is not pulled; None: it is, at once."""
    if stopped:
        return Refusal(because="It is stopped already.")
    return None if because.strip() else Refusal(because="Say why; whoever runs the system reads it.")


def release_problems(steps: tuple[Step, ...], step: str, *, person: int, because: str) -> Refusal | None:
    """Why somebody cannot take this step towards the release of a stop; None: they can.

    Who asks does not release: two persons say that it is safe. Source: ISO/IEC 27001 A.5.3.
    """
    if step not in STEPS:
        return Refusal(because=f"Choose one of: {', '.join(STEPS)}.")
    if is_released(steps):
        return Refusal(because="It is released already.")
    asker = asked_by(steps)
    if step == "asked" and asker is not None:
        return Refusal(because="Its release is asked for already; somebody else answers.")
    if step != "asked" and asker is None:
        return Refusal(because="Nobody asks for its release; ask for it first, and somebody else answers.")
    if step == "released" and asker == person:
        return Refusal(because="Who asked for the release does not release; somebody else has to.")
    return None if because.strip() else Refusal(because="Say why.")
