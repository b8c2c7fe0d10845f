"""`annexa ledger`: its head, an entry with its proof, the latest entries, and its verification."""

import argparse
import sys
from pathlib import Path
from typing import Any

from annexa.cli import rebuild, words
from annexa.cli.checks import print_checks


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "ledger", help="head, prove, tail, verify, rebuild", epilog="example: annexa ledger head --format json"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="head|prove|tail|verify|rebuild")
    one = below.add_parser("head", help="size, root and checkpoint", epilog="example: annexa ledger head")
    one.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    one.set_defaults(run=head)
    two = below.add_parser(
        "prove", help="the inclusion proof of an entry, as a .tlog-proof file", epilog="example: annexa ledger prove 17"
    )
    two.add_argument("entry", type=int, help="position of the entry, from 0")
    two.add_argument("--format", choices=("table", "json"), default="table", help="json: with header, salt and body")
    two.set_defaults(run=prove)
    three = below.add_parser("tail", help="the latest entries", epilog="example: annexa ledger tail --limit 50")
    three.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    words.add_format(three)
    three.set_defaults(run=tail)
    four = below.add_parser(
        "verify",
        help="recompute the whole ledger, and hold files and records against it",
        epilog="example: annexa ledger verify --checkpoint kept-last-year.txt",
    )
    four.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint of it kept from another day")
    four.set_defaults(run=verify)
    rebuild.add_parser(below)


def head(args: argparse.Namespace) -> int:
    """Prints the latest checkpoint."""
    from annexa.answers.ledger import head as answer
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    found = answer(actor=ANNEXA)
    if args.format == "json":
        words.dump({"size": found.size, "root": found.root, "checkpoint": found.checkpoint, "at": rfc3339(found.at)})
    else:
        sys.stdout.write(found.checkpoint)
        words.say(f"{found.size:,} entries, root {found.root}, verifier key {found.verifier_key}")
    return 0


def prove(args: argparse.Namespace) -> int:
    """Prints the proof of one entry."""
    from annexa.answers.ledger import entry_proof
    from annexa.pure.permits import ANNEXA
    from annexa.pure.tiles import LogProof

    found = entry_proof(actor=ANNEXA, position=args.entry)
    if args.format == "json":
        words.dump(
            {
                "index": args.entry,
                "size": found.head.size,
                "root": found.head.root,
                "header": found.header_text,
                "salt": found.salt,
                "body": found.body_text,
                "proof": list(found.proof),
                "checkpoint": found.head.checkpoint,
                "verifier_key": found.head.verifier_key,
            }
        )
        return 0
    proof = LogProof(
        index=args.entry,
        hashes=tuple(bytes.fromhex(one) for one in found.proof),
        checkpoint=found.head.checkpoint.encode(),
    )
    sys.stdout.write(proof.to_bytes().decode())
    return 0


def tail(args: argparse.Namespace) -> int:
    """Prints the latest entries, newest first."""
    from annexa.answers.ledger import list_entries
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    page = list_entries(actor=ANNEXA, size=max(1, min(args.limit, 1000)))
    words.rows(
        [
            {
                "position": line.entry.position,
                "at": rfc3339(line.entry.at),
                "by": line.by,
                "verb": line.verb,
                "about": line.about,
            }
            for line in page.lines
        ],
        args.format,
    )
    return 0


def verify(args: argparse.Namespace) -> int:
    """Recomputes everything; 1 if anything does not hold. Names each thing that is wrong, and what to do next."""
    from annexa.answers.integrity import check_everything

    kept = args.checkpoint.read_bytes() if args.checkpoint else None
    found = check_everything(progress=words.Progress("verifying"), kept=kept)
    print_checks(found)
    return 0 if all(check.holds for check in found) else 1
