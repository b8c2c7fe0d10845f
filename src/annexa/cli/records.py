"""`annexa registers` and `annexa records`: what any register holds, here or over there, and changes of it."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from annexa.cli import words
from annexa.pure.fields import Field, value_of
from annexa.pure.register import Register
from annexa.pure.registers import BY_PLURAL

Record = Mapping[str, Any]
REGISTERS = ("plural", "title", "records", "says")
VERSIONS = ("number", "at", "by", "because", "field", "before", "after")
LISTS = ("choices", "links")


class Source(Protocol):
    """Where registers are kept: the records of this machine, or another server."""

    def registers(self) -> Sequence[Record]:
        """Every register, with how many of its records count."""

    def listed(self, register: Register, asked: Mapping[str, Any]) -> Sequence[Record]:
        """The records that words, facets and so on leave."""

    def one(self, register: Register, slug: str) -> Record:
        """One record."""

    def history(self, register: Register, slug: str) -> Sequence[Record]:
        """Its versions, the newest first."""

    def add(self, register: Register, values: Record, because: str) -> str:
        """A new record; its slug."""

    def change(self, register: Register, slugs: Sequence[str], values: Record, because: str) -> int:
        """The same values for some records; how many of them changed."""


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    all_of_them = sub.add_parser(
        "registers", help="which registers there are", epilog="example: annexa registers --format json"
    )
    words.add_format(all_of_them)
    all_of_them.set_defaults(run=lambda args: registers(_here(), args))
    found = sub.add_parser(
        "records", help="what a register holds", epilog="example: annexa records list assets --where kind=model"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|add|change")
    one = _command(below, "list", listed, "the records of a register", "list assets --where kind=model --search score")
    one.add_argument("--search", default="", metavar="WORDS", help="words that all occur somewhere in a record")
    one.add_argument("--where", action="append", default=[], metavar="FACET=VALUE", help="only these; may be repeated")
    one.add_argument("--unowned", action="store_true", help="only those that nobody answers for")
    one.add_argument("--ended", action="store_true", help="also those that no longer count")
    one.add_argument("--sort", choices=("name", "changed"), default="name", help="by name, or by last change")
    words.add_format(one)
    two = _command(below, "show", shown, "one record, or its history", "show assets score-model --history")
    two.add_argument("slug")
    two.add_argument("--history", action="store_true", help="what changed from version to version")
    words.add_format(two)
    three = _command(below, "add", added, "a new record", "add assets name='Score model' kind=model")
    three.add_argument("values", nargs="+", metavar="FIELD=VALUE", help="several values of one field with commas")
    _add_because(three)
    four = _command(
        below, "change", changed, "give records other values", "change assets score-model loans owner=kim@example.org"
    )
    four.add_argument("said", nargs="+", metavar="SLUG|FIELD=VALUE", help="which records, and what they get")
    _add_because(four)


def _command(below: Any, name: str, run: Any, says: str, example: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = below.add_parser(name, help=says, epilog=f"example: annexa records {example}")
    found.add_argument("register", choices=sorted(BY_PLURAL), metavar="REGISTER", help="as annexa registers names it")
    found.set_defaults(run=lambda args: run(_here(), args))
    return found


def _add_because(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")


def _here() -> Source:
    """The records of this machine, brought in once Django is set up."""
    from annexa.cli.own_records import OwnRecords

    return OwnRecords()


def registers(source: Source, args: argparse.Namespace) -> int:
    """Prints which registers there are."""
    words.rows(source.registers(), args.format, columns=REGISTERS)
    return 0


def listed(source: Source, args: argparse.Namespace) -> int:
    """Prints the records of a register: all they hold as JSON, else what lists show."""
    register = BY_PLURAL[args.register]
    asked: dict[str, Any] = {"q": args.search, "ended": args.ended, "sort": args.sort}
    asked |= {"unowned": True} if args.unowned else {}
    for name, value in _pairs(args.where):
        if name not in {one.name for one in register.facets}:
            facets = ", ".join(one.name for one in register.facets)
            raise words.TypedError(f"{name} is not a facet of {register.many}; facets are {facets}.")
        asked.setdefault(name, []).append(value)
    found = source.listed(register, asked)
    if args.format == "json":
        words.dump(found)
        return 0
    columns = ["slug", "name", *(one.name for one in register.listed if one.name != "name")]
    words.rows([_on_a_line(one) for one in found], args.format, columns=columns)
    return 0


def shown(source: Source, args: argparse.Namespace) -> int:
    """Prints one record, field by field, or its history, change by change."""
    register = BY_PLURAL[args.register]
    if args.history:
        versions = source.history(register, args.slug)
        if args.format == "json":
            words.dump(versions)
        else:
            words.rows([row for one in versions for row in _changes(one)], args.format, columns=VERSIONS)
        return 0
    found = source.one(register, args.slug)
    if args.format == "json":
        words.dump(found)
        return 0
    rows = [{"field": name, "value": value} for name, value in _on_a_line(found).items() if name != "source"]
    words.rows([one for one in rows if one["value"] or args.format == "csv"], args.format, columns=("field", "value"))
    return 0


def added(source: Source, args: argparse.Namespace) -> int:
    """Puts a record into a register."""
    register = BY_PLURAL[args.register]
    values = values_of(register, args.values, whole=True)
    print(f"{register.plural}/{source.add(register, values, args.because)}")
    return 0


def changed(source: Source, args: argparse.Namespace) -> int:
    """Gives records other values, all of them or none."""
    register = BY_PLURAL[args.register]
    said = [one for one in args.said if "=" in one]
    slugs = [one for one in args.said if "=" not in one]
    if not slugs or not said:
        raise words.TypedError(f"Say which {register.many} change, by their slugs, and what they get, as FIELD=VALUE.")
    count = source.change(register, slugs, values_of(register, said), args.because)
    print(f"{count:,} of {len(slugs):,} changed." if count else "Nothing changed: they are so already.")
    return 0


def values_of(register: Register, said: Sequence[str], *, whole: bool = False) -> dict[str, Any]:
    """What was typed as FIELD=VALUE, as plain values. Raises TypedError with everything that is wrong.

    `whole`: it is a whole record; then what it lacks is wrong too, and said with the rest.
    """
    found: dict[str, Any] = {}
    read: dict[str, Any] = {}
    problems, named = [], set[str]()
    for name, text in _pairs(said):
        named.add(name)
        about = register.field.get(name)
        if about is None:
            problems.append(f"{name} is not a field of {register.many}; fields are {', '.join(register.field)}.")
            continue
        try:
            found[name] = _plain(about, text)
            read[name] = value_of(about, found[name])
        except ValueError as error:
            problems.append(f"{about.label} {error}.")
    if problems and whole:
        more = register.problems(register.make(read))
        problems += [register.sentence(one) for one in more if one.field in read or one.field not in named]
    if problems:
        raise words.TypedError("\n".join(problems))
    return found


def _plain(about: Field, text: str) -> Any:
    """A typed value as JSON has it. Raises ValueError with the end of a sentence."""
    if about.kind in LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if about.kind not in ("date", "whole", "number"):
        return text
    if not text or about.kind == "date":
        return text or None
    try:
        return int(text) if about.kind == "whole" else float(text)
    except ValueError:
        raise ValueError("is not a number" if about.kind == "number" else "is not a whole number") from None


def _pairs(said: Sequence[str]) -> list[tuple[str, str]]:
    """Raises TypedError for what is no FIELD=VALUE."""
    if wrong := [one for one in said if "=" not in one]:
        is_none = "is no" if len(wrong) == 1 else "are no"
        raise words.TypedError(f"{', '.join(wrong)} {is_none} FIELD=VALUE; write it as owner=kim@example.org.")
    return [(name.strip(), value) for name, _, value in (one.partition("=") for one in said)]


def _on_a_line(record: Record) -> dict[str, Any]:
    return {name: _text(value) for name, value in record.items()}


def _text(value: Any) -> Any:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value


def _changes(version: Record) -> list[dict[str, Any]]:
    """A row for each field that changed; one for a version without."""
    head = {name: version[name] for name in ("number", "at", "by", "because")}
    changes = version["changes"] or [{"field": "", "before": "", "after": ""}]
    return [{**head, **{name: _text(value) for name, value in one.items()}} for one in changes]
