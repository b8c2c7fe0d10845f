"""What was verified, as commands print it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annexa.answers.integrity import Check


def print_checks(found: Sequence["Check"]) -> None:
    """What was verified, each with what is wrong and what to do next."""
    for check in found:
        print(f"{_OUTCOMES[check.outcome]}  {check.what}")
        for finding in check.findings:
            print(f"       {finding}")
        if check.mend:
            print(f"       Next: {check.mend}")


_OUTCOMES = {"holds": "holds", "note": "note ", "fails": "FAILS"}
