"""The life of a controlled document: its versions, who read, approved and published them, and what it lacks for that.

State is what happened, step by step; nothing is overwritten. Source: ISO/IEC 27001, 42001 and 27701, 7.5.2 (review and
approval) and 7.5.3 (control of versions), A.5.1 (policies are approved by management and reviewed).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Literal, get_args

from annexa.pure.instants import months_after
from annexa.pure.register import Entry
from annexa.pure.registers.documents import addresses

StepKind = Literal["drafted", "handed in", "agreed", "returned", "approved", "published", "confirmed", "withdrawn"]
STEPS: tuple[StepKind, ...] = get_args(StepKind)
"""What can happen to a version. Confirmed: somebody found that the version in force still holds, without a new one."""
VersionState = Literal["draft", "in review", "returned", "approved", "published", "superseded", "withdrawn"]
FORCE: tuple[StepKind, ...] = ("published", "confirmed", "withdrawn")
"""The steps that decide which version is in force, and until when."""
SOON = timedelta(days=30)
"""How long before its review is due a document shows up as work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to one version. `by`: who did it, as the ledger names them; `author`: who wrote it.

    `on`: the day; for a publication the day from which it is in force. `review_by`: the last day on which the version
    counts without a review, where the step says so. `reader`: the address of who agreed or returned.
    """

    kind: StepKind
    number: int
    by: str
    author: str
    on: date
    because: str = ""
    review_by: date | None = None
    reader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a document: its state, and who has agreed to it since it was handed in."""

    number: int
    author: str
    state: VersionState
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A document as it stands on a day.

    `in_force`: the number of the version that counts, None if none does; `since`: from when; `review_by`: until when
    without a review. `coming`: a version that is published and not yet in force.
    """

    versions: tuple[Version, ...]
    in_force: int | None
    since: date | None
    review_by: date | None
    coming: int | None
    on: date

    @property
    def latest(self) -> Version | None:
        """The newest version."""
        return self.versions[-1] if self.versions else None

    @property
    def overdue(self) -> bool:
        """Whether the version in force should have been reviewed by now."""
        return self.review_by is not None and self.review_by < self.on

    @property
    def due_soon(self) -> bool:
        """Whether its review is due within a month, or overdue."""
        return self.review_by is not None and self.review_by < self.on + SOON

    @property
    def says(self) -> str:
        """How the document stands, in a word or two."""
        if self.in_force is not None:
            return "review overdue" if self.overdue else "in force"
        if self.coming is not None:
            return "published, not yet in force"
        return self.latest.state if self.latest else "no text yet"


def life_of(steps: Iterable[Step], on: date) -> Life:
    """A document from what happened to it, in order."""
    done = tuple(steps)
    numbers = sorted({one.number for one in done})
    in_force, since, review_by, coming = None, None, None, None
    for one in done:
        if one.kind == "published" and one.on > on:
            coming = one.number
        elif one.kind == "published":
            in_force, since, review_by = one.number, one.on, one.review_by
        elif one.kind == "confirmed" and one.number == in_force:
            review_by = one.review_by
        elif one.kind == "withdrawn":
            coming = None if one.number == coming else coming
            if one.number == in_force:
                in_force, since, review_by = None, None, None
    versions = tuple(_version(number, done, in_force, coming) for number in numbers)
    return Life(versions=versions, in_force=in_force, since=since, review_by=review_by, coming=coming, on=on)


def _version(number: int, steps: Sequence[Step], in_force: int | None, coming: int | None) -> Version:
    state: VersionState = "draft"
    agreed: dict[str, None] = {}
    own = [one for one in steps if one.number == number]
    for one in own:
        if one.kind == "handed in":
            state, agreed = "in review", {}
        elif one.kind == "agreed":
            agreed[one.reader] = None
        elif one.kind in ("returned", "approved", "withdrawn"):
            state = one.kind
        elif one.kind == "published":
            state = "published"
    if state == "published" and number not in (in_force, coming):
        state = "superseded"
    return Version(number=number, author=own[0].author, state=state, agreed=tuple(agreed))


def authors_since(life: Life, number: int) -> frozenset[str]:
    """Who wrote anything of a version since the one in force: none of them may approve it."""
    since = life.in_force or 0
    return frozenset(one.author for one in life.versions if since < one.number <= number)


def lacks(document: Entry, life: Life) -> tuple[str, ...]:
    """What keeps the newest version from being approved, in sentences; empty if nothing does."""
    found = []
    version = life.latest
    if version is None:
        return ("It has no text yet.",)
    if version.state in ("draft", "returned"):
        found.append("It has not been handed in for review.")
    elif version.state != "in review":
        found.append(f"Version {version.number} is {version.state}.")
    found += [] if document.owner else ["It has no owner."]
    found += [] if document.approver else ["It has no approver."]
    found += [] if document.review_months else ["Nobody has said how often it is reviewed."]
    found += [] if document.classification else ["It is not classified."]
    waiting = [one for one in addresses(document.reviewers) if one not in version.agreed]
    found += [f"{', '.join(waiting)} {'have' if len(waiting) > 1 else 'has'} not agreed yet."] if waiting else []
    return tuple(found)


def may_approve(document: Entry, life: Life, *, who: str, address: str, name: str) -> str:
    """Why somebody must not approve the newest version; "" if they may. `who`: their name in the ledger.

    Source: ISO/IEC 27001 A.5.3 (conflicting duties are apart).
    """
    version = life.latest
    if version is not None and who in authors_since(life, version.number):
        return f"{name} wrote a part of it, so somebody else has to approve it: four eyes see more."
    if document.approver.lower() != address.lower():
        return f"{document.approver or 'Nobody'} is its approver, not {name}."
    return ""


def review_by(months: int, on: date) -> date:
    """The last day on which a version in force or confirmed since a day counts without a review."""
    return months_after(on, months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A line of a text beside its next version: there in both, gone, or new; "…" stands for many that are the same."""

    kind: Literal["same", "gone", "new", "…"]
    text: str = ""


def changed_lines(before: str, after: str) -> tuple[Changed, ...]:
    """What differs between two versions of a text, line by line with three lines around; empty if nothing does."""
    old, new = before.splitlines(), after.splitlines()
    found: list[Changed] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(3):
        found += [Changed(kind="…")] if found or group[0][1] else []
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                found += [Changed(kind="same", text=line) for line in old[old_from:old_to]]
                continue
            found += [Changed(kind="gone", text=line) for line in old[old_from:old_to]]
            found += [Changed(kind="new", text=line) for line in new[new_from:new_to]]
    return tuple(found)
