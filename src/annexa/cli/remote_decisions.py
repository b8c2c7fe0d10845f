"""What people decide with `annexa --server URL`: each in the name of whom the token was made for."""

import argparse
import secrets
from collections.abc import Callable
from typing import Any

from annexa.cli import acceptances, diligence, exceptions, uses, words
from annexa.client import Client

Run = Callable[[Client, argparse.Namespace], int]


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


def _decide_exception(decision: str) -> Run:
    def decide(server: Client, args: argparse.Namespace) -> int:
        body: dict[str, Any] = {"because": args.because}
        if decision == "withdrawal":
            made = server.post(f"exceptions/{args.exception}/withdrawal", body)
        else:
            made = server.post(f"exceptions/{args.exception}/decision", {"decision": decision, **body})
        print(f"{args.exception}: {made['state']}")
        return 0

    return decide


# --- uses of AI


def _uses_there(server: Client, args: argparse.Namespace) -> int:
    rows = [_use(one) for one in server.items("use-requests", of=args.of)]
    words.rows(rows, args.format, columns=uses.COLUMNS)
    return 0


def _use_there(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"use-requests/{args.use}")
    conditions = found["conditions"] or found["policy_conditions"]
    return uses.told(_use(found), found["policy_reasons"], conditions, args)


def _ask_use(server: Client, args: argparse.Namespace) -> int:
    body = {"name": args.name, "people": args.people, **{name: getattr(args, name) for name in uses.ASKED}}
    row = _use(server.post("use-requests", body))
    print(uses.says(row))
    return 1 if row["decision"] == "refused" else 0


def _decide_use(step: str, said: Callable[[argparse.Namespace], dict[str, Any]]) -> Run:
    def decide(server: Client, args: argparse.Namespace) -> int:
        place = f"use-requests/{args.use}"
        seen = server.ask("GET", place).tag
        headers = {"If-Match": seen, "Idempotency-Key": secrets.token_hex(16)}
        body = {"because": args.because, **said(args)}
        print(uses.says(_use(server.ask("POST", f"{place}/{step}", body=body, headers=headers).body)))
        return 0

    return decide


def _approval(args: argparse.Namespace) -> dict[str, Any]:
    decision = "approved with conditions" if args.conditions else "approved"
    return {"decision": decision, "conditions": args.conditions, "review_on": args.until, "systems": args.system}


def _use(one: dict[str, Any]) -> dict[str, Any]:
    return {**{name: one.get(name) for name in uses.COLUMNS}, "use": one["slug"], "tool": one["tool_name"]}


# --- acceptance of risks


def _acceptances_there(server: Client, args: argparse.Namespace) -> int:
    rows = server.items("risk-acceptances", risk=args.risk or None, state=args.state or None)
    return acceptances.printed(list(rows), args)


def _acceptance_there(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"risk-acceptances/{args.id}")
    first = {"at": found["at"], "step": "proposed", "by": found["by"], "because": found["because"]}
    return acceptances.told(found, [first, *found["steps"]], found["lapsed_because"], args)


def _propose(server: Client, args: argparse.Namespace) -> int:
    made = server.post("risk-acceptances", {"risk": args.risk, "until": args.until, "because": args.because})
    print(f"{made['id']}: {made['risk']}, proposed at {made['level']} until {made['until']}")
    return 0


def _decide_acceptance(decision: str) -> Run:
    def decide(server: Client, args: argparse.Namespace) -> int:
        step, said = ("decision", {"decision": decision}) if decision else ("withdrawal", {})
        made = server.post(f"risk-acceptances/{args.id}/{step}", {"because": args.because, **said})
        print(f"{made['risk']}: {made['state']}")
        return 0

    return decide


# --- due diligence


def _sent_there(server: Client, args: argparse.Namespace) -> int:
    rows = server.items("due-diligence", supplier=args.supplier or None, state=args.state or None)
    return diligence.printed(list(rows), args)


def _one_sent_there(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"due-diligence/{args.id}")
    outcome = found["steps"][-1]["outcome"] if found["steps"] else ""
    return diligence.told(found, found["answers"], outcome, args)


def _send(server: Client, args: argparse.Namespace) -> int:
    """Without an Idempotency-Key: the answer holds a secret that is kept nowhere."""
    body = {
        "supplier": args.supplier, "questionnaire": args.questionnaire, "to": args.to, "due_on": args.due,
        "because": args.because,
    }  # fmt: skip
    made = server.ask("POST", "due-diligence", body=body).body
    words.say(f"{made['id']}: asked until {made['due_on']}. The link is shown this once:")
    print(made["link"])
    return 0


def _on_sent(step: str) -> Run:
    def act(server: Client, args: argparse.Namespace) -> int:
        judged = {"outcome": args.outcome, "conditions": args.conditions} if step == "judgement" else {}
        made = server.post(f"due-diligence/{args.id}/{step}", {"because": args.because, **judged})
        print(f"{made['supplier']}: {made['state']}")
        return 0

    return act


COMMANDS: dict[str, Run] = {
    "exceptions list": _exceptions_there,
    "exceptions show": _exception_there,
    "exceptions approve": _decide_exception("approved"),
    "exceptions refuse": _decide_exception("refused"),
    "exceptions withdraw": _decide_exception("withdrawal"),
    "uses list": _uses_there,
    "uses show": _use_there,
    "uses ask": _ask_use,
    "uses approve": _decide_use("decision", _approval),
    "uses refuse": _decide_use("decision", lambda _args: {"decision": "refused"}),
    "uses renew": _decide_use("renewal", lambda args: {"review_on": args.until}),
    "uses withdraw": _decide_use("withdrawal", lambda _args: {}),
    "acceptances list": _acceptances_there,
    "acceptances show": _acceptance_there,
    "acceptances propose": _propose,
    "acceptances accept": _decide_acceptance("accepted"),
    "acceptances refuse": _decide_acceptance("refused"),
    "acceptances withdraw": _decide_acceptance(""),
    "due-diligence list": _sent_there,
    "due-diligence show": _one_sent_there,
    "due-diligence send": _send,
    "due-diligence judge": _on_sent("judgement"),
    "due-diligence return": _on_sent("return"),
    "due-diligence withdraw": _on_sent("withdrawal"),
}
"""What can be asked of another server about decisions."""
