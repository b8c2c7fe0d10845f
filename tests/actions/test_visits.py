"""A visit ends with half an hour of silence; when it ended is kept, and is no record of the management system."""

from datetime import timedelta

from annexa.actions.visits import SILENCE, visit
from annexa.answers.since import last_visit
from annexa.records.ledger import LedgerEntry
from annexa.records.visits import Visit


def test_only_silence_ends_a_visit(actor, admin, now) -> None:
    came = [now, now + timedelta(minutes=29), now + timedelta(minutes=50)]
    for at in came:
        visit(actor=actor, person=admin, now=at)
        assert last_visit(person=admin.pk) is None
    back = came[-1] + SILENCE
    visit(actor=actor, person=admin, now=back)
    assert last_visit(person=admin.pk) == came[-1]
    visit(actor=actor, person=admin, now=back + timedelta(minutes=5))
    assert last_visit(person=admin.pk) == came[-1]


def test_it_leaves_no_entry(actor, admin, now) -> None:
    before = LedgerEntry.objects.count()
    visit(actor=actor, person=admin, now=now)
    assert (LedgerEntry.objects.count(), Visit.objects.count()) == (before, 1)


def test_a_clock_that_goes_back_takes_nothing_back(actor, admin, now) -> None:
    visit(actor=actor, person=admin, now=now)
    visit(actor=actor, person=admin, now=now - timedelta(hours=2))
    assert Visit.objects.get().seen_at == now


def test_the_program_was_never_here() -> None:
    assert last_visit(person=None) is None
