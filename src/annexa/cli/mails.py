"""`annexa mail`: whether mail works, and what became of what was sent."""

import argparse
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("mail", help="whether mail to people works", epilog="example: annexa mail list --failed")
    below = found.add_subparsers(dest="what", required=True, metavar="test|list")
    one = below.add_parser(
        "test", help="send one mail that says that mail works", epilog="example: annexa mail test ada@example.org"
    )
    one.add_argument("address", help="whom to send it to")
    one.set_defaults(run=test)
    two = below.add_parser("list", help="the latest mails, without what they say", epilog="example: annexa mail list")
    two.add_argument("--failed", action="store_true", help="only those that were not taken, with what was answered")
    two.add_argument("--limit", type=_limit, default=50, metavar="N", help="at most so many (default: 50)")
    words.add_format(two)
    two.set_defaults(run=show)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError("write a whole number from 1 to 10000")
    return int(text)


def test(args: argparse.Namespace) -> int:
    """Says whether the server took it; 3 if it did not."""
    from annexa.actions.mails import send_test_mail
    from annexa.answers.mail_server import MailError
    from annexa.pure.permits import ANNEXA

    try:
        send_test_mail(actor=ANNEXA, to=args.address, now=words.now())
    except MailError as error:
        words.say(f"annexa: {error}")
        return 3
    print(f"The server took a mail to {args.address}.")
    return 0


def show(args: argparse.Namespace) -> int:
    """Prints the mails."""
    from annexa.answers.mails import list_mails
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    rows = [
        {
            "to": one.to, "how": one.how, "state": one.state, "tries": one.tries,
            "created_at": rfc3339(one.created_at), "sent_at": rfc3339(one.sent_at), "next_at": rfc3339(one.next_at),
            "answer": one.answer,
        }
        for one in list_mails(actor=ANNEXA, limit=args.limit, failed=args.failed)
    ]  # fmt: skip
    words.rows(rows, args.format, columns=("to", "how", "state", "tries", "created_at", "sent_at", "next_at", "answer"))
    return 0
