"""Residual risk, statement of applicability, key figures and posture agree whatever was done before, in any order; and
the ledger of it all replays to the same tables, which say the same."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings as conf
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from annexa.actions.grants import grant_role
from annexa.actions.people import actor_of, add_person
from annexa.answers import actors
from annexa.pure.permits import ANNEXA
from annexa.records.people import Person
from tests.honesty.acting import DEEDS, Acting
from tests.honesty.agreeing import (
    Ledger,
    Seen,
    differing,
    disagreements,
    disagreements_about_acceptance,
    pack_problems,
    posture_disagreements,
    rows_against,
    seen_in_part,
    shown,
    tally_disagreements,
)
from tests.honesty.house import NOW
from tests.personas import undone
from tests.replaying import disagreements as replay_disagreements
from tests.replaying import forget

SEEDS = st.integers(0, 2**16 - 1)
STEPS = int(os.environ.get("ANNEXA_TEST_STEPS", "60"))
"""How long the long sequence is; CONTRIBUTING.md says how to ask for a thousand."""


class _Organisation(RuleBasedStateMachine):
    """A copy of the organisation, in which people act one after the other while time goes on.

    `often`, `seldom`: after how many deeds what follows from the ledger is worked out, and every row looked at.
    `replays`: after how many, and at the end, the ledger is replayed into an empty database; 0: never.
    """

    founded: Path
    often, seldom, replays = 1, 10, 0

    def __init__(self) -> None:
        super().__init__()
        self._before = conf.STORE, conf.HOME
        self._open = ExitStack()
        self._open.callback(self._put_back)
        self._folder = Path(self._open.enter_context(TemporaryDirectory()))
        copy = self._folder / "copy"
        shutil.copytree(self.founded, copy)
        conf.STORE, conf.HOME = copy / "store", copy / "home"
        self._open.enter_context(undone())
        forget()
        self.acting = Acting(now=NOW + timedelta(days=1))
        self.ledger = Ledger()
        self.lead = actor_of(Person.objects.get(role="lead"))
        guest = add_person(
            actor=ANNEXA, email="pat@example.org", name="Pat Guest", role="member", password=None, now=self.acting.now
        )
        grant_role(
            actor=actor_of(Person.objects.get(role="administrator")), person=Person.objects.get(role="administrator"),
            holder=guest, role="reader", system="chatbot", because="Reads along", now=self.acting.now,
        )  # fmt: skip
        self.guest = guest
        self.seen: dict[object, dict[str, Seen]] = {}
        self.deeds = 0

    def act(self, name: str, seed: int) -> None:
        """One deed."""
        self.deeds += 1
        note(f"{self.deeds}. {name}({seed}) at {self.acting.now:%F %T}: {self.acting.act(name, seed)}")

    @invariant()
    def agree(self) -> None:
        """What is shown follows from the ledger."""
        now = self.acting.now
        if self.deeds % self.often:
            return
        ledger = self.ledger.read()
        self._none(posture_disagreements(ledger, self.lead, now, turn=self.deeds))
        self._none(disagreements(ledger, self.lead, now))
        self._none(disagreements_about_acceptance(ledger, self.lead, now))
        if self.deeds % 3 == 0:
            self._none(seen_in_part(ledger, actors.actor_of(self.guest, now=now), frozenset({"chatbot"}), now))

    @invariant()
    def rows_and_yesterday(self) -> None:
        """Rows are what the ledger says, and what was seen then is what is said of then."""
        now = self.acting.now
        if self.deeds % self.seldom:
            return
        self._none(rows_against(self.ledger.read()))
        self._none(tally_disagreements(self.ledger, self.lead, now))
        for at, said in list(self.seen.items())[-3:] + Random(self.deeds).sample(
            list(self.seen.items()), k=min(2, len(self.seen))
        ):
            for what, found in shown(self.lead, now, at).items():
                self._none(differing(f"{what} as of {at}", found, said[what]))
        self.seen[now] = shown(self.lead, now)

    @invariant()
    def replay(self) -> None:
        """The ledger leads to the same rows, and they to the same answers."""
        if self.replays and self.deeds and self.deeds % self.replays == 0:
            self._replay()

    def _replay(self) -> None:
        self._none(replay_disagreements(self._folder / f"replay {self.deeds}", self.acting.now))

    def _none(self, found: Iterator[str]) -> None:
        wrong = list(found)
        assert not wrong, f"after {self.deeds} deeds, at {self.acting.now}: " + "\n".join(wrong[:8])

    def teardown(self) -> None:
        """At the end a stranger verifies a pack, and everything is read again as after a restart."""
        try:
            if self.deeds:
                before = shown(self.lead, self.acting.now)
                forget()
                for what, found in shown(self.lead, self.acting.now).items():
                    self._none(differing(f"{what} after a restart", found, before[what]))
                self._none(pack_problems(self.lead, self.acting.now))
            if self.replays and self.deeds % self.replays:
                self._replay()
        finally:
            self._open.close()

    def _put_back(self) -> None:
        conf.STORE, conf.HOME = self._before
        forget()


for _name in DEEDS:

    def _rule(machine: _Organisation, seed: int, name: str = _name) -> None:
        machine.act(name, seed)

    setattr(_Organisation, _name, rule(seed=SEEDS)(_rule))


def test_they_agree_after_anything(founded, db) -> None:
    """A few short sequences, made as short as they can be where something does not agree."""
    _run(founded[0], max_examples=2, stateful_step_count=8)


@pytest.mark.slow
def test_they_agree_after_much(founded, db) -> None:
    """One long sequence, told as it was: a shorter one would take as many runs as it has deeds."""
    _run(founded[0], replays=250, max_examples=1, stateful_step_count=STEPS, phases=[Phase.explicit, Phase.generate])


def test_a_pack_of_everything_holds(house) -> None:
    """The house has facts of every kind; verdicts that rest on documents, readings and assessments are proven too."""
    lead = house.person("lead")["actor"]
    assert not list(pack_problems(lead, NOW))


def _run(folder: Path, *, replays: int = 0, **more: object) -> None:
    made = type("Organisation", (_Organisation,), {"founded": folder, "replays": replays})
    run_state_machine_as_test(made, settings=settings(deadline=None, suppress_health_check=list(HealthCheck), **more))
