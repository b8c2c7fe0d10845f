"""Access reviews: what of a list is worth a look, what changed since the last one, and whether a review is complete."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from annexa.pure.access_lists import AccessLine
from annexa.pure.words import fold, plain_words

Decision = Literal["keep", "change", "revoke"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
Flag = Literal[
    "still there", "leaver", "self", "nobody named", "shared", "administers", "two powers", "dormant", "duplicate",
    "new", "changed",
]  # fmt: skip
FLAGS: tuple[Flag, ...] = get_args(Flag)
"""Why a line is worth a look, the gravest first."""

COUNTS_FOR = timedelta(days=100)
"""How long a finished review counts, from the day its list was taken: a quarter, and ten days to get through it."""
DORMANT = timedelta(days=90)
CARRY_OUT = timedelta(days=7)
"""How long there is to carry out a decision: five working days."""
POWERS = frozenset({"modify", "retrain"})
"""The powers to change a system; who also releases it, or approves it, has no second pair of eyes over them."""
SHARED = frozenset(
    {"shared", "generic", "guest", "test", "demo", "team", "everyone", "everybody", "all", "default", "common",
     "helpdesk", "support", "operator", "root"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of people: those who may sign in, those who no longer may, and those who approve for the
    organisation; each as folded addresses and names."""

    people: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The decision that holds about a line."""

    decision: Decision
    to: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The last finished review of the same list: its lines and what was decided about them, by row."""

    lines: tuple[AccessLine, ...]
    settled: Mapping[int, Settled]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A list beside the last one: rows that are new, rows that say something else now (with what), lines that are gone,
    and rows that were revoked, or were to change, and are still as they were (with what was decided)."""

    new: frozenset[int] = frozenset()
    changed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    gone: tuple[AccessLine, ...] = ()
    still_there: Mapping[int, Settled] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a review is: lines by decision."""

    total: int
    keep: int = 0
    change: int = 0
    revoke: int = 0

    @property
    def decided(self) -> int:
        """How many lines are decided."""
        return self.keep + self.change + self.revoke

    @property
    def undecided(self) -> int:
        """How many are not."""
        return self.total - self.decided

    @property
    def complete(self) -> bool:
        """Whether every line is decided. Of nothing, nothing is complete."""
        return bool(self.total) and not self.undecided


def progress_of(total: int, decisions: Iterable[str]) -> Progress:
    """How far a review of so many lines is, from the decision that holds about each decided one."""
    counts = Counter(decisions)
    return Progress(total=total, keep=counts["keep"], change=counts["change"], revoke=counts["revoke"])


def marks_of(line: AccessLine) -> frozenset[str]:
    """By what a line is known to be somebody's: address, account, and the name where there is no address."""
    said = (line.email, line.account, "" if line.email else line.person)
    return frozenset(fold(one) for one in said if one.strip())


def flags_of(
    lines: Sequence[AccessLine], *, known: Known, me: frozenset[str], at: date, compared: Comparison
) -> dict[int, tuple[Flag, ...]]:
    """Why each line is worth a look, by row, the gravest first; lines that are not are left out.

    `me`: the folded address, account and name of who looks. `at`: the day the list was taken.
    """
    powers: dict[str, set[str]] = defaultdict(set)
    holders: dict[str, set[str]] = defaultdict(set)
    twice = Counter(one.key for one in lines)
    uses_told = any(one.last_used for one in lines)
    for one in lines:
        powers[_holder(one)].add(one.right)
        holders[fold(one.account)] |= {fold(one.email or one.person)} - {""}
    found: dict[int, tuple[Flag, ...]] = {}
    for one in lines:
        marks, held = marks_of(one), powers[_holder(one)]
        # What hangs on several lines, or on others' records, comes from what was gathered above.
        reasons: dict[Flag, bool] = {
            "still there": one.number in compared.still_there,
            "leaver": one.active == "no" or bool(marks & known.left),
            "self": bool(marks & me),
            "nobody named": not one.person and not one.email and not marks & known.people,
            "shared": _shared(one) or len(holders[fold(one.account)]) > 1,
            "administers": one.right == "administer",
            "two powers": _two_powers(one, held, approves=bool(marks & known.approvers)),
            "dormant": _dormant(one, at, uses_told=uses_told),
            "duplicate": twice[one.key] > 1,
            "new": one.number in compared.new,
            "changed": one.number in compared.changed,
        }
        if flags := tuple(flag for flag in FLAGS if reasons[flag]):
            found[one.number] = flags
    return found


