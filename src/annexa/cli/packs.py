"""`annexa pack` and `annexa verify`: an audit pack, and its verification without server, database or network."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    one = sub.add_parser(
        "pack",
        help="an audit pack: statements, proofs, evidence, ledger proofs",
        epilog="example: annexa pack --framework iso27001-2022 --framework iso42001-2023 -o audit.zip",
    )
    one.add_argument("--framework", action="append", required=True, metavar="ID", help="may be repeated")
    one.add_argument("--system", metavar="SLUG", help="for one AI system")
    words.add_at(one)
    one.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")
    one.set_defaults(run=pack)
    two = sub.add_parser(
        "verify",
        help="verify an audit pack, or the proof of an event of the activity log; needs nothing but the file",
        epilog="example: annexa verify audit.zip --checkpoint kept-last-year.txt",
    )
    two.add_argument("pack", type=Path, metavar="FILE.zip")
    two.add_argument("--key", metavar="KEY", help="for the proof of an event: the verifier key of the ledger you trust")
    two.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint of the ledger kept from another day")
    two.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    two.set_defaults(run=verify, needs_django=False)


def pack(args: argparse.Namespace) -> int:
    """Writes the pack, whole or not at all."""
    from annexa.answers.pack import make_pack
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA

    data = make_pack(
        actor=ANNEXA,
        frameworks=args.framework,
        now=words.now(),
        at=words.instant(args.at),
        scope=args.system or ORGANISATION,
        progress=words.say,
    )
    half = args.output.with_name(f".{args.output.name}.part")
    half.write_bytes(data)
    half.replace(args.output)
    words.say(f"{args.output}: {len(data) / 1024**2:,.1f} MiB. Check it with: annexa verify {args.output}")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Prints what holds and what does not; 1 if anything does not."""
    from annexa.answers.verification import verify_pack

    data = args.pack.read_bytes()
    if data.lstrip()[:1] == b"{":
        return _verify_record(data, args)
    kept = args.checkpoint.read_bytes() if args.checkpoint else None
    found = verify_pack(data, checkpoint=kept)
    holds = all(one.holds for one in found)
    if args.format == "json":
        checks = [{"what": one.what, "holds": one.holds, "detail": one.detail} for one in found]
        words.dump({"pack": str(args.pack), "holds": holds, "checks": checks})
        return 0 if holds else 1
    for one in found:
        print(f"{'holds' if one.holds else 'FAILS'}  {one.what}{' (' + one.detail + ')' if one.detail else ''}")
    print("This pack holds." if holds else "This pack does NOT hold. Nothing in it proves anything.")
    return 0 if holds else 1


def _verify_record(data: bytes, args: argparse.Namespace) -> int:
    """Prints what the proof of an event shows; 1 if it does not."""
    from annexa.pure.ledger import LedgerError
    from annexa.pure.notes import VerifierKey
    from annexa.pure.proofs import rfc3339
    from annexa.pure.segment_proofs import RecordProof, verify_record_proof

    if not args.key:
        words.say("annexa: say with --key whose ledger it has to be; annexa ledger head prints the verifier key there.")
        return 2
    try:
        key = VerifierKey.parse(args.key)
    except LedgerError as error:
        words.say(f"annexa: --key: {error}")
        return 2
    try:
        shown = verify_record_proof(RecordProof.from_bytes(data), log=key)
    except LedgerError as error:
        print(f"FAILS  {error}")
        return 1
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=shown.event.received_at)
    said = f"Event {shown.row} of {shown.records:,} in segment {shown.segment}, received {rfc3339(at)}"
    if args.format == "json":
        words.dump({"proof": str(args.pack), "holds": True, "segment": shown.segment, "row": shown.row,
                    "entry": shown.entry, "ledger_size": shown.size})  # fmt: skip
    else:
        print(f"holds  {said}, is what was recorded: entry {shown.entry} of {shown.size:,} in the ledger {key.name}")
    return 0
