"""`annexa soa`: the statement of applicability as it stands, its versions, what differs, decisions about controls."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words

LINES = ("framework", "control", "title", "applies", "why", "verdict", "owner")
VERSIONS = ("number", "state", "as_of", "asked_by", "decided_by", "because")
CHANGES = ("framework", "control", "field", "before", "after")
USUAL_DAYS = 365


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("soa", help="the statement of applicability", epilog="example: annexa soa show")
    below = found.add_subparsers(dest="what", required=True, metavar="show|versions|diff|decide|confirm")
    one = below.add_parser(
        "show",
        help="the statement as it stands, or one version of it",
        epilog="example: annexa soa show --version 1 -o statement.xlsx",
    )
    one.add_argument("--version", default="draft", metavar="N", help="its number (default: draft)")
    one.add_argument("-o", dest="out", type=Path, metavar="FILE", help="write a file: .xlsx, .csv or .json")
    words.add_format(one)
    one.set_defaults(run=show)
    two = below.add_parser("versions", help="every version", epilog="example: annexa soa versions")
    words.add_format(two)
    two.set_defaults(run=versions)
    three = below.add_parser(
        "diff", help="what differs between two versions", epilog="example: annexa soa diff 1 draft"
    )
    three.add_argument("old", help="a number, or draft")
    three.add_argument("new", nargs="?", default="draft", help="a number, or draft (the default)")
    words.add_format(three)
    three.set_defaults(run=diff)
    _add_deciding(below)


def _add_deciding(below: Any) -> None:
    from annexa.pure.soa import REASONS

    one = below.add_parser(
        "decide",
        help="say whether a control applies, and why",
        epilog="example: annexa soa decide A.7.11 --framework iso27001-2022 --out --because 'The landlord runs it'",
    )
    one.add_argument("control", help="its official number, such as A.7.11")
    one.add_argument("--framework", required=True, metavar="ID")
    ways = one.add_mutually_exclusive_group(required=True)
    ways.add_argument("--applies", action="store_true", help="it applies")
    ways.add_argument("--out", action="store_true", help="it does not apply")
    one.add_argument("--reason", action="append", default=[], choices=REASONS, help="why it applies; several times")
    one.add_argument("--because", default="", metavar="TEXT", help="the justification; needed to leave it out")
    one.add_argument("--until", metavar="DAY", help="the last day it is left out (default: in a year)")
    one.set_defaults(run=decide)
    two = below.add_parser(
        "confirm",
        help="follow what is proposed for controls nobody has decided on",
        epilog="example: annexa soa confirm --framework iso27001-2022 --theme A.5",
    )
    two.add_argument("--framework", default="", metavar="ID", help="only of this framework")
    two.add_argument("--theme", default="", metavar="ID", help="only of this group, such as A.5")
    two.set_defaults(run=confirm)


def show(args: argparse.Namespace) -> int:
    """Prints or writes the statement, and says what is missing and what contradicts it."""
    from annexa.answers.soa import DRAFT, draft, named_statement
    from annexa.answers.soa_files import export_statement
    from annexa.pure.permits import ANNEXA

    now = words.now()
    if args.out:
        kind = args.out.suffix.removeprefix(".")
        if kind not in {"csv", "xlsx", "json"}:
            words.say(f"annexa: {args.out} is none of .xlsx, .csv, .json.")
            return 2
        args.out.write_bytes(export_statement(actor=ANNEXA, which=args.version, file_format=kind, now=now))
        return 0
    if args.format == "json":
        words.dump(_json(args.version, now))
        return 0
    found = named_statement(actor=ANNEXA, which=args.version, now=now)
    applies = {True: "yes", False: "no", None: "undecided"}
    rows = [
        {
            "framework": one.framework, "control": one.requirement, "title": one.title, "applies": applies[one.applies],
            "why": ", ".join(one.reasons) or one.because, "verdict": str(one.verdict), "owner": one.owner,
        }
        for one in found.lines
    ]  # fmt: skip
    words.rows(rows, args.format, columns=LINES)
    if args.version == DRAFT:
        stands = draft(actor=ANNEXA, now=now)
        words.say(f"{len(stands.missing)} missing before it may be approved.")
        for one in stands.findings:
            words.say(f"Finding: {one.says}")
    return 0


def _json(which: str, now: Any) -> dict[str, Any]:
    from annexa.answers.soa import named_statement
    from annexa.pure.permits import ANNEXA
    from annexa.pure.soa import to_json

    return to_json(named_statement(actor=ANNEXA, which=which, now=now))


def versions(args: argparse.Namespace) -> int:
    """Prints the versions."""
    from annexa.answers.soa import list_versions
    from annexa.pure.permits import ANNEXA

    rows = [
        {
            "number": one.number, "state": one.state, "as_of": one.statement.at.isoformat(), "asked_by": one.asked_by,
            "decided_by": one.decided_by, "because": one.because,
        }
        for one in list_versions(actor=ANNEXA, now=words.now())
    ]  # fmt: skip
    words.rows(rows, args.format, columns=VERSIONS)
    return 0


def diff(args: argparse.Namespace) -> int:
    """Prints what differs, field by field. 1 if anything does."""
    from annexa.answers.soa import compare
    from annexa.pure.permits import ANNEXA

    found = compare(actor=ANNEXA, old=args.old, new=args.new, now=words.now())
    rows = [
        {
            "framework": one.key[0], "control": one.key[1], "field": name,
            "before": _said(one.old, name), "after": _said(one.new, name),
        }
        for one in found.changes
        for name in one.what
    ]  # fmt: skip
    words.rows(rows, args.format, columns=CHANGES)
    return 1 if rows else 0


def _said(line: Any, name: str) -> str:
    value = getattr(line, name, "")
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def decide(args: argparse.Namespace) -> int:
    """Decides about one control."""
    from datetime import timedelta

    from annexa.pure.soa import Choice

    now = words.now()
    until = (words.instant(args.until) or now + timedelta(days=USUAL_DAYS)).date()
    choice = Choice(
        framework=args.framework, requirement=args.control, applies=args.applies, because=args.because,
        reasons=tuple(args.reason) if args.applies else (),
    )  # fmt: skip
    return _decided([choice], until, now)


def confirm(args: argparse.Namespace) -> int:
    """Follows the proposals."""
    from datetime import timedelta

    from annexa.answers.soa import draft
    from annexa.pure.permits import ANNEXA

    now = words.now()
    found = draft(actor=ANNEXA, now=now)
    themes = {line.key: line.theme for line in found.statement.lines}
    choices = [
        one
        for key, one in found.proposals.items()
        if args.framework in ("", one.framework) and args.theme in ("", themes[key])
    ]
    return _decided(choices, (now + timedelta(days=USUAL_DAYS)).date(), now)


def _decided(choices: list[Any], until: Any, now: Any) -> int:
    from annexa.actions.sequencer import publish
    from annexa.actions.soa import decide_applicability
    from annexa.pure.permits import ANNEXA

    n = decide_applicability(actor=ANNEXA, person=None, choices=choices, until=until, now=now)
    publish()
    words.say(f"{n} decided.")
    return 0
