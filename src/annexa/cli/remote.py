"""`annexa --server URL …`: some commands ask another server over its HTTP API instead of this machine's records."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from annexa.cli import words
from annexa.cli.evidence import plans_without_day
from annexa.cli.posture import print_proof, row
from annexa.cli.remote_decisions import COMMANDS as ABOUT_DECISIONS
from annexa.cli.remote_documents import COMMANDS as ABOUT_DOCUMENTS
from annexa.cli.remote_oversight import COMMANDS as ABOUT_OVERSIGHT
from annexa.cli.remote_people import COMMANDS as ABOUT_PEOPLE
from annexa.cli.remote_records import COMMANDS as ABOUT_RECORDS
from annexa.client import Client, ClientError, UnreachableError

Run = Callable[[Client, argparse.Namespace], int]


def run(args: argparse.Namespace) -> int:
    """Runs the command over there. 3 if nobody answers, 2 if it is refused or cannot be asked so."""
    name = f"{args.command} {getattr(args, 'what', None) or ''}".strip()
    command = COMMANDS.get(name)
    if command is None:
        words.say(f"annexa: {name} works on the machine itself only; over --server go {', '.join(sorted(COMMANDS))}.")
        return 2
    token = _token()
    if not token:
        words.say("annexa: give a token for the server in ANNEXA_TOKEN, or its file in ANNEXA_TOKEN_FILE.")
        return 2
    try:
        return command(Client(args.server, token=token), args)
    except UnreachableError as error:
        words.say(f"annexa: {error}")
        return 3
    except (ClientError, ValueError) as error:
        words.say(f"annexa: {error}")
        return 2


def _token() -> str:
    """From the environment; the file goes before the variable, as for every setting."""
    if path := os.environ.get("ANNEXA_TOKEN_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get("ANNEXA_TOKEN", "").strip()


def _posture(server: Client, args: argparse.Namespace) -> int:
    if args.all_systems or args.what_if:
        words.say("annexa: --all-systems and --what-if work on the machine itself only.")
        return 2
    if _refuses_hindsight(args):
        return 2
    found = server.get("posture", framework=args.framework, scope=args.system, at=args.at, hindsight=_hindsight(args))
    if args.format == "json":
        words.dump(found)
        return 0
    words.rows([row(one["id"], one["scope"], one["counts"]) for one in found["frameworks"]], args.format)
    return 0


def _refuses_hindsight(args: argparse.Namespace) -> bool:
    now = words.now()
    return args.hindsight and words.refuses_hindsight(words.instant(args.at, now), now)


def _hindsight(args: argparse.Namespace) -> str | None:
    return "true" if args.hindsight else None


def _explain(server: Client, args: argparse.Namespace) -> int:
    if _refuses_hindsight(args):
        return 2
    proof = server.get(
        "explain", framework=args.framework, requirement=args.requirement, scope=args.system, at=args.at,
        hindsight=_hindsight(args),
    )  # fmt: skip
    if args.format == "json":
        words.dump(proof)
    else:
        print_proof({name: value for name, value in proof.items() if value is not None})
    return 0


def _add_evidence(server: Client, args: argparse.Namespace) -> int:
    if args.expectation is None:
        words.say("annexa: over --server, say which expectation the file answers, with --expectation.")
        return 2
    made = server.add_file(
        args.control, args.expectation, args.file, scope=args.system, observed_at=args.observed_at,
        expires_at=args.expires_at, passing=not args.failing, note=args.note or None,
    )  # fmt: skip
    if args.format == "json":
        words.dump(made)
    else:
        print(f"{made['control']}/{made['expectation']} in {made['scope']}: {made['name']}, {made['media_type']}")
        print(f"sha256 {made['sha256']}, valid until {made['expires_at']}, ledger entry {made['ledger_index']}")
    return 0


def _adopt(server: Client, args: argparse.Namespace) -> int:
    if plans_without_day(args):
        return 2
    body = {"state": args.state, "because": args.because}
    body |= {"scope": args.system} if args.system else {}
    body |= {"plan_due": args.due} if args.due else {}
    made = server.post(f"controls/{args.control}/declarations", body)
    print(f"{made['control']} in {made['scope']}: {made['state']}")
    return 0


def _head(server: Client, args: argparse.Namespace) -> int:
    found = server.get("ledger/head")
    if args.format == "json":
        words.dump({name: found[name] for name in ("size", "root", "checkpoint", "at")})
    else:
        print(found["checkpoint"], end="")
        words.say(f"{found['size']:,} entries, root {found['root']}, verifier key {found['verifier_key']}")
    return 0


COMMANDS: dict[str, Run] = {
    "posture": _posture,
    "explain": _explain,
    "evidence add": _add_evidence,
    "control adopt": _adopt,
    "ledger head": _head,
    **ABOUT_DECISIONS,
    **ABOUT_DOCUMENTS,
    **ABOUT_OVERSIGHT,
    **ABOUT_PEOPLE,
    **ABOUT_RECORDS,
}
"""What can be asked of another server."""
