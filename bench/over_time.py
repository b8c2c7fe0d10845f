"""The posture over time at scale: how long the first chart takes, the next ones, and one after a fact.

    python bench/over_time.py [--json] [--systems 10000] [--evidence 100000]

Data is made up, with a fixed seed: every control of the library declared, systems and evidence recorded over the past
year and a quarter. `first` includes reading all facts into columns, which the pages have at hand.
"""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from installation import SEED, installation, options, report

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
SPAN = 450
"""Days over which things were recorded."""


def main() -> None:
    """Makes the facts and asks for charts."""
    args = options(__doc__ or "", systems=10_000, evidence=100_000)
    with installation():
        from annexa.answers.over_time import Extent, series
        from annexa.answers.posture import Standpoint
        from annexa.library.load import library
        from annexa.pure.facts import ORGANISATION
        from annexa.pure.posture import Engine
        from annexa.records.snapshot import Snapshot

        facts = made(args.systems, args.evidence)
        begun = (NOW - timedelta(days=SPAN)).date()
        reach = Extent(first=date(2025, 11, 30), last=date(2027, 11, 1), today=NOW.date(), since=begun)

        def chart(framework: str, scope: str = ORGANISATION) -> float:
            taken = Snapshot(size=1, root=str(len(facts.evidence)), facts=facts)
            started = time.perf_counter()
            found = series(stand, taken, (framework,), scope, now=NOW, reach=reach)
            assert len(found.points) > 12, len(found.points)  # noqa: S101
            return time.perf_counter() - started

        def standing() -> Standpoint:
            made = Standpoint(engine=Engine(library=library(), facts=facts, at=NOW), size=1, root="", until=None)
            made.posture("iso42001-2023")
            return made

        stand = standing()
        figures = {
            "first_s": chart("iso42001-2023"),
            "again_s": chart("iso42001-2023"),
            "another_framework_s": chart("eu-ai-act"),
            "one_system_s": chart("eu-ai-act", "system-1"),
        }
        facts = facts.plus([replace(facts.evidence[0], id="new", effective_at=NOW, recorded_at=NOW)])
        stand = standing()
        figures["after_a_fact_s"] = chart("iso42001-2023")
        report({name: round(value, 3) for name, value in figures.items()}, as_json=args.json)


def made(systems: int, evidence: int):  # type: ignore[no-untyped-def]  # the product is only known inside the installation
    """Facts of that size."""
    from annexa.library.load import library
    from annexa.pure.facts import ORGANISATION, Adoption, Evidence, Facts, SystemFact

    chance = Random(SEED)
    begun = NOW - timedelta(days=SPAN)

    def when() -> datetime:
        return begun + timedelta(days=chance.randrange(1, SPAN))

    wanted = [(control, one) for control in library().controls.values() for one in control.expectations if one.max_age]
    found = []
    for number in range(systems):
        at = when()
        found.append(SystemFact(
            id=f"system-{number}", name=f"System {number}", effective_at=at, recorded_at=at,
            roles=(chance.choice(("provider", "deployer")),), classes=(chance.choice(("high-risk", "minimal")),),
        ))  # fmt: skip
    adoptions = [
        Adoption(id=f"a-{control}", control=control, scope=ORGANISATION, state="implemented", effective_at=begun,
                 recorded_at=begun)
        for control in library().controls
    ]  # fmt: skip
    pieces = []
    for number in range(evidence):
        control, expectation = chance.choice(wanted)
        at = when()
        pieces.append(Evidence(
            id=f"e-{number}", control=control.id, expectation=expectation.id, passing=chance.random() > 0.03,
            scope=ORGANISATION if control.level == "organisation" else f"system-{chance.randrange(systems)}",
            sha256="0" * 64, effective_at=at, recorded_at=at, expires_at=at + expectation.max_age,
        ))  # fmt: skip
    return Facts(systems=tuple(found), adoptions=tuple(adoptions), evidence=tuple(pieces))


if __name__ == "__main__":
    main()
