"""Server time and queries of the pages, with 2,133 AI systems, declared controls and evidence.

    python bench/pages.py [--json] [--runs 15]

`cold` is the first answer after the ledger grew: every verdict it shows is computed anew. `warm` is the median of the
following ones.
"""

import random
import statistics
import time
from datetime import UTC, datetime, timedelta

from installation import SEED, installation, inventory, options, report

PAGES = {
    "today": "/",
    "systems": "/systems",
    "systems_search": "/systems?q=fraud",
    "systems_last_page": "/systems?page=80",
    "portfolio": "/portfolio?by=unit",
    "frameworks": "/frameworks",
    "framework_27001": "/frameworks/iso27001-2022",
    "framework_42001": "/frameworks/iso42001-2023",
    "framework_ai_act": "/frameworks/eu-ai-act",
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
    args = options(__doc__ or "", runs=15, evidence=300)
    with installation():
        from django.conf import settings
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        settings.ALLOWED_HOSTS = ["testserver"]
        person, touch = _seed(args.evidence)
        client = Client()
        client.force_login(person)
        figures: dict[str, float | int | str] = {}
        for name, url in PAGES.items():
            touch()
            with CaptureQueriesContext(connection) as queries:
                cold = _ms(client, url)
            asked = len(queries)
            warm = statistics.median(_ms(client, url) for _ in range(args.runs))
            figures |= {f"{name}_cold_ms": round(cold), f"{name}_warm_ms": round(warm), f"{name}_queries": asked}
        report(figures, as_json=args.json)


def _ms(client: object, url: str) -> float:
    started = time.perf_counter()
    answer = client.get(url)  # type: ignore[attr-defined]
    assert answer.status_code == 200, (url, answer.status_code)  # noqa: S101
    return (time.perf_counter() - started) * 1000


def _seed(count: int) -> tuple[object, object]:
    """An organisation with the inventory, all controls declared, and `count` pieces of evidence."""
    from annexa.actions.controls import adopt_control
    from annexa.actions.evidence import add_evidence
    from annexa.actions.organisation import set_up_organisation
    from annexa.actions.people import actor_of
    from annexa.actions.systems import import_systems
    from annexa.answers.imports import plan_systems
    from annexa.library.load import library
    from annexa.records.systems import AiSystem

    now = datetime.now(UTC)
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
    for control in library().controls:
        adopt_control(actor=actor, person=person, control=control, state="implemented", now=now)
    chance = random.Random(SEED)
    slugs = list(AiSystem.objects.order_by("slug").values_list("slug", flat=True))
    wanted = [(c, e) for c in library().controls.values() for e in c.expectations if e.max_age]
    for number in range(count):
        control, expectation = chance.choice(wanted)
        add_evidence(
            actor=actor,
            person=person,
            control=control.id,
            expectation=expectation.id,
            file=f"evidence {number}".encode(),
            name=f"evidence-{number}.txt",
            limit_bytes=1024,
            scope="organisation" if control.level == "organisation" else chance.choice(slugs),
            observed_at=now - timedelta(days=0),
            now=now,
        )

    def touch() -> None:
        adopt_control(actor=actor, person=person, control="GOV-01", state="implemented", now=datetime.now(UTC))

    return person, touch


if __name__ == "__main__":
    main()
