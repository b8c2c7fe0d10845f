"""What the command line says: rows as table, JSON or CSV on standard output, everything else on standard error."""

import argparse
import csv
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

FORMATS = ("table", "json", "csv")


class TypedError(ValueError):
    """What was typed cannot be taken; says what to type instead."""


def say(sentence: str) -> None:
    """A sentence for the person, not for a pipe."""
    print(sentence, file=sys.stderr, flush=True)


def now() -> datetime:
    """The instant at which a command acts."""
    return datetime.now(UTC)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Every command that prints rows lets one choose how."""
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to print (default: table)")


def add_because(parser: argparse.ArgumentParser) -> None:
    """Every decision says why."""
    parser.add_argument("--because", required=True, metavar="REASON", help="why; it stands in the ledger")


def by_people_only(args: argparse.Namespace) -> int:
    """Refuses what a person decides in their own name: here Annexa itself would act."""
    say(
        f"annexa: {args.command} {args.what} is for people, in their own name: over --server URL with a token of theirs"
        " in ANNEXA_TOKEN, or on the pages."
    )
    return 2


def add_at(parser: argparse.ArgumentParser) -> None:
    """Every command that judges can be asked for another date."""
    parser.add_argument("--at", metavar="T", help="a date or instant, past or future, such as 2026-11-20")


def add_hindsight(parser: argparse.ArgumentParser) -> None:
    """Commands that look back can be asked how it was instead of how it was known."""
    parser.add_argument("--hindsight", action="store_true", help="a past --at as we know now that it was")


def refuses_hindsight(at: datetime | None, now: datetime) -> bool:
    """Whether hindsight was asked of something that is not past; then that is said."""
    if at is not None and at < now:
        return False
    say("annexa: --hindsight looks back: give a past date or instant with --at, or leave it out.")
    return True


def tell_hindsight(later: int | None) -> None:
    """Says how many facts hindsight adds; nothing where it was not asked for."""
    if later is not None:
        facts = "1 fact that was true then was" if later == 1 else f"{later:,} facts that were true then were"
        say(f"As we know it now: {facts} learnt later.")


def instant(text: str | None, here: datetime | None = None) -> datetime | None:
    """The instant typed, None if none was; today means `here`, the instant at which the command acts. InstantError."""
    from annexa.pure.instants import parse_instant

    return parse_instant(text, now=here or now()) if text else None


def beginning(text: str | None) -> datetime | None:
    """The instant typed that something begins at, None if none was; a day means since it began. InstantError."""
    from annexa.pure.instants import parse_beginning

    return parse_beginning(text, now=now()) if text else None


def rows(found: Sequence[Mapping[str, Any]], how: str, *, columns: Sequence[str] | None = None) -> None:
    """Prints rows that all have the same columns."""
    names = list(columns or (found[0] if found else []))
    if how == "json":
        dump([{name: row[name] for name in names} for row in found])
    elif how == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_safe(row[name]) for name in names] for row in found)
    else:
        _table([[_cell(row[name]) for name in names] for row in found], names)


def dump(found: Any) -> None:
    """Prints JSON that a person can read and a program can parse."""
    json.dump(found, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def dump_rows(head: Mapping[str, Any], name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints JSON whose last list has one row on a line: thousands of rows are written four times as fast."""
    begun = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    sys.stdout.write(f'{begun},\n  "{name}": [\n{lines}\n  ]\n}}\n')


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return str(value)


def _safe(value: Any) -> str:
    """A cell of a file that somebody will open in a spreadsheet: no text of it is run. JSON has it as it is."""
    from annexa.pure.tables import with_guard

    # A bare carriage return is not quoted where lines end otherwise, and would begin a row of its own.
    return _cell(value) if isinstance(value, (int, float)) else with_guard(_cell(value).replace("\r", " "))


def _table(cells: list[list[str]], names: Sequence[str]) -> None:
    """Columns of their own width; the last one runs on."""
    widths = [min(60, max(len(name), *(len(row[i]) for row in cells), 1)) for i, name in enumerate(names)]
    for row in [list(names), *cells]:
        shown = [text if i == len(row) - 1 else _cut(text, widths[i]) for i, text in enumerate(row)]
        print("  ".join(shown).rstrip())


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


class Progress:
    """Says how far long work is, on standard error, once it has taken more than a second."""

    def __init__(self, what: str) -> None:
        self.what, self.started, self.said = what, time.monotonic(), 0.0

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total`."""
        here = time.monotonic()
        if here - self.started > 1 and (here - self.said > 0.5 or done == total):
            self.said = here
            say(f"{self.what}: {done:,} of {total:,}")


def of(error: Exception) -> str | None:
    """The sentence for an error that is the user's to mend; None for one that is ours."""
    from annexa.actions.errors import ActionError
    from annexa.activity import ActivityError
    from annexa.answers.errors import UnknownError
    from annexa.pure.instants import InstantError
    from annexa.records.snapshot import LedgerUnreadableError
    from annexa.vault import VaultError

    known: tuple[type[Exception], ...] = (
        ActionError, ActivityError, UnknownError, InstantError, VaultError, TypedError, LedgerUnreadableError,
    )  # fmt: skip
    if isinstance(error, known):
        return str(error)
    if isinstance(error, UnicodeError):
        return "what was given is not text in UTF-8."
    from django.db import DatabaseError

    if not isinstance(error, DatabaseError):
        return None
    if "no such table" in str(error) or "does not exist" in str(error):
        return "the database is not prepared for this version yet; annexa serve (or annexa demo) does that."
    return f"the database says: {error}"


def code_of(error: Exception) -> int:
    """3 for what could not be read or reached, 2 for what was asked wrongly."""
    from django.db import DatabaseError

    from annexa.activity import ActivityError
    from annexa.records.snapshot import LedgerUnreadableError
    from annexa.vault import VaultError
    from annexa.vault.sealing import PassphraseError

    if isinstance(error, PassphraseError):
        return 2
    return 3 if isinstance(error, (ActivityError, VaultError, DatabaseError, LedgerUnreadableError)) else 2


def of_os(error: OSError) -> str:
    """What the operating system refused, and where."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
