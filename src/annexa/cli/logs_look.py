"""`annexa logs query`, `export`, `sample` and `source`: what systems did, found and taken along; what sends it."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from annexa.cli import words

FORMATS = ("csv", "ndjson", "parquet")
_TABLE = ("at", "kind", "model", "user", "outcome", "latency_ms", "conversation", "leaf")
"""What fits a line of a terminal."""


def add_parsers(below: Any) -> None:
    """Adds what looks into the log to `annexa logs`."""
    one = below.add_parser(
        "query",
        help="events of an AI system, the latest first",
        epilog="example: annexa logs query chatbot --text refund --since 2026-10-01",
    )
    _filters(one)
    one.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many (default: 50)")
    words.add_format(one)
    one.set_defaults(run=query)
    two = below.add_parser(
        "export",
        help="every event of an AI system as a file",
        epilog="example: annexa logs export chatbot --since 2026-10-01 --to parquet -o chatbot.parquet",
    )
    _filters(two)
    two.add_argument("--to", choices=FORMATS, default="csv", help="what kind of file (default: csv)")
    two.add_argument("-o", dest="file", metavar="FILE", help="where (default: standard output)")
    two.set_defaults(run=export)
    three = below.add_parser(
        "sample",
        help="draw events to be looked at, by a seed, on record",
        epilog="example: annexa logs sample chatbot --size 25 --because 'Review of the quarter'",
    )
    _filters(three)
    three.add_argument("--size", type=int, default=25, metavar="N", help="how many (default: 25)")
    three.add_argument("--seed", default="", metavar="WORD", help="draws the same again (default: one of chance)")
    three.add_argument("--because", required=True, metavar="REASON", help="what it is for; it stands in the ledger")
    words.add_format(three)
    three.set_defaults(run=sample)
    _source_parsers(below)


def _filters(one: argparse.ArgumentParser) -> None:
    one.add_argument("system", help="the short name of the AI system")
    one.add_argument("--since", metavar="T", help="from this date or instant on (default: 30 days ago)")
    one.add_argument("--until", metavar="T", help="until a date, taken along, or an instant, left out (default: now)")
    one.add_argument(
        "--kind", nargs="+", default=[], action="extend", metavar="KIND", help="such as inference, tool_call"
    )
    one.add_argument("--model", nargs="+", default=[], action="extend", metavar="MODEL", help="by these models")
    one.add_argument(
        "--outcome", nargs="+", default=[], action="extend", metavar="WORD", help="such as ok, error, refused"
    )
    one.add_argument("--user", default="", metavar="USER", help="of this user, as kept")
    one.add_argument("--text", default="", metavar="TEXT", help="stands in the input or output")
    one.add_argument("--conversation", default="", metavar="ID", help="of this conversation")
    one.add_argument("--failed", action="store_true", help="only what went wrong")


def _source_parsers(below: Any) -> None:
    found = below.add_parser("source", help="what sends events", epilog="example: annexa logs source list")
    sub = found.add_subparsers(dest="step", required=True, metavar="list|open|rules|token|close")
    one = sub.add_parser("list", help="every source", epilog="example: annexa logs source list --format json")
    words.add_format(one)
    one.set_defaults(run=list_all)
    two = sub.add_parser(
        "open",
        help="have events taken from a program; its token is printed once and never again",
        epilog="example: annexa logs source open gateway --rule 'service.name is shop → chatbot' --because 'All AI'",
    )
    two.add_argument("slug", help="its short name: small letters, digits, hyphens")
    two.add_argument("--name", help="its name for people (default: the short one)")
    two.add_argument("--system", default="", metavar="SLUG", help="all its events are of this AI system")
    _rules(two)
    two.add_argument("--because", default="", metavar="REASON", help="what it is for")
    two.set_defaults(run=open_one)
    three = sub.add_parser(
        "rules",
        help="say anew whose its events are, from now on",
        epilog="example: annexa logs source rules gateway --rule 'service.name begins shop → chatbot' --because Moved",
    )
    three.add_argument("slug", help="its short name")
    _rules(three)
    three.add_argument("--because", required=True, metavar="REASON", help="why")
    three.set_defaults(run=rules)
    four = sub.add_parser(
        "token", help="another token for a source", epilog="example: annexa logs source token gateway"
    )
    four.add_argument("slug", help="its short name")
    four.set_defaults(run=token)
    five = sub.add_parser(
        "close",
        help="take nothing from a source any more",
        epilog="example: annexa logs source close gateway --because 'Replaced'",
    )
    five.add_argument("slug", help="its short name")
    five.add_argument("--because", required=True, metavar="REASON", help="why")
    five.set_defaults(run=close)


def _rules(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--rule", nargs="+", default=[], action="extend", metavar="RULE",
        help="'ATTRIBUTE is VALUE → SYSTEM' or 'ATTRIBUTE begins VALUE → SYSTEM', in order; -> does for the arrow",
    )  # fmt: skip


def query(args: argparse.Namespace) -> int:
    """Prints events, one a row."""
    from annexa.answers.activity import activity_of
    from annexa.answers.activity_parts import instant
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    with _files_on_their_way():
        found = activity_of(actor=ANNEXA, slug=args.system, asked=_asked(args), step=_day(), limit=max(1, args.limit))
    names = (
        "kind", "name", "model", "user", "outcome", "error", "conversation", "input_tokens", "output_tokens", "cost",
        "currency", "input", "output",
    )  # fmt: skip
    words.rows(
        [
            {
                "at": rfc3339(instant(one.event.at)),
                **{name: getattr(one.event, name) for name in names},
                "latency_ms": one.latency_ms,
                "sealed": one.sealed,
                "leaf": one.leaf,
            }
            for one in found.events
        ],
        args.format,
        columns=_TABLE if args.format == "table" else ("at", *names, "latency_ms", "sealed", "leaf"),
    )
    if found.more:
        words.say(f"{found.over.total.events:,} events fit; raise --limit, or annexa logs export {args.system}.")
    return 0


def export(args: argparse.Namespace) -> int:
    """Writes the file while it is read."""
    from annexa.answers.activity_files import exporting
    from annexa.pure.permits import ANNEXA

    with _files_on_their_way():
        found = exporting(actor=ANNEXA, slug=args.system, asked=_asked(args), chosen=args.to)
    written = 0
    stream = open(args.file, "wb") if args.file else sys.stdout.buffer  # noqa: SIM115, PTH123  closed below
    try:
        for part in found.parts:
            stream.write(part)
            written += len(part)
        stream.flush()
    finally:
        if args.file:
            stream.close()
    words.say(f"{written:,} bytes written{f' to {args.file}' if args.file else ''}.")
    return 0


def sample(args: argparse.Namespace) -> int:
    """Draws, records and prints a sample."""
    from annexa.actions.activity import draw_sample
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    with _files_on_their_way():
        made = draw_sample(
            actor=ANNEXA, person=None, system=args.system, asked=_asked(args), size=args.size, seed=args.seed,
            because=args.because, now=words.now(),
        )  # fmt: skip
    publish()
    words.say(f"{made.size} of {made.population:,} events drawn by the seed {made.seed!r}; it stands in the ledger.")
    words.rows([{"leaf": leaf} for leaf in made.leaves], args.format, columns=("leaf",))
    return 0


def list_all(args: argparse.Namespace) -> int:
    """Lists every source."""
    from annexa.answers.activity_sources import list_sources
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    words.rows(
        [
            {
                "slug": one.source.slug,
                "name": one.source.name,
                "state": "closed" if one.closed else "open",
                "system": one.source.system,
                "rules": [rule.said() for rule in one.rules],
                "tokens": len(one.tokens),
                "heard_at": rfc3339(one.heard_at),
            }
            for one in list_sources(actor=ANNEXA, now=words.now())
        ],
        args.format,
        columns=("slug", "name", "state", "system", "rules", "tokens", "heard_at"),
    )
    return 0


def open_one(args: argparse.Namespace) -> int:
    """Opens a source; prints its token on standard output, and what it is on standard error."""
    from annexa.actions.activity_sources import open_source
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    made, text = open_source(
        actor=ANNEXA, person=None, slug=args.slug, name=args.name or args.slug, system=args.system,
        rules=_said(args.rule), because=args.because, now=words.now(),
    )  # fmt: skip
    publish()
    words.say(f"The source {made.slug} is open. Its token is shown only now; keep it.")
    sys.stdout.write(f"{text}\n")
    return 0


def rules(args: argparse.Namespace) -> int:
    """Gives a source other rules."""
    from annexa.actions.activity_sources import change_source_rules
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    made = change_source_rules(
        actor=ANNEXA, person=None, source=args.slug, rules=_said(args.rule), because=args.because,
        now=words.now(),
    )  # fmt: skip
    publish()
    print(f"From now on {len(made.rules)} rules say whose the events of {args.slug} are.")
    return 0


def token(args: argparse.Namespace) -> int:
    """Makes and prints another token."""
    from annexa.actions.activity_sources import renew_source_token
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    made, text = renew_source_token(actor=ANNEXA, person=None, source=args.slug, now=words.now())
    publish()
    words.say(f"Token {made.id} for {args.slug}, until {made.expires_at:%Y-%m-%d}. It is shown only now; keep it.")
    sys.stdout.write(f"{text}\n")
    return 0


def close(args: argparse.Namespace) -> int:
    """Closes a source."""
    from annexa.actions.activity_sources import close_source
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    close_source(actor=ANNEXA, person=None, source=args.slug, because=args.because, now=words.now())
    publish()
    print(f"Nothing is taken from {args.slug} any more.")
    return 0


def _files_on_their_way() -> AbstractContextManager[None]:
    """Waits for files that have to come from a bucket, and says how many bytes did."""
    from annexa.answers.activity_store import patiently

    return patiently(words.Progress("fetching bytes"))


def _asked(args: argparse.Namespace) -> Any:
    from annexa.activity.query import Asked
    from annexa.answers.activity import READERS
    from annexa.answers.activity_parts import microseconds

    now = words.now()
    until = words.instant(args.until) if args.until else now + timedelta(minutes=5)
    since = words.beginning(args.since) or now - timedelta(days=30)
    assert until is not None  # noqa: S101  as given or made above
    return Asked(
        since=microseconds(since), until=microseconds(until), kinds=tuple(args.kind), models=tuple(args.model),
        outcomes=tuple(args.outcome), user=args.user, text=args.text, conversation=args.conversation,
        failed=args.failed, without_source="" if "access" in args.kind else READERS,
    )  # fmt: skip


def _said(lines: Sequence[str]) -> list[dict[str, str]]:
    from annexa.pure.activity_sources import rules_said

    try:
        return rules_said("\n".join(lines))
    except ValueError as error:
        raise words.TypedError(str(error)) from error


def _day() -> int:
    from annexa.activity.query import DAY_US

    return DAY_US
