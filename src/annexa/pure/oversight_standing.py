"""How the oversight of each AI system works, as a record that checks look at: one for every system that has a plan.

It is no register that people fill in: it follows from plans, people and cases (`annexa.actions.oversight_deadlines`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from annexa.pure.fields import answer, choice, day, links, whole
from annexa.pure.oversight import CASES
from annexa.pure.register import Entry, Group, Register, name

OVERSIGHT = Register(
    noun="oversight_standing",
    plural="oversight/systems",
    one="oversight of an AI system",
    title="Human oversight",
    says="How each AI system is overseen: by whom, whether in time, whether by as many as the law asks for.",
    asked_by=("AI Act Art. 14", "AI Act Art. 26(2)", "ISO/IEC 42001 A.9.2"),
    place="operation",
    groups=(
        Group(
            title="How it works",
            fields=(
                name("Which AI system it is."),
                links("systems", "AI systems", "The AI system.", to="ai_system"),
                choice("cases", "Cases", "Where its cases wait for a human.", CASES),
                whole("overseers", "Overseers", "How many people oversee it."),
                whole("untrained", "Untrained", "How many of them have no AI literacy in date."),
                answer("two_needed", "Two persons", "Whether two persons have to decide."),
                whole("asked", "Cases ended", "How many ended within ninety days."),
                whole("late", "Cases undecided", "How many of these nobody decided in time."),
                day("told_on", "Told on", "The day it was worked out."),
            ),
        ),
    ),
)


def standing_entry(state: Mapping[str, Any]) -> Entry:
    """What an entry of the ledger says of the oversight of a system."""
    numbers = {one: state[one] for one in ("overseers", "untrained", "asked", "late")}
    if not all(isinstance(one, int) for one in numbers.values()) or not isinstance(state["two_needed"], bool):
        raise TypeError(f"{state!r}, which does not count")
    return OVERSIGHT.make(
        {
            "name": state["system"],
            "systems": (state["system"],),
            "cases": state["cases"],
            "two_needed": "yes" if state["two_needed"] else "no",
            "told_on": date.fromisoformat(state["on"]),
            **numbers,
        }
    )
