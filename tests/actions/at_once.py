"""Processes that do the same at the same moment, and of which one may. Run by tests, on its own:

python -m tests.actions.at_once PROCESSES ROUNDS
"""

import json
import os
import sys
import time
from datetime import UTC, datetime

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from annexa.actions.errors import ActionError  # noqa: E402
from annexa.actions.organisation import set_up_organisation  # noqa: E402
from annexa.actions.oversight import Posted, decide_case, plan_oversight, post_case, take_case  # noqa: E402
from annexa.actions.people import actor_of, add_person  # noqa: E402
from annexa.actions.systems import add_system, change_system  # noqa: E402
from annexa.actions.visits import visit  # noqa: E402
from annexa.pure.oversight import Plan  # noqa: E402
from annexa.pure.permits import ANNEXA  # noqa: E402
from annexa.pure.systems import SystemFacts  # noqa: E402
from annexa.records.ledger import LedgerEntry  # noqa: E402
from annexa.records.organisation import Organisation  # noqa: E402
from annexa.records.oversight import OversightOutcome  # noqa: E402
from annexa.records.people import Person  # noqa: E402
from annexa.records.systems import AiSystem  # noqa: E402
from annexa.records.visits import Visit  # noqa: E402


def found_it(number: int) -> None:
    """Sets up the organisation, with an administrator of one's own."""
    set_up_organisation(
        name=f"House {number}", admin_email=f"a{number}@example.org", admin_name="A", now=datetime.now(UTC),
        password="correct horse battery",
    )  # fmt: skip


def add(number: int, turn: int) -> None:
    """Adds a system under a reference that only one may have."""
    facts = SystemFacts(name=f"System of {number}", reference=f"REF-{turn}")
    add_system(actor=ANNEXA, facts=facts, now=datetime.now(UTC))


def change(number: int, turn: int, seen: datetime) -> None:
    """Changes a system as it was seen."""
    facts = SystemFacts(name="Hot", purpose=f"by {number} in {turn}")
    change_system(actor=ANNEXA, slug="hot", facts=facts, seen=seen, now=datetime.now(UTC))


def together(processes: int, do) -> int:
    """Has all do it at one moment; how many did, where the others were refused with a sentence."""
    connections.close_all()
    begins, pids = time.time() + 0.15, []
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                connection.ensure_connection()
                time.sleep(max(0, begins - time.time()))
                do(number)
                code = 0
            except ActionError:
                code = 1
            finally:
                sys.stderr.flush()
                os._exit(code)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert set(codes) <= {0, 1}, codes
    return codes.count(0)


def reviewers(processes: int) -> None:
    """As many overseers take one case: one has it. Of a case that two decide two have it, and it ends once."""
    at, door = datetime.now(UTC), {"actor": ANNEXA, "password": None, "role": "lead"}
    people = [add_person(email=f"r{n}@example.org", name=f"R {n}", now=at, **door) for n in range(processes)]
    for persons in (1, 2):
        plan = Plan(overseers=tuple(one.pk for one in people), two_persons=persons == 2)
        plan_oversight(
            actor=ANNEXA, person=people[0], system="hot", plan=plan, because="People", now=datetime.now(UTC)
        )  # fmt: skip
        item = post_case(
            actor=ANNEXA, system="hot", posted=Posted(title="Refuse", output="no"), now=datetime.now(UTC)
        ).id

        def take(number: int, item: str = item) -> None:
            one = people[number]
            take_case(actor=actor_of(one), person=one, item=item, now=datetime.now(UTC))

        def decide(number: int, item: str = item) -> None:
            one = people[number]
            decide_case(
                actor=actor_of(one), person=one, item=item, decision="approved", because="Yes", now=datetime.now(UTC)
            )

        assert together(processes, take) == persons
        assert together(processes, decide) == persons
        assert OversightOutcome.objects.filter(item=item, decision="approved").count() == 1


def main(processes: int, rounds: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    assert together(processes, found_it) == 1
    assert (Organisation.objects.count(), Person.objects.count()) == (1, 1)
    add_system(actor=ANNEXA, facts=SystemFacts(name="Hot"), now=datetime.now(UTC))
    for turn in range(rounds):
        assert together(processes, lambda number, turn=turn: add(number, turn)) == 1, turn
        seen = AiSystem.objects.get(slug="hot").changed_at
        assert together(processes, lambda number, turn=turn, seen=seen: change(number, turn, seen)) == 1, turn
    assert AiSystem.objects.count() == rounds + 1
    reviewers(processes)
    person = Person.objects.order_by("pk").first()
    looks = together(processes, lambda _number: visit(actor=ANNEXA, person=person, now=datetime.now(UTC)))
    assert (looks, Visit.objects.count()) == (processes, 1)
    positions = list(LedgerEntry.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(len(positions)))
    sys.stdout.write(json.dumps({"vendor": connection.vendor, "rounds": rounds}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