def compare(now: Sequence[AccessLine], before: Earlier | None) -> Comparison:
    """What is new, changed, gone, and still there though it was revoked, since the last finished review.

    The same right is known by account and role; of several alike, the first is compared with the first.
    """
    if before is None:
        return Comparison()
    earlier: dict[tuple[str, str], list[AccessLine]] = defaultdict(list)
    for one in before.lines:
        earlier[one.key].append(one)
    new, changed, still = set(), {}, {}
    for line in now:
        if not earlier.get(line.key):
            new.add(line.number)
            continue
        old = earlier[line.key].pop(0)
        if differs := _differences(old, line):
            changed[line.number] = differs
        settled = before.settled.get(old.number)
        if settled is not None and (settled.decision == "revoke" or (settled.decision == "change" and not differs)):
            still[line.number] = settled
    gone = tuple(one for left in earlier.values() for one in left)
    return Comparison(
        new=frozenset(new), changed=changed, gone=tuple(sorted(gone, key=lambda one: one.number)), still_there=still
    )


def carried_out(line: AccessLine, decision: str, later: Iterable[AccessLine]) -> bool:
    """Whether a later list shows that a decision was carried out: gone if it was revoked, no more as it was if it was
    to change."""
    same = [one for one in later if one.key == line.key]
    return not same or (decision == "change" and all(_differences(line, one) for one in same))


def decide_problems(
    *, lines: Sequence[AccessLine], decision: str, to: str, because: str, me: frozenset[str]
) -> dict[str, list[str]]:
    """Everything that is wrong with deciding these lines like this, by field: four eyes, reason, to what it changes."""
    problems: dict[str, list[str]] = {}
    if not lines:
        problems["lines"] = ["Choose at least one line."]
    if decision not in DECISIONS:
        problems["decision"] = [f"{decision!r} is no decision; use {', '.join(DECISIONS)}."]
    if not because.strip():
        problems["because"] = ["Give the reason; it is kept with every line it decides."]
    if decision == "change" and not to.strip():
        problems["to"] = ["Say to what it changes, such as a lesser role."]
    own = [one for one in lines if marks_of(one) & me]
    if own:
        said = ", ".join(f"row {one.number} ({one.account})" for one in own[:5]) + (", …" if len(own) > 5 else "")
        problems.setdefault("lines", []).append(
            f"Nobody decides about their own access: {said}. Leave it to another reviewer."
        )
    return problems


def undecidable(lines: Iterable[AccessLine], reviewers: Sequence[frozenset[str]]) -> tuple[AccessLine, ...]:
    """Lines that none of the reviewers may decide, because each of them has that access."""
    return tuple(one for one in lines if all(marks_of(one) & marks for marks in reviewers))


def counts_until(taken_at: Iterable[datetime]) -> datetime:
    """Until when (exclusive) a finished review counts: from its oldest list on. Raises ValueError for no list."""
    return min(taken_at) + COUNTS_FOR


def _holder(line: AccessLine) -> str:
    return fold(line.email or line.person or line.account)


def _shared(line: AccessLine) -> bool:
    return bool(SHARED & set(plain_words(line.account.partition("@")[0]).split()))


def _two_powers(line: AccessLine, held: set[str], *, approves: bool) -> bool:
    """Whether this line lets one holder change the system and release it, or change or release it and approve."""
    if line.right in POWERS:
        return approves or "deploy" in held
    return line.right == "deploy" and (approves or bool(POWERS & held))


def _dormant(line: AccessLine, at: date, *, uses_told: bool) -> bool:
    """Not used for long; or never, though the list tells of uses and it was granted long ago."""
    if line.last_used is not None:
        return line.last_used < at - DORMANT
    return uses_told and line.granted is not None and line.granted < at - DORMANT


def _differences(old: AccessLine, new: AccessLine) -> tuple[str, ...]:
    pairs = (("person", "Person"), ("email", "Email"), ("right", "Kind of right"), ("active", "Active"))
    return tuple(
        f"{label}: {getattr(old, name) or 'not said'} → {getattr(new, name) or 'not said'}"
        for name, label in pairs
        if fold(getattr(old, name)) != fold(getattr(new, name))
    )
