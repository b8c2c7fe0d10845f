"""How long it takes to classify a whole register from its facts: the command with its start-up, and the page.

python bench/classify.py [--json] [--systems 10000] [--answered 1000]
"""

import random
import subprocess
import sys
import time
from pathlib import Path

from installation import SEED, installation, inventory, options, report

ANNEXA = Path(sys.executable).with_name("annexa")


def main() -> None:
    """The real inventory by the command, then a made-up register of which a part is answered, each its own way."""
    args = options(__doc__ or "", systems=10_000, answered=1_000)
    with installation():
        from datetime import UTC, datetime

        from annexa.actions.systems import import_systems
        from annexa.answers.classification_register import classification_register
        from annexa.answers.imports import plan_systems
        from annexa.pure.permits import ANNEXA as EVERYBODY

        import_systems(
            actor=EVERYBODY,
            planned=plan_systems(actor=EVERYBODY, data=inventory(), name="inventory.csv"),
            now=datetime.now(UTC),
        )
        command = min(_command() for _ in range(3))
        federal = classification_register(actor=EVERYBODY, now=datetime.now(UTC)).totals()
        _grow(args.systems, args.answered)
        started = time.perf_counter()
        classification_register(actor=EVERYBODY, now=datetime.now(UTC), law="eu-ai-act")
        first = time.perf_counter()
        register = classification_register(actor=EVERYBODY, now=datetime.now(UTC), law="eu-ai-act")
        report(
            {
                "inventory_systems": federal[0].settled + federal[0].open,
                **{f"inventory_settled_{one.tree.id}": one.settled for one in federal},
                "inventory_command_s": round(command, 2),
                "systems": len(register.lines),
                "answered": args.answered,
                "register_first_s": round(first - started, 2),
                "register_again_s": round(time.perf_counter() - first, 2),
            },
            as_json=args.json,
        )


def _command() -> float:
    """Seconds for the whole command, in a process of its own."""
    started = time.perf_counter()
    words = [str(ANNEXA), "classify", "--all-systems", "--format", "json"]
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - started


def _grow(systems: int, answered: int) -> None:
    """Fills the register up to a size and answers the AI Act's questions for some, at random and each to the end."""
    from datetime import UTC, datetime

    from annexa.actions.classification import answer_classification
    from annexa.actions.people import actor_of, add_person
    from annexa.actions.systems import import_systems
    from annexa.answers.imports import plan_systems
    from annexa.library.classification import classifications
    from annexa.pure.classify import next_question
    from annexa.pure.permits import ANNEXA as EVERYBODY
    from annexa.records.systems import AiSystem

    chance, now = random.Random(SEED), datetime.now(UTC)
    missing = systems - AiSystem.objects.exclude(stage="retirement").count()
    rows = "".join(f"System {n},operation,{chance.choice(['in-house', 'supplier'])}\n" for n in range(missing))
    planned = plan_systems(actor=EVERYBODY, data=f"Name,Stage,Built\n{rows}".encode(), name="more.csv")
    import_systems(actor=EVERYBODY, planned=planned, now=now)
    who = add_person(actor=EVERYBODY, email="a@example.org", name="A", role="lead", password=None, now=now)
    tree = classifications()["eu-ai-act"]
    for slug in AiSystem.objects.exclude(stage="retirement").values_list("slug", flat=True)[:answered]:
        said: dict[str, object] = {}
        while (question := next_question(tree, said, now.date())) is not None:
            words = [one.id for one in question.choices] or ["yes", "no"]
            several = question.kind == "several"
            said[question.id] = [w for w in words if chance.random() < 0.3] if several else chance.choice(words)
        answer_classification(
            actor=actor_of(who), person=who, tree=tree.id, scope=slug, given=said, seen="", now=now
        )  # fmt: skip


if __name__ == "__main__":
    main()
