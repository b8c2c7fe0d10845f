"""How many made-up cases a property is tried with: as its test says, or more or fewer where a run asks for that.

ANNEXA_TEST_EXAMPLES says how many in place of fifty; what asks for another number gets the same share of it. `make
test` tries all; `make quick` fewer.
"""

import os

USUAL = 50
LEAST = 5


def cases(number: int = USUAL) -> int:
    """So many cases of a property that is tried with `number` of them on every change."""
    asked = int(os.environ.get("ANNEXA_TEST_EXAMPLES", USUAL))
    return max(min(number, LEAST), number * asked // USUAL)
