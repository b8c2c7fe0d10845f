"""The order of work against naive orders, and on small cases against the best order there is.

python bench/path.py [--json] [--cases 300] [--controls 9] [--systems 12] [--runs 5]

Area: the weight of the requirements met, summed over all the days of work, as a share of what would be reached if
everything were met from the first day. Small cases are random libraries with at most --controls controls; their best
order is found by looking at every subset of the controls, which is exact. `after_k` compares the number of requirements
met after k steps with the most that any k steps can meet, averaged over k; an order that weighs effort is not meant to
reach it. The real library is taken with nothing done, and with a part done, in part proven, and in part run out.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from installation import options, report

from annexa.library.load import library
from annexa.pure.facts import ORGANISATION, Adoption, Evidence, Facts, SystemFact
from annexa.pure.order import Timing, best_order, in_time
from annexa.pure.path import path
from annexa.pure.posture import Engine
from annexa.pure.standards import Control, Coverage, Expectation, ExpectationKind, Framework, Library, Requirement
from annexa.pure.work import Work
from annexa.pure.work_ahead import work_ahead

SEED = 20261121
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EFFORTS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 40.0)
KNOWN = {"effective_at": NOW - timedelta(days=100), "recorded_at": NOW - timedelta(days=100)}
LATER = (None, None, NOW.date() + timedelta(days=40), NOW.date() + timedelta(days=376))

Figures = dict[str, float | int | str]


def main() -> None:
    """Measures the small cases, then the real library in two states."""
    args = options(__doc__ or "", cases=300, controls=9, systems=12, runs=5)
    figures = small_cases(args.cases, args.controls)
    for state, share in (("nothing_done", 0.0), ("partly_done", 0.6)):
        facts = recorded(args.systems, share)
        figures |= {f"{state}_{name}": value for name, value in real(facts, args.runs).items()}
    report(figures, as_json=args.json)


def orders(work: Work) -> dict[str, Sequence[str]]:
    """Ours, and what one would do without thinking."""
    jobs = work.jobs
    covered = {control: sum(len(work.prizes[p].goals) for p in work.touched[control]) for control in jobs}
    return {
        "path": best_order(work),
        "by_id": sorted(jobs),
        "by_effort": sorted(jobs, key=lambda c: (jobs[c].effort, c)),
        "by_covered": sorted(jobs, key=lambda c: (-covered[c], c)),
        "by_covered_per_effort": sorted(jobs, key=lambda c: (-covered[c] / jobs[c].effort, c)),
    }


def area(work: Work, order: Sequence[str]) -> float:
    """The area under the curve up to the day on which every job is done, as a share of all there is."""
    whole = sum(job.effort for job in work.jobs.values())
    curve = work.curve(order)
    waited = sum((work.weight - before.weight) * (after.days - before.days) for before, after in pairwise(curve))
    return 1 - waited / (whole * work.weight)


# --- small cases, exhaustively


def small_cases(cases: int, controls: int) -> Figures:
    """Ratios to the best order, over random small libraries."""
    random = Random(SEED)
    ratios: dict[str, list[float]] = {}
    waits: list[float] = []
    after_k: list[float] = []
    for _ in range(cases):
        work = made(random, random.randint(3, controls))
        if not work.goals:
            continue
        best = best_area(work)
        for name, order in orders(work).items():
            ratios.setdefault(name, []).append(area(work, order) / best if best else 1.0)
        ours = orders(work)["path"]
        waits.append((1 - best) / (1 - area(work, ours)))
        most = most_after(work)
        met = [point.met - work.met for point in work.curve(ours)[1:]]
        after_k.append(statistics.fmean(n / m for n, m in zip(met, most[1:], strict=False) if m))
    figures: Figures = {"small_cases": len(waits)}
    for name, found in ratios.items():
        figures[f"small_{name}_area_ratio_mean"] = round(statistics.fmean(found), 4)
        figures[f"small_{name}_area_ratio_worst"] = round(min(found), 4)
    figures["small_path_optimal_share"] = round(sum(one > 1 - 1e-9 for one in ratios["path"]) / len(waits), 4)
    figures["small_path_waiting_ratio_mean"] = round(statistics.fmean(waits), 4)
    figures["small_path_waiting_ratio_worst"] = round(min(waits), 4)
    figures["small_path_after_k_ratio_mean"] = round(statistics.fmean(after_k), 4)
    figures["small_path_after_k_ratio_worst"] = round(min(after_k), 4)
    return figures


def gained(work: Work, jobs: Sequence[str]) -> list[tuple[float, int]]:
    """For each subset of the jobs, as bits, the weight and the number of the requirements it meets."""
    found = []
    for subset in range(1 << len(jobs)):
        done = 0
        for place, control in enumerate(jobs):
            if subset >> place & 1:
                done |= work.jobs[control].gives
        won = [prize for prize in work.prizes if prize.won_by(done)]
        found.append((sum(prize.weight for prize in won), sum(len(prize.goals) for prize in won)))
    return found


def best_area(work: Work) -> float:
    """The area of the best order of all: the least waiting to reach each subset, from the empty one up."""
    jobs = list(work.jobs)
    weights = [weight for weight, _ in gained(work, jobs)]
    least = [0.0] + [float("inf")] * ((1 << len(jobs)) - 1)
    for subset in range(1 << len(jobs)):
        for place, control in enumerate(jobs):
            if not subset >> place & 1:
                waited = least[subset] + (work.weight - weights[subset]) * work.jobs[control].effort
                least[subset | 1 << place] = min(least[subset | 1 << place], waited)
    done = min(waited for waited, weight in zip(least, weights, strict=True) if weight >= work.weight - 1e-9)
    return 1 - done / (sum(job.effort for job in work.jobs.values()) * work.weight)


def most_after(work: Work) -> list[int]:
    """For each k the most requirements that any k steps can meet."""
    jobs = list(work.jobs)
    found = [0] * (len(jobs) + 1)
    for subset, (_, count) in enumerate(gained(work, jobs)):
        found[subset.bit_count()] = max(found[subset.bit_count()], count)
    return found


def made(random: Random, size: int) -> Work:
    """The work ahead in a random small library: two frameworks whose requirements share controls."""
    expectation = Expectation(
        id="report", what="A report", kind=ExpectationKind.ARTIFACT, max_age=timedelta(days=365), max_age_text="P1Y"
    )
    controls = [
        Control(id=f"C-{number}", name="c", objective="o", practice="p", level="organisation", owner_role="lead",
                cadence="yearly", effort=random.choice(EFFORTS), expectations=(expectation,), tests=())
        for number in range(size)
    ]  # fmt: skip
    frameworks, coverage = {}, {}
    for name in ("first", "second"):
        leaves = [
            Requirement(id=f"{name}-{number}", parent=None, kind="clause", title="t", summary="s",
                        level="organisation", applies_from=random.choice(LATER))
            for number in range(random.randint(4, 12))
        ]  # fmt: skip
        coverage[name] = {leaf.id: covered(random, leaf.id, [c.id for c in controls]) for leaf in leaves}
        frameworks[name] = Framework(
            id=name, version="1", title=name, publisher="p", licence_note="l", source_url="s", language="en",
            edition="1", status="current", requirements=tuple(leaves),
        )  # fmt: skip
    held = Library(version="1", frameworks=frameworks, controls={c.id: c for c in controls}, coverage=coverage)
    states = ("implemented", "not implemented", "not implemented")
    adoptions = [
        Adoption(id=c.id, control=c.id, scope=ORGANISATION, state=random.choice(states), **KNOWN) for c in controls
    ]
    engine = Engine(library=held, facts=Facts(adoptions=tuple(adoptions)), at=NOW)
    return work_ahead(engine, list(frameworks), start=NOW.date())


def covered(random: Random, requirement: str, controls: list[str]) -> Coverage:
    """One to three sufficient sets of one to four controls."""
    sets = [
        tuple(random.sample(controls, k=min(len(controls), random.choice((1, 1, 2, 2, 3, 4)))))
        for _ in range(random.choice((1, 1, 2, 3)))
    ]
    return Coverage(requirement=requirement, sufficient=tuple(sets))


# --- the real library


def real(facts: Facts, runs: int) -> Figures:
    """Figures for every framework of the shipped library at once."""
    names = list(library().frameworks)
    work = work_ahead(Engine(library=library(), facts=facts, at=NOW), names, start=NOW.date())
    figures: Figures = {"controls": len(work.jobs), "met_before": work.met, "reachable": len(work.goals)}
    figures["unreachable"] = len(work.unreachable)
    figures["person_days"] = round(sum(job.effort for job in work.jobs.values()), 1)
    for name, order in orders(work).items():
        curve = work.curve(order)
        figures[f"{name}_area"] = round(area(work, order), 4)
        for k in (10, 25, 50):
            figures[f"{name}_met_after_{k}_steps"] = curve[min(k, len(curve) - 1)].met - work.met

    figures |= dates(work)

    def fresh() -> None:
        path(Engine(library=library(), facts=facts, at=NOW), names, start=NOW.date())

    figures["path_ms"] = round(timed(fresh, runs) * 1000, 1)
    figures["order_ms"] = round(timed(lambda: best_order(replace(work)), runs) * 1000, 1)
    return figures


def dates(work: Work) -> Figures:
    """How much is late at two people's capacity, before and after steps move up, and what the moving costs."""
    start, week = NOW.date(), 10.0
    best = best_order(work)
    kept = in_time(work, best, start=start, capacity_days_per_week=week)
    before, after = (Timing.of(work, order, start, week) for order in (best, kept))
    return {
        "late_weight_before_moving_up": round(before.late, 2),
        "late_weight": round(after.late, 2),
        "in_time_area": round(area(work, kept), 4),
        "waits_longer_by": round(after.waits / before.waits - 1, 4),
    }


