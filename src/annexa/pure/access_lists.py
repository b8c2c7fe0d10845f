"""Lists of who has access to what: which column of a file means what, what each row says, and what is wrong in it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

from annexa.pure.cells import decide_day_first, read_date
from annexa.pure.tables import Problem, Row, Table, without_guard
from annexa.pure.words import fold, plain_words, says

Right = Literal["administer", "deploy", "retrain", "modify", "read logs", "use", "unknown"]
RIGHTS: tuple[Right, ...] = get_args(Right)
"""Kinds of right, the gravest first; `unknown` where neither the list nor its words say."""
MOST_LINES = 20_000
LONGEST = 300
"""Characters that an account, a name, an address or a role may have."""

FIELDS: Mapping[str, str] = {
    "account": "Account",
    "person": "Person",
    "email": "Email",
    "entitlement": "Role or entitlement",
    "right": "Kind of right",
    "last_used": "Last used",
    "granted": "Granted",
    "active": "Active",
}
"""What a line of a list can say, and what people call it."""

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "username", "user name", "user id", "userid", "login", "login name", "sign in name",
                "user principal name", "userprincipalname", "upn", "samaccountname", "principal", "identity", "user",
                "account name", "member", "service account", "id"),
    "person": ("person", "name", "full name", "display name", "displayname", "holder", "owner", "employee",
               "account owner", "member name"),
    "email": ("email", "e mail", "mail", "email address", "e mail address", "user email", "primary email"),
    "entitlement": ("entitlement", "entitlements", "role or entitlement", "role", "roles", "permission", "permissions",
                    "group", "groups", "access", "access level", "privilege", "privileges", "profile", "group name",
                    "role name", "scope", "scopes"),
    "right": ("kind of right", "right", "rights", "power", "kind of access", "type of access"),
    "last_used": ("last used", "last use", "last login", "last sign in", "last signin", "last activity", "last seen",
                  "last access", "last active", "lastlogondate", "last logon", "last log in", "last accessed"),
    "granted": ("granted", "granted at", "granted on", "created", "created at", "created on", "since", "start date",
                "assigned", "assigned at", "valid from", "date granted"),
    "active": ("active", "enabled", "account enabled", "status", "account status", "state"),
}  # fmt: skip
"""The headings under which exports are known to keep each, best first; compared without case and punctuation."""

RIGHT_WORDS: tuple[tuple[Right, tuple[str, ...]], ...] = (
    ("administer", ("administer", "admin", "administrator", "administrators", "admins", "owner", "root", "superuser",
                    "super user", "sysadmin", "global admin", "full control", "full access", "all")),
    ("deploy", ("deploy", "deployer", "deployment", "release", "releaser", "publish", "publisher", "promote",
                "release manager")),
    ("retrain", ("retrain", "train", "trainer", "training", "fine tune", "finetune", "fine tuning", "ml engineer",
                 "data scientist")),
    ("modify", ("modify", "write", "writer", "edit", "editor", "change", "contributor", "developer", "maintainer",
                "maintain", "push", "update", "configure", "prompt editor", "lead")),
    ("read logs", ("read logs", "logs", "log", "log reader", "audit", "auditor", "auditors", "monitoring")),
    ("use", ("use", "user", "users", "read", "reader", "viewer", "view", "member", "guest", "invoke", "consumer")),
)  # fmt: skip
"""Words of a role by which its kind of right is guessed; the gravest that occurs holds."""
YES, NO = ("yes", "true", "1", "active", "enabled", "y", "on"), (
    "no", "false", "0", "inactive", "disabled", "n", "off", "suspended", "locked", "left", "deprovisioned",
    "terminated",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLine:
    """One right that somebody or something has: an account, whose it is, to what, since when, last used when.

    `number`: the row of the file. `active`: "yes", "no" or "" where the list does not say. `ref`: for Annexa's own
    access the record it stands for, such as api_token/…; else "".
    """

    number: int
    account: str
    person: str = ""
    email: str = ""
    entitlement: str = ""
    right: Right = "unknown"
    last_used: date | None = None
    granted: date | None = None
    active: str = ""
    ref: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By what the same right is known again in another list."""
        return fold(self.account), fold(self.entitlement)

    def kept(self) -> dict[str, Any]:
        """As plain JSON values."""
        dated = {name: one.isoformat() if one else None for name, one in _days(self).items()}
        return {**asdict(self), **dated}


def _days(line: AccessLine) -> dict[str, date | None]:
    return {"last_used": line.last_used, "granted": line.granted}


def line_of(kept: Mapping[str, Any]) -> AccessLine:
    """A line from what `kept` wrote."""
    dated = {name: date.fromisoformat(kept[name]) if kept[name] else None for name in ("last_used", "granted")}
    return AccessLine(**{**kept, **dated})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessColumn:
    """One thing a line says, the column it is read from, and why."""

    field: str
    column: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPlan:
    """What importing a list would take, everything that keeps it from being taken, and what people should know."""

    lines: tuple[AccessLine, ...]  # only rows without a problem
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    columns: tuple[AccessColumn, ...]
    guess: tuple[AccessColumn, ...]

    def column_of(self, field: str) -> str:
        """The column something is read from; "" if none."""
        return next((one.column for one in self.columns if one.field == field), "")


