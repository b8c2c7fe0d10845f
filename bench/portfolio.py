"""The engine at scale: every requirement of every framework in thousands of AI systems, from facts in arrays.

python bench/portfolio.py [--json] [--size 1000 10000 100000] [--runs 3]

The first size that is named last gives the figures without a size in their name. Data is made up, with a fixed seed:
every control of the library declared for the organisation, 3 % overridden in single systems, a hundred pieces of
evidence for each system, of which some expired and some fail, and approved classifications for a third of the systems.
"""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from installation import options, report

from annexa.library.load import library
from annexa.pure.fact_columns import Columns, EvidenceColumns, micros
from annexa.pure.facts import ORGANISATION, Adoption, Circumstances, Evidence, Facts, SystemFact
from annexa.pure.portfolio import Portfolio
from annexa.pure.posture import Engine
from annexa.pure.systems import CLASSES, ROLES

SEED = 20261121
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EVIDENCE_PER_SYSTEM = 100
ANSWERS = ("personal_data", "impact_assessment", "monitoring")
DEFINITION = 200
"""Systems over which the definition is timed for comparison; it keeps every proof, so it is asked for fewer."""


def main() -> None:
    """Measures each size, then the definition on a small one."""
    args = options(__doc__ or "", runs=3, size=[1_000, 10_000])
    figures: dict[str, float] = {}
    for size in args.size:
        figures |= {f"{name}_{size}": value for name, value in measured(size, args.runs).items()}
    last = args.size[-1]
    figures |= {name.removesuffix(f"_{last}"): v for name, v in figures.items() if name.endswith(f"_{last}")}
    figures |= against_the_definition()
    figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    report(figures, as_json=args.json)


def measured(size: int, runs: int) -> dict[str, float]:
    """The figures of one size: medians over fresh portfolios."""
    columns = made(size)
    names = list(library().frameworks)

    def counts() -> Portfolio:
        found = Portfolio(columns=columns, at=NOW)
        for name in names:
            found.counts(name)
        return found

    def everything() -> Portfolio:
        found = Portfolio(columns=columns, at=NOW)
        for name in names:
            found.matrix(name)
        return found

    read = Portfolio(columns=columns, at=NOW)
    for one in library().controls:
        read.standings(one)

    def counts_alone() -> None:
        read._columns.clear()
        read._alike.clear()
        read._starts.clear()
        for name in names:
            read.counts(name)

    known = everything()
    for name in names:
        known.posture(name)
    slug = f"system-{size // 2}"
    control = next(c for c in library().controls.values() if c.level == "system" and c.expectations[0].max_age)
    fact = Evidence(
        id="new", control=control.id, expectation=control.expectations[0].id, scope=slug, passing=True,
        sha256="0" * 64, effective_at=NOW, recorded_at=NOW, expires_at=NOW + timedelta(days=90),
    )  # fmt: skip

    def one_fact() -> Portfolio:
        found = known.plus([fact])
        for framework, leaf in library().covered_by[control.id]:
            found.column(framework, leaf)
        for name in names:
            found.posture(name)
        return found

    leaves = sum(len(held.leaves) for held in library().frameworks.values())
    return {
        "cells": leaves * size,
        "facts": columns.evidence.used,
        "full_evaluation_s": round(timed(everything, runs), 4),
        "counts_from_facts_ms": round(timed(counts, runs) * 1000, 2),
        "counts_ms": round(timed(counts_alone, runs) * 1000, 2),
        "one_fact_ms": round(timed(one_fact, runs * 5) * 1000, 2),
    }


