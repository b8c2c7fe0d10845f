"""`annexa token`: what programs sign in with."""

import argparse
import sys
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("token", help="what programs sign in with", epilog="example: annexa token list")
    below = found.add_subparsers(dest="what", required=True, metavar="create|list|revoke|service")
    one = below.add_parser(
        "create",
        help="make a token; it is printed once and never again",
        epilog="example: annexa token create 'Nightly upload' --for pipeline --scope read add_evidence",
    )
    one.add_argument("name", help="by which one knows it again")
    one.add_argument(
        "--for", dest="holder", required=True, metavar="EMAIL|SERVICE", help="a person, or a service account"
    )
    one.add_argument("--scope", nargs="+", required=True, action="extend", metavar="SCOPE", help="what it may do")
    one.add_argument("--expires", metavar="T", help="its last day, at most a year ahead (default: 90 days)")
    one.add_argument(
        "--unit", nargs="+", default=[], action="extend", metavar="SLUG", help="only in these units and below"
    )
    one.set_defaults(run=create)
    two = below.add_parser("list", help="every token", epilog="example: annexa token list --format json")
    words.add_format(two)
    two.set_defaults(run=show)
    three = below.add_parser(
        "revoke", help="end a token at once", epilog="example: annexa token revoke 3f1c --because 'It was in a log'"
    )
    three.add_argument("token", help="its id, or as much of it as tells it from others")
    three.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")
    three.set_defaults(run=revoke)
    four = below.add_parser(
        "service",
        help="add a service account, for which tokens can be made",
        epilog="example: annexa token service pipeline --name 'Build pipeline' --role owner",
    )
    four.add_argument("slug", help="its short name: small letters, digits, hyphens")
    four.add_argument("--name", help="its name for people (default: the short one)")
    four.add_argument("--role", required=True, choices=("administrator", "lead", "owner", "auditor", "member"))
    four.add_argument("--because", default="", metavar="REASON", help="what it is for; it stands in the ledger")
    four.set_defaults(run=service)


def create(args: argparse.Namespace) -> int:
    """Prints the token on standard output, and what it is on standard error."""
    from annexa.actions.sequencer import publish
    from annexa.actions.tokens import create_token, holder_named
    from annexa.pure.permits import ANNEXA
    from annexa.pure.tokens import USUAL

    now = words.now()
    token, text = create_token(
        actor=ANNEXA,
        person=None,
        holder=holder_named(args.holder),
        name=args.name,
        scopes=args.scope,
        expires_at=words.instant(args.expires) or now + USUAL,
        now=now,
        units=args.unit,
    )
    publish()
    words.say(f"Token {token.id} for {args.holder}, until {token.expires_at:%Y-%m-%d}. It is shown only now; keep it.")
    sys.stdout.write(f"{text}\n")
    return 0


def show(args: argparse.Namespace) -> int:
    """Lists every token, never its text."""
    from annexa.answers.tokens import list_tokens
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    words.rows(
        [
            {
                "id": one.token.id,
                "name": one.token.name,
                "holder": one.token.holder,
                "state": one.state,
                "scopes": one.token.scopes,
                "units": one.token.units,
                "expires_at": rfc3339(one.token.expires_at),
                "last_used_at": rfc3339(one.token.last_used_at),
            }
            for one in list_tokens(actor=ANNEXA, now=words.now())
        ],
        args.format,
        columns=("id", "name", "holder", "state", "scopes", "expires_at", "last_used_at", "units"),
    )
    return 0


def revoke(args: argparse.Namespace) -> int:
    """Ends one token."""
    from annexa.actions.sequencer import publish
    from annexa.actions.tokens import revoke_token
    from annexa.answers.tokens import list_tokens
    from annexa.pure.permits import ANNEXA

    now = words.now()
    found = [one.token for one in list_tokens(actor=ANNEXA, now=now) if one.token.id.startswith(args.token)]
    if len(found) > 1:
        words.say(f"annexa: {len(found)} tokens begin with {args.token}; write more of the id.")
        return 2
    made = revoke_token(
        actor=ANNEXA, person=None, token=found[0].id if found else args.token, because=args.because, now=now
    )
    publish()
    print(f"The token {made.token.name} lets nobody in any more.")
    return 0


def service(args: argparse.Namespace) -> int:
    """Adds one service account."""
    from annexa.actions.sequencer import publish
    from annexa.actions.tokens import add_service_account
    from annexa.pure.permits import ANNEXA

    made = add_service_account(
        actor=ANNEXA,
        person=None,
        slug=args.slug,
        name=args.name or args.slug,
        role=args.role,
        because=args.because,
        now=words.now(),
    )
    publish()
    print(
        f"{made.slug} is there, with the role {made.role}; now make a token: annexa token create NAME --for {made.slug}"
    )
    return 0
