"""`annexa --server URL oversight …`: what an AI system itself does, from a script or a pipeline."""

import argparse

from annexa.cli import words
from annexa.cli.oversight import print_switch, read_case
from annexa.client import Client


def _switch(server: Client, args: argparse.Namespace) -> int:
    return print_switch(server.get(f"systems/{args.system}/stop-switch"), args.format)


def _post(server: Client, args: argparse.Namespace) -> int:
    made = server.post(f"systems/{args.system}/oversight-cases", read_case(args.file))
    if args.format == "json":
        words.dump(made)
    else:
        print(f"{made['id']} waits until {made['due_at']}: {made['why_needed']}")
    return 0


def _result(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"oversight-cases/{args.case}/result")
    if args.format == "json":
        words.dump(found)
    elif not found["final"]:
        print(f"It waits until {found['ends_at']}; until then nothing is done.")
    else:
        print(
            "It may be used." if found["use_output"] else f"Instead: {found['output']}" if found["output"] else "Stop."
        )
    return 0 if found["use_output"] else 1


COMMANDS = {"oversight switch": _switch, "oversight post": _post, "oversight result": _result}
"""What can be asked of another server."""
