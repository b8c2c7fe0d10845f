"""Records of which the ledger keeps every state: what in an entry each of their columns repeats.

Whatever verifies the tables finds them by this class. A new table derives from it and says which kind its entries are;
tests/honesty refuses a table that does not, and a column that no entry commits to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from annexa.pure.actors import number_of
from annexa.records.guard import Guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the ledger says of one record: the latest entry about it.

    `position`: None while the entry waits in the outbox. `first_at`: when the first entry about it was recorded.
    """

    position: int | None
    actor: str
    at: datetime
    effective_at: datetime
    because: str
    state: Mapping[str, Any]
    first_at: datetime


Column = Callable[[Told], Any]


class Recorded(Guarded):
    """A record of which the ledger keeps every state: its row repeats the latest entry about it, and nothing else.

    `state` is what the entry's body holds. The other columns stand in `BESIDE`, each with what it repeats, or in
    `UNKEPT`, each with the reason why no entry commits to it.
    """

    KIND: ClassVar[str]
    """The kind of the entries that tell of these records."""
    KEY: ClassVar[str] = "id"
    """The word of the state, and the column, by which entry and row find each other; "": the entry's subject does."""
    ONCE: ClassVar[bool] = True
    """Whether a row never changes, so that exactly one entry may tell of it."""
    BESIDE: ClassVar[Mapping[str, Column]] = {}
    UNKEPT: ClassVar[Mapping[str, str]] = {}
    TAKEN: ClassVar[Mapping[str, str | Column]] = {}
    """What a row that is rebuilt takes for a column that the state does not name as it is called: another word of the
    state, or what follows from the entry."""
    FOLLOWED: ClassVar[tuple[str, ...]] = ()
    """Relations that `state` reads, to be fetched for many rows at once."""

    class Meta:
        abstract = True

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it, as plain JSON values."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """By what the entries about it are found."""
        return str(getattr(self, self.KEY)) if self.KEY else f"{self.KIND}/{self.pk}"

    @classmethod
    def key_told(cls, *, subject: str, state: Mapping[str, Any]) -> str:
        """The key of the record that an entry tells of."""
        return str(state.get(cls.KEY)) if cls.KEY else subject


def recorded_tables() -> tuple[type[Recorded], ...]:
    """Every table of recorded rows, by name."""
    from django.apps import apps

    found = apps.get_app_config("records").get_models()
    return tuple(sorted((one for one in found if issubclass(one, Recorded)), key=lambda one: one.__name__))


# What a column repeats


def at(told: Told) -> datetime:
    """When the ledger learnt of it."""
    return told.at


def first_at(told: Told) -> datetime:
    """When the ledger first learnt of it."""
    return told.first_at


def effective_at(told: Told) -> datetime:
    """Since when it is true."""
    return told.effective_at


def because(told: Told) -> str:
    """The reason."""
    return told.because


def by(told: Told) -> int | None:
    """The person who acted; None where the program did."""
    return number_of(told.actor)
