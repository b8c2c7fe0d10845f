"""What `annexa --server URL` does about registers, and about files of them."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annexa.cli import concentration, lineage, records, training, words
from annexa.cli.records import Record
from annexa.client import Client
from annexa.pure.register import Register


class OtherRecords:
    """The registers of another server, as whoever the token was made for may see and change them."""

    def __init__(self, server: Client) -> None:
        """`server`: whom to ask."""
        self.server = server

    def registers(self) -> Sequence[Record]:
        """Every register, with how many of its records count."""
        found: Sequence[Record] = self.server.get("registers")["items"]
        return found

    def listed(self, register: Register, asked: Mapping[str, Any]) -> Sequence[Record]:
        """The records that words, facets and so on leave."""
        said = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.items()}
        return list(self.server.items(register.plural, limit=200, **said))

    def one(self, register: Register, slug: str) -> Record:
        """One record."""
        found: Record = self.server.get(f"{register.plural}/{slug}")
        return found

    def history(self, register: Register, slug: str) -> Sequence[Record]:
        """Its versions, the newest first."""
        return list(self.server.items(f"{register.plural}/{slug}/history", limit=200))

    def add(self, register: Register, values: Record, because: str) -> str:
        """A new record; its slug."""
        return str(self.server.post(register.plural, {**values, "because": because})["slug"])

    def change(self, register: Register, slugs: Sequence[str], values: Record, because: str) -> int:
        """The same values for some records; how many of them changed."""
        body = {"slugs": list(slugs), "values": values, "because": because}
        return int(self.server.post(f"{register.plural}/bulk", body)["changed"])


def _asks(run: Callable[[records.Source, argparse.Namespace], int]) -> Callable[[Client, argparse.Namespace], int]:
    return lambda server, args: run(OtherRecords(server), args)


def _import(server: Client, args: argparse.Namespace) -> int:
    """Sends the rows of a file. 0 done, 1 if a dry run found problems."""
    from annexa.adapters.tables import TableError, read_table

    if args.noun == "access" or args.columns or args.skip_bad:
        words.say("annexa: import access, --columns and --skip-bad work on the machine itself only.")
        return 2
    try:
        table = read_table(args.file.read_bytes(), name=args.file.name, encoding=args.encoding, sheet=args.sheet)
    except TableError as error:
        words.say(f"annexa: {error}")
        return 2
    rows = [dict(zip(table.header, row.cells, strict=False)) for row in table.rows]
    said = {"dry_run": "true"} if args.dry_run else {}
    done = server.post(f"{args.noun}/import", rows, **said)
    if args.format == "json":
        words.dump(done)
    else:
        for one in (*done["notes"], *done["problems"]):
            print(f"  {one}")
        counts = ", ".join(f"{done[name]:,} {name}" for name in ("added", "updated", "unchanged"))
        print(f"Would be {counts}; nothing imported." if args.dry_run else f"{counts.capitalize()}.")
    return 1 if done["problems"] else 0


def _export(server: Client, args: argparse.Namespace) -> int:
    """Writes the file that the server makes of a register."""
    suffix = args.output.suffix.lower().removeprefix(".") if args.output else ""
    data = server.read(f"{args.noun}/export", format=args.format or suffix or "csv")
    if args.output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        args.output.write_bytes(data)
    return 0


def _lineage(server: Client, args: argparse.Namespace) -> int:
    return lineage.printed(server.get(f"{args.thing}/lineage"), args.format)


def _concentration(server: Client, args: argparse.Namespace) -> int:
    where = f"suppliers/{args.supplier}/concentration" if args.supplier else "concentration"
    return concentration.printed(server.get(where), args.format)


def _training(server: Client, args: argparse.Namespace) -> int:
    found = server.items("training", late="true" if args.late else None)
    return training.print_assigned([{**one, "person": one["name"]} for one in found], args)


def _literacy(server: Client, args: argparse.Namespace) -> int:
    found = server.items("training/literacy", gaps="true" if args.gaps else None)
    return training.print_literacy([{**one, "person": one["name"]} for one in found], args)


COMMANDS: Mapping[str, Callable[[Client, argparse.Namespace], int]] = {
    "registers": _asks(records.registers),
    "records list": _asks(records.listed),
    "records show": _asks(records.shown),
    "records add": _asks(records.added),
    "records change": _asks(records.changed),
    "lineage": _lineage,
    "concentration": _concentration,
    "training list": _training,
    "training literacy": _literacy,
    "import": _import,
    "export": _export,
}
"""What can be asked of another server about registers."""