def guess_access_columns(header: Sequence[str]) -> tuple[AccessColumn, ...]:
    """Which column means what, by its heading; no column twice."""
    found: dict[str, AccessColumn] = {}
    taken: set[str] = set()
    plain = {name: plain_words(name) for name in header}
    for field, usual in HEADINGS.items():
        for heading in usual:
            column = next((name for name in header if plain[name] == heading and name not in taken), None)
            if column is not None:
                found[field] = AccessColumn(field=field, column=column, because=f"its heading is “{column}”")
                taken.add(column)
                break
    if "account" not in found:
        instead = found.get("email") or found.get("person")
        if instead is not None:
            because = f"no column names the account, so “{instead.column}” stands for it"
            found["account"] = AccessColumn(field="account", column=instead.column, because=because)
    return tuple(found[field] for field in FIELDS if field in found)


def plan_access(table: Table, said: Mapping[str, str] | None = None, *, day_first: bool | None = None) -> AccessPlan:
    """Say what importing a list would take, row by row, without taking it.

    `said`: for what somebody chose, the column by field; "" for none. `day_first` None: decided column by column.
    """
    guess = guess_access_columns(table.header)
    columns = _chosen(guess, said or {}, table.header)
    by_field = {one.field: one.column for one in columns}
    if "account" not in by_field:
        message = "no column names the account or the person; say which one does"
        problem = Problem(row=0, column="", message=message)
        return AccessPlan(lines=(), problems=(problem, *table.problems), notes=(), columns=columns, guess=guess)
    problems = list(table.problems)
    if len(table.rows) > MOST_LINES:
        message = f"has {len(table.rows):,} rows; a list may have {MOST_LINES:,}. Split it by system"
        problems.append(Problem(row=0, column="", message=message))
    places = {field: table.header.index(column) for field, column in by_field.items()}
    order: dict[str, bool] = {
        field: _day_first(table.rows, places[field], day_first) for field in ("last_used", "granted") if field in places
    }
    lines, unread = [], 0
    for row in table.rows:
        line, wrong, unsaid = _read(row, places, by_field, order)
        unread += unsaid
        problems += wrong
        if not wrong:
            lines.append(line)
    bad = {problem.row for problem in problems}
    taken = tuple(line for line in lines if line.number not in bad)
    problems.sort(key=lambda problem: problem.row)
    notes = _notes(taken, by_field, unread)
    return AccessPlan(lines=taken, problems=tuple(problems), notes=notes, columns=columns, guess=guess)


def right_of(text: str) -> Right:
    """The kind of right that words of a role speak of; the gravest of several, `unknown` if none does."""
    words = plain_words(text)
    return next((right for right, known in RIGHT_WORDS if any(says(words, one) for one in known)), "unknown")


def _chosen(guess: Sequence[AccessColumn], said: Mapping[str, str], header: Sequence[str]) -> tuple[AccessColumn, ...]:
    found = {one.field: one for one in guess if one.field not in said}
    for field, column in said.items():
        if field in FIELDS and column in header:
            found[field] = AccessColumn(field=field, column=column, because="chosen here")
    return tuple(found[field] for field in FIELDS if field in found)


def _day_first(rows: Sequence[Row], place: int, said: bool | None) -> bool:
    return said if said is not None else bool(decide_day_first([row.cells[place] for row in rows]))


def _read(
    row: Row, places: Mapping[str, int], columns: Mapping[str, str], order: Mapping[str, bool]
) -> tuple[AccessLine, list[Problem], int]:
    """One row as a line, what is wrong in it, and how many of its cells say nothing that is understood."""
    cells = {field: without_guard(" ".join(row.cells[place].split())) for field, place in places.items()}
    problems = []
    unread = 0

    def wrong(field: str, message: str) -> None:
        problems.append(Problem(row=row.number, column=columns[field], message=message, value=cells[field]))

    if not cells["account"]:
        wrong("account", "is empty; every line needs an account")
    for field in ("account", "person", "email", "entitlement"):
        if len(cells.get(field, "")) > LONGEST:
            wrong(field, f"has {len(cells[field]):,} characters; {LONGEST} are allowed")
    days: dict[str, date | None] = {}
    for field, day_first in order.items():
        read = read_date(cells[field], day_first=day_first) if cells[field] else None
        days[field] = read.value if read else None
        if read is not None and read.problem:
            wrong(field, read.problem)
        unread += read is not None and read.unread and not read.problem
    line = AccessLine(
        number=row.number,
        account=cells["account"],
        person=cells.get("person", ""),
        email=cells.get("email", "") or (cells["account"] if "@" in cells["account"] else ""),
        entitlement=cells.get("entitlement", ""),
        last_used=days.get("last_used"),
        granted=days.get("granted"),
        active=_active(cells.get("active", "")),
    )
    said = cells.get("right", "")
    right = right_of(said) if said else right_of(line.entitlement)
    return replace(line, right=right), problems, unread


def _active(text: str) -> str:
    words = plain_words(text)
    return "yes" if words in YES else "no" if words in NO else ""


def _notes(lines: Sequence[AccessLine], columns: Mapping[str, str], unread: int) -> tuple[str, ...]:
    found = []
    if "entitlement" not in columns and "right" not in columns:
        found.append("No column says which role or right each line is about; every kind of right stays unknown.")
    elif guessed := sum(one.right != "unknown" for one in lines) if "right" not in columns else 0:
        found.append(
            f"The kind of right of {guessed:,} of {len(lines):,} lines was guessed from the words of the role."
        )
    if "last_used" not in columns:
        found.append("No column says when an account was last used, so none can be found dormant.")
    if unread:
        found.append(
            f"{unread:,} {'cell holds' if unread == 1 else 'cells hold'} no date that could be read; left out."
        )
    return tuple(found)
