"""The lines of a statement of applicability as pages show them: reasons in words, controls with names, by themes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from annexa.answers.libraries import active_library
from annexa.pure.posture import REQUIREMENT_ORDER, Verdict
from annexa.pure.soa import Choice, StatementLine

REASON_WORDS: Mapping[str, Any] = {
    "risk": later("Risk"),
    "law": later("Law"),
    "contract": later("Contract"),
    "practice": later("Good practice"),
}
STATE_WORDS: Mapping[str, Any] = {
    "asked": later("Waits for approval"),
    "approved": later("Approved"),
    "returned": later("Returned"),
    "withdrawn": later("Withdrawn"),
}
SYSTEM_WORDS: Mapping[str, Any] = {
    "isms": later("Information security (ISMS)"),
    "aims": later("AI (AIMS)"),
    "pims": later("Privacy (PIMS)"),
}
"""The management systems, as people read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as the page shows it. `why`: its reasons in words; `how`: the first control with its name, `more`."""

    line: StatementLine
    choice: Choice | None
    why: tuple[str, ...]
    how: tuple[tuple[str, str], ...]
    more: int
    changed: bool
    form: forms.Form | None
    proposal: str = ""

    @property
    def key(self) -> str:
        """How forms name the control."""
        return f"{self.line.framework}/{self.line.requirement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A group of the annex: how many of its controls apply or are undecided, and the rows that are shown."""

    framework: str
    standard: str
    id: str
    title: str
    applying: int
    total: int
    undecided: int
    rows: tuple[Row, ...]


def counts(lines: Iterable[StatementLine]) -> dict[Verdict, int]:
    """How many controls have which verdict, best first, `not applicable` last."""
    found = [line.verdict for line in lines]
    return {verdict: found.count(verdict) for verdict in (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE)}


def why(line: StatementLine) -> tuple[str, ...]:
    """Why a control applies, in words: each reason with the first things that ask for it."""
    named = {"risk": line.risks, "law": line.laws, "contract": line.contracts}
    return tuple(_with(str(REASON_WORDS[one]), named.get(one, ())) for one in line.reasons if one in REASON_WORDS)


def _with(word: str, named: Sequence[str]) -> str:
    if not named:
        return word
    rest = ngettext(" and %(n)d more", " and %(n)d more", len(named) - 1) % {"n": len(named) - 1}
    return f"{word} ({named[0]}{rest if len(named) > 1 else ''})"


def how(line: StatementLine) -> tuple[tuple[str, str], ...]:
    """The first control that covers it, with its name."""
    known = active_library().controls
    return tuple((one, known[one].name if one in known else one) for one in line.controls[:1])


def themes_of(rows: Sequence[Row], lines: Sequence[StatementLine]) -> list[Theme]:
    """The rows that are shown by their themes, with what is so of all `lines` of each."""
    known = active_library().frameworks
    found = []
    for (framework, group), alike in groupby(rows, key=lambda row: (row.line.framework, row.line.theme)):
        among = [line for line in lines if (line.framework, line.theme) == (framework, group)]
        held = known.get(framework)
        named = held.by_id.get(group) if held else None
        found.append(
            Theme(
                framework=framework,
                standard=held.title if held else framework,
                id=group,
                title=named.title if named else "",
                applying=sum(line.applies is True for line in among),
                total=len(among),
                undecided=sum(line.applies is None for line in among),
                rows=tuple(alike),
            )
        )
    return found


def row_of(
    line: StatementLine, *, choice: Choice | None = None, changed: bool = False, form: forms.Form | None = None
) -> Row:
    """A line with its proposal, where nobody has decided, and the form to decide it."""
    return Row(
        line=line,
        choice=choice,
        why=why(line),
        how=how(line),
        more=max(0, len(line.controls) - 1),
        changed=changed,
        form=form,
        proposal="; ".join(why(replace(line, reasons=choice.reasons))) if choice else "",
    )
