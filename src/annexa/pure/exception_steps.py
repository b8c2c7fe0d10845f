"""Who may approve an exception from a rule, and when there is something to approve: control GOV-15.

Source: ISO/IEC 27001 A.5.3 (conflicting duties are apart) and A.5.36; ISO/IEC 42001 A.3.2.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from annexa.pure.ledger import canonical
from annexa.pure.register import Entry
from annexa.pure.registers.exceptions import DECIDED, EXCEPTIONS, LONGEST

STEPS = ("approved", "refused", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides, as records name people; `wrote`: whether what is asked came from their own hand."""

    email: str
    name: str
    wrote: bool


def asked_sha256(entry: Entry) -> str:
    """The digest of what is asked, so that an approval says of exactly what it was one."""
    told = EXCEPTIONS.to_json(entry)
    return hashlib.sha256(canonical({one: told[one] for one in DECIDED})).hexdigest()


def open_to_decision(entry: Entry, today: date) -> bool:
    """Whether it waits: it has not ended, and nobody approved it as it is."""
    return entry.approved_on is None and not EXCEPTIONS.ended(entry, today)


def standing(entry: Entry, today: date) -> str:
    """How it stands: asked, approved, lapsed (its day has passed), refused or ended. Only an approved one counts."""
    if EXCEPTIONS.ended(entry, today):
        return "refused" if entry.outcome == "refused" else "ended"
    if entry.approved_on is None:
        return "asked"
    return "lapsed" if entry.until is not None and entry.until < today else "approved"


def lacking(entry: Entry, today: date) -> dict[str, list[str]]:
    """What is missing before anybody can approve it, by field; empty: it can be decided."""
    found = {one: ["It is missing; nobody can approve without it."] for one in ("why", "instead", "asked_by", "owner")
             if not entry.values[one]}  # fmt: skip
    if not entry.document and not entry.controls:
        found["document"] = ["Say which document or which control it is about."]
    if entry.until is None:
        found["until"] = ["Say until when; no exception is for ever."]
    elif entry.until < today:
        found["until"] = [f"{entry.until} has passed; ask for another day."]
    elif entry.until > today + LONGEST:
        found["until"] = ["An exception lasts a year at most."]
    return found


def refused(entry: Entry, decider: Decider) -> str:
    """Why this person may not approve it; "" if they may. Four eyes: never who asks, owns or wrote it."""
    named = {decider.email.strip().casefold(), decider.name.strip().casefold()} - {""}
    for field, does in (("asked_by", "asks for"), ("owner", "owns")):
        if str(entry.values[field]).strip().casefold() in named:
            return f"{decider.name} {does} this exception, so somebody else has to approve it."
    if decider.wrote:
        return f"{decider.name} wrote down what is asked, so somebody else has to approve it."
    return ""
