"""Server time and queries of the pages, with 2,133 AI systems, declared controls and evidence.

    python bench/pages.py [--json] [--runs 15] [--systems 10000 --evidence 100000]

`cold` is the first answer after the ledger grew: what the new fact reaches is computed anew. `warm` is the median of
the following ones. More systems than the inventory has are made up, with a fixed seed. `fact_to_posture_ms`: one
declaration through its action, and all verdicts of all adopted frameworks after it.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from installation import SEED, installation, inventory, options, report

PAGES = {
    "today": "/",
    "tasks": "/tasks?whose=all",
    "path": "/path",
    "gaps": "/path/gaps",
    "systems": "/systems",
    "systems_search": "/systems?q=fraud",
    "systems_last_page": "/systems?page=80",
    "passport": "/systems/{slug}",
    "system_ai_act": "/frameworks/eu-ai-act?scope={slug}",
    "system_proof": "/frameworks/eu-ai-act?scope={slug}&requirement=Art.26(6)",
    "portfolio": "/portfolio?by=unit",
    "frameworks": "/frameworks",
    "framework_27001": "/frameworks/iso27001-2022",
    "framework_42001": "/frameworks/iso42001-2023",
    "framework_ai_act": "/frameworks/eu-ai-act",
    "framework_proof": "/frameworks/eu-ai-act?requirement=Art.26(6)",
    "control": "/controls/MON-01",
    "framework_nist": "/frameworks/nist-ai-rmf-1.0",
    "over_time_27001": "/frameworks/iso27001-2022/over-time",
    "over_time_ai_act": "/frameworks/eu-ai-act/over-time",
    "requirement": "/frameworks/eu-ai-act/requirements/Art.26(6)",
    "mappings": "/mappings?from=nist-ai-rmf-1.0&to=iso42001-2023",
    "mappings_2013": "/mappings?from=iso27001-2013&to=iso27001-2022&show=matrix",
    "obligations": "/obligations",
    "regime_ai_act": "/obligations/eu-ai-act",
    "library": "/library",
    "library_search": "/library?q=prompt+injection",
    "library_ai_act": "/library/frameworks/eu-ai-act",
    "library_in_force": "/frameworks/library",
    "questionnaire": "/library/questionnaires/supplier-deep",
    "risks": "/library/risks",
    "checklist": "/library/checklists/iso42001-2023",
    "controls": "/controls",
    "ledger": "/ledger",
}


def main() -> None:
    """Seeds an organisation of that size and asks for every page."""
    args = options(__doc__ or "", runs=15, systems=0, evidence=300)
    with installation():
        from django.conf import settings
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        settings.ALLOWED_HOSTS = ["testserver"]
        person, touch, slug = _seed(args.systems, args.evidence)
        client = Client()
        client.force_login(person)
        figures: dict[str, float | int | str] = {}
        figures["fact_to_posture_ms"] = round(_fact_to_posture(person, touch, args.runs), 1)
        for name, address in PAGES.items():
            url = address.replace("{slug}", slug)
            touch()
            with CaptureQueriesContext(connection) as queries:
                cold = _ms(client, url)
            asked = len(queries)
            warm = statistics.median(_ms(client, url) for _ in range(args.runs))
            print(name, round(cold), round(warm), asked, file=sys.stderr)
            figures |= {f"{name}_cold_ms": round(cold), f"{name}_warm_ms": round(warm), f"{name}_queries": asked}
        report(figures, as_json=args.json)


def _ms(client: object, url: str) -> float:
    started = time.perf_counter()
    answer = client.get(url)  # type: ignore[attr-defined]
    assert answer.status_code == 200, (url, answer.status_code)  # noqa: S101
    return (time.perf_counter() - started) * 1000


def _fact_to_posture(person: Any, touch: Callable[[], None], runs: int) -> float:
    """The median over some facts, each recorded and then judged."""
    from annexa.actions.people import actor_of
    from annexa.answers.frameworks import list_frameworks

    took = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        touch()
        list_frameworks(actor=actor_of(person), now=datetime.now(UTC))
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took[1:])


def _seed(systems: int, count: int) -> tuple[Any, Callable[[], None], str]:
    """An organisation with the inventory and more, all controls declared, and `count` pieces of evidence."""
    from annexa.actions.controls import adopt_control
    from annexa.actions.door import door
    from annexa.actions.organisation import set_up_organisation
    from annexa.actions.people import actor_of
    from annexa.actions.systems import import_systems
    from annexa.actions.visits import SILENCE, visit
    from annexa.answers.imports import plan_systems
    from annexa.library.load import library
    from annexa.pure.systems import CLASSES, ROLES, SystemFacts
    from annexa.records.evidence import Evidence
    from annexa.records.systems import AiSystem

    now, chance = datetime.now(UTC), random.Random(SEED)
    _, person = set_up_organisation(
        name="Bench",
        admin_email="bench@example.org",
        admin_name="Bench",
        password="a long enough pass phrase",  # noqa: S106
        now=now,
    )
    actor = actor_of(person)
    planned = plan_systems(actor=actor, data=inventory(), name="inventory.csv")
    import_systems(actor=actor, planned=planned, now=now)

    def made_up(number: int) -> AiSystem:
        found = AiSystem(slug=f"made-up-{number}", created_at=now, changed_at=now)
        found.take(
            SystemFacts(
                name=f"Made up {number}", purpose="To be counted.", stage="operation", owner="kim@example.org",
                unit=f"Unit {number % 40}", roles=(chance.choice(ROLES),), classes=(chance.choice(CLASSES),),
                personal_data=chance.choice(("yes", "no", "unknown")),
            )
        )  # fmt: skip
        return found

    more = [made_up(number) for number in range(systems - AiSystem.objects.count())]
    with door(actor=actor, verb="import_systems", now=now) as opened:
        if more:
            opened.write_many(more, kind="ai_system", subject=lambda one: f"ai_system/{one.slug}")
    for control in library().controls:
        adopt_control(actor=actor, person=person, control=control, state="implemented", now=now)
    slugs = list(AiSystem.objects.order_by("slug").values_list("slug", flat=True))
    wanted = [(c, e) for c in library().controls.values() for e in c.expectations if e.max_age]

    def shown(number: int) -> Evidence:
        control, expectation = chance.choice(wanted)
        return Evidence(
            id=f"{number:032x}", control=control.id, expectation=expectation.id,
            scope="organisation" if control.level == "organisation" else chance.choice(slugs),
            kind=expectation.kind, passing=chance.random() < 0.97, sha256=f"{number:064x}", size=100,
            media_type="text/plain", name=f"evidence-{number}.txt", note="", observed_at=now, recorded_at=now,
            expires_at=now + expectation.max_age, by=person,
        )  # fmt: skip

    pieces = [shown(number) for number in range(count)]
    for half in (pieces[: count // 2], pieces[count // 2 :]):
        with door(actor=actor, verb="add_evidence", now=now) as opened:
            opened.write_many(half, kind="evidence", subject=lambda one: f"evidence/{one.id}")
        for at in (now, now + SILENCE):  # somebody was here, and left: Today has something to say
            visit(actor=actor, person=person, now=at)

    def touch() -> None:
        adopt_control(actor=actor, person=person, control="GOV-01", state="implemented", now=datetime.now(UTC))

    return person, touch, slugs[len(slugs) // 2]


if __name__ == "__main__":
    main()
