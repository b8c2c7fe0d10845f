"""`annexa ledger rebuild`: an installation whose records follow from nothing but the entries of a ledger."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexa.cli import words
from annexa.cli.checks import print_checks

if TYPE_CHECKING:
    from annexa.actions.rebuilding import Rebuilt
    from annexa.answers.ledger_sources import Source

NOT_TOLD = (
    "Not in the ledger, and so not rebuilt: who is signed in, saved views, who was mailed what and how they chose, "
    "what was sent to webhooks, when tokens were last used, when people were last here."
)


def add_parser(below: Any) -> None:
    """Adds the command."""
    one = below.add_parser(
        "rebuild",
        help="replay a ledger into an empty home: every record as its entries tell it",
        epilog="example: ANNEXA_HOME=/srv/annexa-new annexa ledger rebuild /srv/annexa",
    )
    one.add_argument("source", type=Path, metavar="FROM", help="a backup, or the home of a damaged installation")
    one.add_argument("--passphrase-file", type=Path, metavar="F", help="of the backup: the first line of F")
    one.add_argument(
        "--database-url-file", type=Path, metavar="F",
        help="of the home, if its database is elsewhere: the first line of F is its URL",
    )  # fmt: skip
    one.add_argument("--store", type=Path, metavar="FOLDER", help="of the home, if its bytes are elsewhere")
    one.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    one.set_defaults(run=rebuild, makes_home=True)


def rebuild(args: argparse.Namespace) -> int:
    """Replays it and says what people have to do anew. 1 if the ledger or a file does not hold."""
    from annexa.actions import rebuilding
    from annexa.pure.permits import ANNEXA
    from annexa.vault.archive import ArchiveDamagedError

    now = words.now()
    try:
        done = rebuilding.rebuild(actor=ANNEXA, source=_source(args), now=now, say=words.Progress)
    except ArchiveDamagedError as error:
        words.say(f"annexa: {error}")
        return 1
    except rebuilding.LedgerRefusedError as error:
        print_checks(error.checks)
        words.say(f"annexa: {error} Do what stands under it first.")
        return 1
    if args.format == "json":
        words.dump(_as_json(done))
    else:
        print_checks(done.checks)
        words.rows([{"table": name, "rows": many} for name, many in done.rows.items()], "table")
    for sentence in _left_to_do(done):
        words.say(sentence)
    words.say(
        f"Rebuilt from {done.source}: {sum(done.rows.values()):,} rows out of {done.size:,} entries. Entry "
        f"{done.position} of the ledger tells of it. Start with: annexa serve"
    )
    return 0 if done.holds else 1


def _source(args: argparse.Namespace) -> "Source":
    from annexa.actions.backups import read_passphrase
    from annexa.answers.ledger_sources import from_backup, from_home

    if args.source.is_dir():
        if args.passphrase_file:
            raise words.TypedError(f"{args.source} is a folder; --passphrase-file is for backups.")
        url = read_passphrase(args.database_url_file) if args.database_url_file else ""
        return from_home(args.source, url=url, store=args.store, now=words.now())
    if args.database_url_file or args.store:
        raise words.TypedError(f"{args.source} is no folder; --database-url-file and --store are for homes.")
    passphrase = read_passphrase(args.passphrase_file) if args.passphrase_file else None
    return from_backup(args.source, passphrase, say=words.Progress)


def _left_to_do(done: "Rebuilt") -> Iterator[str]:
    """What is not as it was, each with what to do about it."""
    for sentence in done.lost:
        yield f"MISSING  {sentence}"
    for (kind, column), many in done.older.items():
        yield f"{many:,} records of the kind {kind} have the default of {column}: their entries are older than it."
    if done.passwords:
        yield (
            f"The ledger keeps no passwords. {len(done.passwords):,} people need a new one, unless they sign in at a "
            f"provider: annexa people password EMAIL. They are {', '.join(done.passwords)}."
        )
    if done.factors:
        yield (
            f"Nor what second factors are proven with. Those of {', '.join(done.factors)} have ended; they add new "
            "ones once they are in."
        )
    if done.receivers:
        yield f"{done.receivers:,} webhooks are told what comes from now on."
    yield NOT_TOLD


def _as_json(done: "Rebuilt") -> dict[str, Any]:
    return {
        "source": done.source,
        "size": done.size,
        "rows": dict(done.rows),
        "checks": [
            {"name": one.name, "outcome": one.outcome, "what": one.what, "findings": list(one.findings)}
            for one in done.checks
        ],
        "missing": list(done.lost),
        "defaults": [
            {"kind": kind, "column": column, "rows": many} for (kind, column), many in done.older.items()
        ],
        "passwords": list(done.passwords),
        "second_factors": list(done.factors),
        "webhooks": done.receivers,
        "entry": done.position,
    }  # fmt: skip
