"""Checks over AI tools and uses of AI: ISO/IEC 42001 A.9.2 to A.9.4; ISO/IEC 27001 A.5.10, A.5.12; AI Act Art. 5."""

from datetime import date, timedelta

from annexa.pure.checks.over import as_long, earliest, over, within
from annexa.pure.register import Entry
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.found_uses import FOUND_USES
from annexa.pure.registers.tools import HIGH_RISK, PERSONAL, PROHIBITED, TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import APPROVED, SETTLED, USES, same_person

ANSWER_DAYS = 28
"""How long a request may wait: 20 working days."""
JUDGE_DAYS = 14
"""How long a service that was found may go without a judgement: ten working days."""
LONGEST_DAYS = 366
"""The longest an approval may last, with the day on which it ends."""
SENSITIVE = frozenset(CLASSIFICATIONS[2:])
"""Classes of information that need a tool which was looked at."""


def _approved(use: Entry) -> bool:
    return use.decision in APPROVED


def _open(tool: Entry) -> bool:
    return bool(tool.status == "approved")


@over(TOOLS)
def tools_owned(tool: Entry) -> date | None:
    """Every AI tool of the catalogue has a named owner."""
    return as_long(tool.owner)


@over(TOOLS)
def tools_assessed(tool: Entry) -> date | None:
    """Every AI tool of the catalogue was assessed within a year, and no approval of one has ended."""
    if tool.status not in ("approved", "restricted", "forbidden"):
        return None
    ends = within(tool.assessed_on, LONGEST_DAYS)
    return earliest(ends, tool.approved_until) if _open(tool) else ends


@over(TOOLS, where=_open)
def tools_limited(tool: Entry) -> date | None:
    """Every approved AI tool says for which purposes, with data of which class, and how close to people."""
    return as_long(tool.purposes, tool.data_up_to, tool.personal_up_to)


@over(TOOLS, where=_open)
def tools_training_known(tool: Entry) -> date | None:
    """For every approved AI tool it is known whether it learns from what people type, and who provides it."""
    return as_long(tool.trains_on_inputs in ("yes", "no", "not applicable"), tool.supplier)


@over(TOOLS, where=_open)
def sensitive_data_not_learnt(tool: Entry) -> date | None:
    """Every approved AI tool that may receive confidential or personal data does not learn from what people type."""
    sensitive = tool.data_up_to in ("", *SENSITIVE) or tool.personal_up_to in ("", *PERSONAL[1:])
    return as_long(not sensitive or tool.trains_on_inputs in ("no", "not applicable"))


@over(USES, where=lambda use: use.in_use != "no" or use.decision in SETTLED)
def uses_decided(use: Entry) -> date | None:
    """Every use of AI that was asked for is decided, or was asked for less than four weeks ago."""
    if use.decision in SETTLED:
        return as_long(use.decided_by, use.decided_on)
    return within(use.asked_on, ANSWER_DAYS)


@over(USES, where=lambda use: use.decision in SETTLED)
def uses_decided_by_others(use: Entry) -> date | None:
    """Every use of AI was decided by policy or by somebody else than who asked."""
    return as_long(use.asked_by, use.decided_by, not same_person(use.asked_by, use.decided_by))


@over(USES, where=_approved)
def uses_reviewed(use: Entry) -> date | None:
    """Every approved use of AI ends on a day that has not come, a year at most after it was approved or renewed."""
    since = use.reviewed_on or use.decided_on
    return earliest(use.review_on, None if since is None else since + timedelta(days=LONGEST_DAYS))


@over(USES, where=_approved)
def uses_described(use: Entry) -> date | None:
    """Every approved use of AI names its tool, purpose, class of data, what becomes of the result, and its owner."""
    return as_long(use.tool, use.purpose, use.data_class, use.personal_data, use.result, use.owner)


@over(USES, where=_approved)
def use_conditions_stated(use: Entry) -> date | None:
    """Every approved use of AI has its conditions on record, or was approved without any."""
    return as_long(use.decision == "approved" or use.conditions)


@over(USES, where=lambda use: use.decision in SETTLED)
def use_decisions_explained(use: Entry) -> date | None:
    """Every decision about a use of AI has what policy said and, for a refusal, the reason on record."""
    return as_long(use.reasons, use.decision != "refused" or use.reason)


@over(USES, where=lambda use: use.decision in SETTLED)
def no_prohibited_use(use: Entry) -> date | None:
    """Every use of AI that was decided has a purpose the AI Act does not prohibit, or was refused."""
    return as_long(use.purpose not in PROHIBITED or use.decision == "refused")


@over(USES, where=_approved)
def high_risk_uses_registered(use: Entry) -> date | None:
    """Every approved use of AI for a high-risk purpose is an AI system of the register."""
    return as_long(use.purpose not in HIGH_RISK or use.systems)


@over(USES, where=_approved)
def sensitive_uses_assessed(use: Entry) -> date | None:
    """Every approved use with confidential or personal data has a tool of the catalogue that policy did not refuse."""
    sensitive = use.data_class in ("", *SENSITIVE) or use.personal_data in ("", *PERSONAL[1:])
    return as_long(not sensitive or (use.tool and use.assessment not in ("", "refused")))


@over(FOUND_USES)
def found_uses_judged(find: Entry) -> date | None:
    """Every AI service that logs show is approved, or was decided about, or was found less than two weeks ago."""
    if find.approved == "yes" or find.decision:
        return as_long(find.approved == "yes" or find.decided_by)
    return within(find.found_on, JUDGE_DAYS)


@over(USE_RULES)
def use_rules_reviewed(rule: Entry) -> date | None:
    """Every rule of the organisation for uses of AI has an owner and was looked at within a year."""
    return earliest(as_long(rule.owner), within(rule.reviewed_on, LONGEST_DAYS))
