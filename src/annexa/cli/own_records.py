"""The registers of this machine, as the commands about records ask them. Imported once Django is set up."""

from collections.abc import Mapping, Sequence
from typing import Any

from annexa.actions.registers import add_record, change_records
from annexa.actions.sequencer import publish
from annexa.answers.register_values import told_history, told_records, told_registers
from annexa.answers.registers import Asked, one_record, register_run
from annexa.answers.runs import Place
from annexa.cli import words
from annexa.pure.fields import value_of
from annexa.pure.permits import ANNEXA
from annexa.pure.register import Register

Record = Mapping[str, Any]
PART = 500


class OwnRecords:
    """Acts as Annexa itself; the ledger says so."""

    def registers(self) -> Sequence[Record]:
        """Every register, with how many of its records count."""
        return told_registers(actor=ANNEXA, now=words.now())

    def listed(self, register: Register, asked: Mapping[str, Any]) -> Sequence[Record]:
        """The records that words, facets and so on leave."""
        chosen = {one.name: tuple(asked.get(one.name, ())) for one in register.facets}
        question = Asked(
            text=asked["q"], chosen=chosen, unowned="unowned" in asked, ended=asked["ended"], sort=asked["sort"]
        )
        after: Place | None = None
        found: list[Record] = []
        while True:
            run, _, _ = register_run(
                actor=ANNEXA, register=register, asked=question, after=after, limit=PART, now=words.now()
            )
            found += told_records(actor=ANNEXA, register=register, rows=run.rows)
            after = run.last
            if after is None:
                return found

    def one(self, register: Register, slug: str) -> Record:
        """One record. Raises UnknownError."""
        row = one_record(actor=ANNEXA, register=register, slug=slug)
        return told_records(actor=ANNEXA, register=register, rows=[row])[0]

    def history(self, register: Register, slug: str) -> Sequence[Record]:
        """Its versions, the newest first. Raises UnknownError."""
        return told_history(actor=ANNEXA, register=register, slug=slug)

    def add(self, register: Register, values: Record, because: str) -> str:
        """A new record; its slug. Raises ActionError."""
        entry = register.make(_read(register, values))
        made = add_record(actor=ANNEXA, register=register, entry=entry, now=words.now(), because=because)
        publish()
        return str(made.slug)

    def change(self, register: Register, slugs: Sequence[str], values: Record, because: str) -> int:
        """The same values for some records; how many of them changed. Raises ActionError."""
        count = change_records(
            actor=ANNEXA, register=register, slugs=list(dict.fromkeys(slugs)), values=_read(register, values),
            now=words.now(), because=because,
        )  # fmt: skip
        publish()
        return count


def _read(register: Register, values: Record) -> dict[str, Any]:
    return {name: value_of(register.field[name], value) for name, value in values.items()}
