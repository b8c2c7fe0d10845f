"""Who gets what answer: every operation, asked by a stranger, a token without the scope, and every role.

The table is in access.txt. The requests are empty, so who is let in is told that something is missing (422, 428), that
it is not there (404), or gets it (200); who is not is told 401 or 403.
"""

import re
from pathlib import Path

import pytest

from annexa.api.spec import document, operations

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("access.txt")
WHO = ("nobody", "no scope", "auditor", "owner", "lead", "administrator")
THERE = {
    "slug": "chatbot", "scope": "chatbot", "law": "eu-ai-act", "control": "GOV-02", "evidence": "none",
    "judgement": "none", "framework": "nis2", "requirement": "Art.21(1)", "position": "0",
    "webhook": "none", "review": "none", "decision": "none",
}  # fmt: skip


def answers(program, stranger) -> list[str]:
    """The table as it is."""
    asking = [stranger, program("administrator", "make_pack")]
    asking += [program(role) for role in WHO[2:]]
    lines = []
    for method, address, _ in operations(document()):
        filled = re.sub(r"\{(\w+)\}", lambda found: THERE[found[1]], address.removeprefix("/api/v1/"))
        body = {} if method in {"POST", "PATCH"} else None
        statuses = [asks(method, filled, body).status for asks in asking]
        lines.append(f"{method:5} {address.removeprefix('/api/v1'):52} {' '.join(map(str, statuses))}")
    return lines


def test_everybody_gets_what_the_table_says(program, stranger) -> None:
    """Rule: a change of who may do what is seen in review."""
    assert answers(program, stranger) == TABLE.read_text(encoding="utf-8").splitlines()[2:]


def test_the_table_lets_nobody_in_by_mistake() -> None:
    """Rule: no stranger gets anything; who has no scope is refused; an auditor changes nothing but judgements."""
    for line in TABLE.read_text(encoding="utf-8").splitlines()[2:]:
        method, address, *statuses = line.split()
        nobody, no_scope, auditor, *_ = statuses
        assert nobody == "401", line
        assert no_scope == "403", line
        assert method == "GET" or auditor == "403" or address.startswith("/judgements"), line
