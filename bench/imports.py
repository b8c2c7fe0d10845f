"""How long it takes until 2,133 AI systems from a real inventory are in the register and in the ledger, and verified.

python bench/imports.py [--json]
"""

import time

from installation import installation, inventory, options, report


def main() -> None:
    """Plans, imports, imports again."""
    args = options(__doc__ or "")
    with installation():
        from datetime import UTC, datetime

        from annexa.actions.systems import import_systems
        from annexa.answers.imports import plan_systems
        from annexa.answers.integrity import check_everything
        from annexa.pure.permits import ANNEXA
        from annexa.records.systems import AiSystem

        data = inventory()
        started = time.perf_counter()
        planned = plan_systems(actor=ANNEXA, data=data, name="inventory.csv")
        read = time.perf_counter()
        import_systems(actor=ANNEXA, planned=planned, now=datetime.now(UTC))
        done = time.perf_counter()
        again = plan_systems(actor=ANNEXA, data=data, name="inventory.csv")
        import_systems(actor=ANNEXA, planned=again, now=datetime.now(UTC))
        same = time.perf_counter() - done
        started_verifying = time.perf_counter()
        holds = all(check.holds for check in check_everything(progress=lambda _done, _total: None))
        verified = time.perf_counter() - started_verifying
        report(
            {
                "rows": AiSystem.objects.count(),
                "plan_s": round(read - started, 2),
                "import_s": round(done - read, 2),
                "total_s": round(done - started, 2),
                "same_file_again_s": round(same, 2),
                "verify_records_per_s": round(AiSystem.objects.count() / verified),
                "holds": str(holds),
            },
            as_json=args.json,
        )


if __name__ == "__main__":
    main()
