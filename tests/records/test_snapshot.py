"""The facts at hand: read once, and never again because somebody else was faster."""

import threading
from contextlib import AbstractContextManager

import pytest

from annexa.actions.systems import add_system
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records import snapshot as module
from annexa.records.snapshot import Snapshot, snapshot
from tests.answers.small_house import found_house

pytestmark = pytest.mark.django_db


class Faster(AbstractContextManager):
    """The lock, taken by another thread first, which does the same before this one has it."""

    def __init__(self, act) -> None:
        self.act = act

    def __enter__(self) -> None:
        module._lock = threading.Lock()
        self.act()

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def read(monkeypatch) -> list[tuple[int, int]]:
    """Which parts of the ledger were read."""
    parts: list[tuple[int, int]] = []
    read = module._read

    def noted(start: int, end: int):
        parts.append((start, end))
        return read(start, end)

    monkeypatch.setattr(module, "_read", noted)
    monkeypatch.setattr(module, "_latest", Snapshot(size=0, root="", facts=module._EMPTY.facts))
    monkeypatch.setattr(module, "_lock", module._lock)
    return parts


def test_it_works(now, read) -> None:
    found_house(now)
    first = snapshot()
    add_system(actor=ANNEXA, facts=SystemFacts(name="One more"), now=now)
    assert snapshot().size == first.size + 1
    assert read == [(0, first.size), (first.size, first.size + 1)]


def test_who_comes_second_reads_nothing_again(now, read, monkeypatch) -> None:
    found_house(now)
    monkeypatch.setattr(module, "_lock", Faster(snapshot))
    found = snapshot()
    assert read == [(0, found.size)]


def test_who_looked_earlier_takes_what_is_later(now, read, monkeypatch) -> None:
    """Rule: a thread that saw an older checkpoint does not read the whole ledger to go back to it."""
    found_house(now)
    before = snapshot().size
    monkeypatch.setattr(module, "_latest", Snapshot(size=0, root="", facts=module._EMPTY.facts))

    def add_and_look() -> None:
        add_system(actor=ANNEXA, facts=SystemFacts(name="One more"), now=now)
        snapshot()

    monkeypatch.setattr(module, "_lock", Faster(add_and_look))
    assert snapshot().size == before + 1
    assert read == [(0, before), (0, before + 1)]


def test_another_ledger_is_read_anew(now, read, monkeypatch) -> None:
    """Rule: after a restore the facts at hand are those of another ledger, even if that was longer."""
    found_house(now)
    here = snapshot()
    monkeypatch.setattr(module, "_latest", Snapshot(size=here.size + 9, root="00" * 32, facts=here.facts))
    found = snapshot()
    assert (found.size, found.root) == (here.size, here.root)
