"""`annexa`: the command line. Reads the words, calls the same answers and actions as the pages, prints the result.

Exit codes: 0 yes or done, 1 a clear no, 2 wrong use or bad input, 3 could not reach or read what it needed.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from annexa.cli import (
    acceptances,
    access,
    assess,
    backups,
    classify,
    concentration,
    diligence,
    documents,
    evidence,
    exceptions,
    frameworks,
    governance,
    grants,
    groups,
    imports,
    ledger,
    lineage,
    logs,
    mails,
    monitors,
    oversight,
    packs,
    path,
    people,
    posture,
    records,
    resolve,
    serve,
    soa,
    tokens,
    training,
    units,
    uses,
    words,
)

Run = Callable[[argparse.Namespace], int]

_ABOUT_RECORDS = (
    imports, records, lineage, concentration, frameworks, resolve, classify, posture, soa, path, evidence, ledger, logs,
    packs, people, units, governance, grants, groups, training, documents, exceptions, uses, acceptances, diligence,
    oversight, monitors,
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command."""
    found = argparse.ArgumentParser(
        prog="annexa",
        description="One management system for AI governance and information security.",
        epilog="annexa COMMAND --help shows an example of each.",
    )
    found.add_argument(
        "--server", metavar="URL", help="ask another server over its API, with the token in ANNEXA_TOKEN"
    )
    sub = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for area in (serve, *_ABOUT_RECORDS, assess, access, backups, tokens, mails):
        area.add_parsers(sub)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. A user never sees a traceback."""
    args = parser().parse_args(argv)
    if getattr(args, "needs_django", True) and not args.server:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annexa.settings")
        if not getattr(args, "makes_home", False) and (refusal := _nothing_there(args)):
            words.say(f"annexa: {refusal}")
            return 3
        import django

        django.setup()
    try:
        run: Run = _remote if args.server else args.run
        return run(args)
    except KeyboardInterrupt:
        words.say("Stopped; nothing half-done was kept.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        words.say(f"annexa: {words.of_os(error)}")
        return 3
    except Exception as error:
        sentence = words.of(error)
        if sentence is None:
            raise
        words.say(f"annexa: {sentence}")
        return words.code_of(error)


def _nothing_there(args: argparse.Namespace) -> str:
    """Why a command that only looks, or adds to what is there, has nothing to look at; "" if it has.

    It makes nothing in a folder that may be the wrong one. Commands about the library alone may look before the start.
    """
    from django.conf import settings

    database = settings.DATABASES["default"]
    name = str(database["NAME"])
    if "sqlite" in database["ENGINE"]:
        if "memory" in name or (Path(name).is_file() and Path(name).stat().st_size):
            return ""
        where = f"{settings.HOME} has no Annexa in it"
        where = where if Path(name) == settings.HOME / "annexa.sqlite3" else f"{name} is no database of Annexa"
    elif any((settings.HOME / one).exists() for one in ("keys", "secret.key", "ledger-origin")):
        return ""
    else:
        where = f"{settings.HOME} has no Annexa in it"
    if getattr(args, "looks_before", False) or getattr(args, "facts", None):
        database["ENGINE"], database["NAME"] = "django.db.backends.sqlite3", ":memory:"
        return ""
    return (
        f"{where}. Name the right folder with ANNEXA_HOME, or begin there with annexa serve, or annexa demo to try it."
    )


def _remote(args: argparse.Namespace) -> int:
    """Only who asks another server brings in what speaks to one."""
    from annexa.cli import remote

    return remote.run(args)


if __name__ == "__main__":
    sys.exit(main())
