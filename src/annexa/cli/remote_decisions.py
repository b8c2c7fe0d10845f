"""What people decide with `annexa --server URL`: each in the name of whom the token was made for."""

import argparse
from collections.abc import Callable
from typing import Any

from annexa.cli import exceptions
from annexa.client import Client


def _exceptions_there(server: Client, args: argparse.Namespace) -> int:
    rows = []
    for one in server.items("exceptions"):
        state = server.get(f"exceptions/{one['slug']}/approval")["state"]
        rows.append({**{name: one.get(name) for name in exceptions.COLUMNS}, "exception": one["slug"], "state": state})
    return exceptions.printed(rows, args)


def _exception_there(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"exceptions/{args.exception}/approval")
    rows = [{name: one[name] for name in exceptions.STEPS} for one in found["steps"]]
    return exceptions.decided(rows, found["state"], found["lacking"], args)


def _decide_exception(decision: str) -> Callable[[Client, argparse.Namespace], int]:
    def decide(server: Client, args: argparse.Namespace) -> int:
        body: dict[str, Any] = {"because": args.because}
        if decision == "withdrawal":
            made = server.post(f"exceptions/{args.exception}/withdrawal", body)
        else:
            made = server.post(f"exceptions/{args.exception}/decision", {"decision": decision, **body})
        print(f"{args.exception}: {made['state']}")
        return 0

    return decide


COMMANDS: dict[str, Callable[[Client, argparse.Namespace], int]] = {
    "exceptions list": _exceptions_there,
    "exceptions show": _exception_there,
    "exceptions approve": _decide_exception("approved"),
    "exceptions refuse": _decide_exception("refused"),
    "exceptions withdraw": _decide_exception("withdrawal"),
}
"""What can be asked of another server about decisions."""