def timed(what: Callable[[], object], runs: int) -> float:
    """The median time in seconds."""
    took = []
    for _ in range(runs):
        started = time.perf_counter()
        what()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def systems_of(size: int, random: Random) -> list[SystemFact]:
    """Systems with roles, classes and answers as they occur."""
    choices = {"yes": 6, "no": 2, "unknown": 2}
    words, weights = list(choices), list(choices.values())
    return [
        SystemFact(
            id=f"system-{number}", name=f"System {number}", purpose="p" if random.random() < 0.9 else "",
            stage="operation", roles=tuple(random.sample(ROLES, k=random.choice((1, 1, 2)))),
            classes=(random.choice(CLASSES),), high_risk_by=random.choice(("", "annex-iii", "annex-i")),
            owner="kim" if random.random() < 0.9 else "", effective_at=NOW - timedelta(days=300),
            recorded_at=NOW - timedelta(days=300), entry=number,
            **{answer: random.choices(words, weights)[0] for answer in ANSWERS},
        )
        for number in range(size)
    ]  # fmt: skip


def made(size: int) -> Columns:
    """Facts in columns; evidence goes into the arrays directly, as a store of columns would give it."""
    random, numbers = Random(SEED), np.random.default_rng(SEED)
    when = {"effective_at": NOW - timedelta(days=200), "recorded_at": NOW - timedelta(days=200)}
    controls = list(library().controls.values())
    adoptions = [
        Adoption(id=c.id, control=c.id, scope=ORGANISATION, state="implemented" if random.random() < 0.9 else "planned",
                 plan_due=NOW + timedelta(days=30), **when)
        for c in controls
    ]  # fmt: skip
    adoptions += [
        Adoption(id=f"{number}", control=random.choice(controls).id, scope=f"system-{random.randrange(size)}",
                 state=random.choice(("implemented", "excluded", "not implemented")), **when)
        for number in range(size * 3 // 100)
    ]  # fmt: skip
    words = ("about-people", "credit-or-insurance", "legacy", "by-use")
    approved = [
        Circumstances(id=f"r{n}", law="eu-ai-act", scope=f"system-{n}",
                      words=tuple(word for word in words if random.random() < 0.4), **when)
        for n in range(size) if random.random() < 0.3
    ]  # fmt: skip
    found = Columns(library=library()).plus([*systems_of(size, random), *adoptions, *approved])
    rows = [row for (control, _), row in found.rows.items() if library().controls[control].level == "system"]
    shared = [row for (control, _), row in found.rows.items() if library().controls[control].level == "organisation"]
    count = size * EVIDENCE_PER_SYSTEM
    row = np.concatenate([numbers.choice(np.array(rows), count), np.array(shared)])
    place = np.concatenate([numbers.integers(1, size + 1, count), np.zeros(len(shared), np.int64)])
    day = 86_400_000_000
    effective = micros(NOW) - numbers.integers(0, 400, row.size) * day
    recorded = effective + numbers.integers(0, 3, row.size) * day
    expires = effective + numbers.integers(90, 366, row.size) * day
    passing = numbers.random(row.size) < 0.97
    return replace(found, evidence=EvidenceColumns.of(row, place, effective, recorded, expires, passing))


def against_the_definition() -> dict[str, float]:
    """The same cells by `posture.py`, and how many times longer they take there."""
    random = Random(SEED)
    systems = systems_of(DEFINITION, random)
    own = [
        Adoption(id=s.id, control="LIF-05", scope=s.id, state="implemented", effective_at=NOW, recorded_at=NOW)
        for s in systems
    ]
    facts = Facts(systems=tuple(systems), adoptions=tuple(own))
    names = list(library().frameworks)

    def definition() -> None:
        engine = Engine(library=library(), facts=facts, at=NOW)
        for name in names:
            for leaf in library().frameworks[name].leaves:
                for system in systems:
                    engine.requirement(name, leaf.id, system.id)

    def arrays() -> None:
        columns = Columns(library=library()).plus([*systems, *own])
        found = Portfolio(columns=columns, at=NOW)
        for name in names:
            found.matrix(name)

    slow, fast = timed(definition, 1), timed(arrays, 3)
    return {"definition_s_200_systems": round(slow, 2), "times_faster": round(slow / fast)}


if __name__ == "__main__":
    main()
