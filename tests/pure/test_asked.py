"""What the controls of each framework ask for, by kind."""

import pytest

from annexa.library.load import library
from annexa.pure.asked import EVERY, asked
from annexa.pure.standards import ExpectationKind
from tests.strategies import organisations as org


def test_it_counts_each_control_once_in_each_framework() -> None:
    lines = {one.framework: one for one in asked(org.LIBRARY)}
    whole = lines[EVERY]
    assert whole.controls == len(org.LIBRARY.controls)
    assert whole.expectations == sum(len(one.expectations) for one in org.LIBRARY.controls.values())
    for name, line in lines.items():
        assert line.controls <= whole.controls
        assert all(line.kinds[kind] <= whole.kinds[kind] for kind in ExpectationKind)
        assert line.by_records == (line.kinds[ExpectationKind.RECORD] / line.expectations if line.expectations else 0)
        assert name == EVERY or name in org.LIBRARY.frameworks


@pytest.mark.parametrize("framework", ["iso27001-2022", "iso42001-2023", "iso27701-2025", "eu-ai-act", "gdpr"])
def test_work_in_annexa_answers_a_good_part_of_what_a_framework_asks(framework: str) -> None:
    """Rule: the share that records answer does not fall back; whoever makes a record of a file may raise it here."""
    line = next(one for one in asked(library()) if one.framework == framework)
    assert line.by_records >= 0.3, f"{line.kinds}"
