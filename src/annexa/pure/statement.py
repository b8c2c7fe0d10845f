"""Approved statements of applicability as records that checks look at: one, that of the version approved last.

It is no register that people fill in: what it says follows from who approved what, when (`annexa.records.soa`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from annexa.pure.fields import day, whole
from annexa.pure.register import Entry, Group, Register, name

HELD = "approved"
"""What the approved statement is called among records; also its address below that of the statement."""

STATEMENT = Register(
    noun="soa_decision",
    plural="statement",
    one="statement of applicability",
    title="Statement of applicability",
    says="Which controls of the Annexes A apply and why, approved as a whole by a second person.",
    asked_by=("ISO/IEC 27001 6.1.3 d)", "ISO/IEC 42001 6.1.3", "ISO/IEC 27701 6.1.3"),
    place="posture",
    groups=(
        Group(
            title="The approved statement",
            fields=(
                name("Which version it is."),
                day("approved_on", "Approved on", "The day of its approval."),
                whole("findings", "Findings", "Where it contradicted scope records, certificates, risks or law then."),
            ),
        ),
    ),
)


def approved_entry(state: Mapping[str, Any], at: datetime) -> Entry | None:
    """What an approval says, read from its ledger entry; None for a version that was returned or withdrawn."""
    if state["decision"] != "approved":
        return None
    findings = state["findings"]
    if not isinstance(findings, int):
        raise TypeError(f"{findings!r}, which is no number of findings")
    return STATEMENT.make({"name": f"Version {state['number']}", "approved_on": at.date(), "findings": findings})
