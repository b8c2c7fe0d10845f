"""What `annexa --server URL documents` does."""

import argparse

from annexa.cli import documents, words
from annexa.client import Client


def _show_there(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"documents/{args.document}/versions")
    rows = [{name: one[name] or "" for name in documents.COLUMNS} for one in found["versions"]]
    fine = found["in_force"] is not None and found["stands"] != "review overdue"
    return documents.printed(rows, found["stands"], found["review_by"], args, fine=fine)


def _write_there(server: Client, args: argparse.Namespace) -> int:
    if not documents.is_text(args.file):
        words.say(
            f"annexa: over --server only text is sent ({', '.join(documents.TEXT)}); send files to …/versions/file."
        )
        return 2
    content = args.file.read_text(encoding="utf-8")
    made = server.post(f"documents/{args.document}/versions", {"content": content, "because": args.because})
    number = made["versions"][-1]["number"]
    if args.hand_in:
        server.post(f"documents/{args.document}/hand-in", {"number": number, "because": args.because})
    return documents.written(args, number)


def _publish_there(server: Client, args: argparse.Namespace) -> int:
    body = {"because": args.because, **({"in_force_on": args.on} if args.on else {})}
    made = server.post(f"documents/{args.document}/publication", body)
    step = made["steps"][-1]
    print(f"{args.document}: version {step['number']} is in force from {step['on']}, its review is due by "
          f"{step['review_by']}.")  # fmt: skip
    return 0


COMMANDS = {
    "documents show": _show_there,
    "documents write": _write_there,
    "documents publish": _publish_there,
}
"""What can be asked of another server about documents."""
