"""The ledger's pace: append, prove, verify.

python bench/ledger.py [--json] [--entries 20000]
"""

import time
from datetime import UTC, datetime

from installation import installation, options, report


def main() -> None:
    """Appends through the door in batches and one by one, proves, verifies everything."""
    args = options(__doc__ or "", entries=20000)
    with installation():
        from annexa.actions.door import door
        from annexa.actions.sequencer import publish
        from annexa.answers.integrity import check_everything
        from annexa.answers.ledger import entry_proof
        from annexa.pure.permits import ANNEXA

        def append(count: int) -> float:
            started = time.perf_counter()
            with door(actor=ANNEXA, verb="change_system", now=datetime.now(UTC)) as opened:
                for number in range(count):
                    opened.note({"number": number, "text": "x" * 400}, kind="note", subject="note/1")
            return time.perf_counter() - started

        batch = append(args.entries)
        single = [append(1) for _ in range(50)]
        started = time.perf_counter()
        size = publish()
        published = time.perf_counter() - started
        started = time.perf_counter()
        for number in range(200):
            entry_proof(actor=ANNEXA, position=number * (size // 200))
        proofs = time.perf_counter() - started
        started = time.perf_counter()
        holds = all(check.holds for check in check_everything(progress=lambda _done, _total: None))
        verified = time.perf_counter() - started
        report(
            {
                "entries": size,
                "append_in_one_change_per_s": round(args.entries / batch),
                "one_change_ms": round(sorted(single)[25] * 1000, 1),
                "publish_all_s": round(published, 2),
                "proof_with_check_ms": round(proofs / 200 * 1000, 1),
                "verify_all_per_s": round(size / verified),
                "holds": str(holds),
            },
            as_json=args.json,
        )


if __name__ == "__main__":
    main()