def timed(what: Callable[[], object], runs: int) -> float:
    """The median time in seconds."""
    took = []
    for _ in range(runs):
        started = time.perf_counter()
        what()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def recorded(systems: int, share: float) -> Facts:
    """Systems of several roles and classes, and that share of the controls declared, three quarters of it with
    evidence, of which some has run out and some fails."""
    random = Random(SEED)
    roles, classes = ("provider", "deployer"), ("high-risk", "minimal", "transparency")
    registered = tuple(
        SystemFact(
            id=f"system-{number}", name=f"System {number}", roles=(roles[number % 2],), classes=(classes[number % 3],),
            high_risk_by="annex-iii" if number % 3 == 0 else "", purpose="p" if number % 4 else "",
            owner="kim" if number % 5 else "", stage="operation", **KNOWN,
        )
        for number in range(systems)
    )  # fmt: skip
    adoptions, evidence = [], []
    for control in library().controls.values():
        if random.random() >= share:
            continue
        state = random.choices(("implemented", "planned"), (9, 1))[0]
        due = NOW + timedelta(days=30) if state == "planned" else None
        adoptions.append(
            Adoption(id=control.id, control=control.id, scope=ORGANISATION, state=state, plan_due=due, **KNOWN)
        )
        if state == "implemented" and random.random() < 0.75:
            scopes = [ORGANISATION] if control.level == "organisation" else [one.id for one in registered]
            evidence += [shown(control, scope, random) for scope in scopes for _ in (0,)]
    return Facts(systems=registered, adoptions=tuple(adoptions), evidence=tuple(e for found in evidence for e in found))


def shown(control: Control, scope: str, random: Random) -> list[Evidence]:
    """Evidence for everything that a control expects there."""
    ends = NOW + timedelta(days=random.choice((-10, 60, 90, 120, 200)))
    return [
        Evidence(
            id=f"{control.id}/{one.id}/{scope}", control=control.id, expectation=one.id, scope=scope,
            passing=random.random() < 0.96, sha256="0" * 64, expires_at=ends, **KNOWN,
        )
        for one in control.expectations
        if not one.check
    ]  # fmt: skip


if __name__ == "__main__":
    main()
