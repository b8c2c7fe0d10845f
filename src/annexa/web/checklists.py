"""What is walked through: checklists of auditors, gates of the life cycle, questions that classify."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.answers.classification import said_of
from annexa.answers.material import (
    LONGEST_PAGE,
    ChecklistPage,
    References,
    checklist_page,
    gate_page,
    library_in_force,
    list_gates,
    one_classification,
    refer,
)
from annexa.pure.checklists import to_csv_rows
from annexa.pure.classify import Atom, Classification, Condition, Example, Expected, Group, Rule
from annexa.pure.gates import Binds
from annexa.pure.standards import Level
from annexa.web.frame import actor
from annexa.web.library import known

LEVELS: Mapping[str, Level] = {"organisation": "organisation", "system": "system"}
WHOLE = "all"
SHOWN = ("questions", "rules", "presumptions", "cases")
"""The parts of a classification, one at a time: the largest has more than a hundred rules."""
KIND_WORDS: Mapping[str, Any] = {"yes_no": later("Yes or no"), "choice": later("One of:"), "several": later("Any of:")}


# --- checklists ---------------------------------------------------------------------------------------------------


@require_safe
@known
def checklist(request: HttpRequest, framework: str) -> HttpResponse:
    """What an auditor goes through: a long one part by part, or whole to be printed."""
    page = _asked(request, framework)
    part = request.GET.get("part", "")
    if not part and page.duties > LONGEST_PAGE and page.parts:
        page = _asked(request, framework, page.parts[0][0].id)
    context = {
        "page": page,
        "level": request.GET.get("level", ""),
        "whole": page.part is None,
        "kinds": [("design", _("Test of design")), ("operating", _("Test of operation"))],
    }
    return render(request, "library/checklist.html", context)


def _asked(request: HttpRequest, framework: str, part: str = "") -> ChecklistPage:
    wanted = part or request.GET.get("part", "")
    return checklist_page(
        actor=actor(request),
        now=timezone.now(),
        framework=framework,
        part="" if wanted == WHOLE else wanted,
        level=LEVELS.get(request.GET.get("level", "")),
    )


@require_safe
@known
def checklist_file(request: HttpRequest, framework: str) -> HttpResponse:
    """The same as a table for a spreadsheet, a row for each test, with empty columns for result and notes."""
    page = _asked(request, framework)
    header, rows = to_csv_rows(page.checklist)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    name = "-".join(["checklist", framework, *([page.part.id] if page.part else [])])
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name.replace(" ", "-")}.csv"'},
    )


# --- gates --------------------------------------------------------------------------------------------------------


@require_safe
@known
def gates(request: HttpRequest) -> HttpResponse:
    """The gates of the life cycle, in their order."""
    return render(request, "library/gates.html", {"gates": list_gates(actor=actor(request), now=timezone.now())})


@require_safe
@known
def gate(request: HttpRequest, gate: str) -> HttpResponse:
    """One gate: what must be in order, and who must have agreed."""
    page = gate_page(actor=actor(request), now=timezone.now(), gate=gate)
    context = {
        "page": page,
        "needs": [
            (need, page.controls.get(need.id), page.questionnaires.get(need.id), binds(need.binds))
            for need in page.gate.needs
        ],
        "decisions": [(decision, binds(decision.binds)) for decision in page.gate.decisions],
    }
    return render(request, "library/gate.html", context)


def binds(who: Binds) -> str:
    """The AI systems that a part of a gate is for, in words."""
    said = [word.replace("_", " ") for word in (*who.classes, *who.roles)]
    if who.personal_data:
        said.append(_("personal data"))
    return ", ".join(said) if said else _("every system")


# --- classification -----------------------------------------------------------------------------------------------


@require_safe
@known
def classification(request: HttpRequest, classification: str) -> HttpResponse:
    """The questions and rules by which a law is read, with worked cases."""
    now = timezone.now()
    tree = one_classification(actor=actor(request), now=now, classification=classification)
    held = library_in_force(actor=actor(request), now=now)

    def cited(ids: tuple[str, ...]) -> tuple[References, ...]:
        return refer(held, ((tree.id, one) for one in ids))

    show = request.GET.get("show", "")
    context = {
        "tree": tree,
        "show": show if show in SHOWN else SHOWN[0],
        "questions": [(one, KIND_WORDS[one.kind], in_words(one.asked_if), cited(one.cites)) for one in tree.questions],
        "rules": [(one, in_words(one.when), given(tree, one), cited(one.cites)) for one in tree.rules],
        "presumptions": [
            (one, tree.question(one.question), said_of(tree.question(one.question), one.plain), cited(one.cites))
            for one in tree.presumptions
        ],
        "examples": [(one, _answers(one), _expected(tree, one.expect)) for one in tree.examples],
    }
    return render(request, "library/classification.html", context)


def in_words(condition: Condition, *, inside: bool = False) -> str:
    """A condition as a reader follows it, naming questions by their ids; empty if it always holds."""
    if isinstance(condition, Atom):
        what = condition.name if condition.kind in ("answer", "flag") else f"{condition.kind} {condition.name}"
        said = f"{what}: {condition.choice}" if condition.choice else what
        return _("not %(what)s") % {"what": said} if condition.negated else said
    if condition.how == "any" and (choices := _choices(condition)):
        return choices
    parts = [in_words(part, inside=True) for part in condition.parts]
    if condition.how == "none":
        return _("none of (%(what)s)") % {"what": ", ".join(parts)}
    joined = (_(" and ") if condition.how == "all" else _(" or ")).join(parts)
    return f"({joined})" if inside and len(parts) > 1 else joined


def _choices(group: Group) -> str:
    """Several choices of one question, said in one go; empty if it is anything else."""
    atoms = [part for part in group.parts if isinstance(part, Atom) and part.choice and not part.negated]
    if len(atoms) < len(group.parts) or len({atom.name for atom in atoms}) != 1:
        return ""
    return f"{atoms[0].name}: {' / '.join(atom.choice for atom in atoms)}"


def given(tree: Classification, rule: Rule) -> str:
    """What follows from a rule, in words."""
    gives = rule.gives
    said = [*_results(tree, gives.outcome), *_words(gives.roles, gives.classes)]
    said += [_("finding %(what)s") % {"what": one} for one in gives.flags]
    if gives.duties:
        said.append(_("duties %(ids)s") % {"ids": ", ".join(gives.duties)})
    return "; ".join(said)


def _results(tree: Classification, outcome: str) -> list[str]:
    return [one.id.replace("-", " ") for one in tree.results if one.id == outcome]


def _words(roles: tuple[str, ...], classes: tuple[str, ...]) -> list[str]:
    return [word.replace("_", " ") for word in (*roles, *classes)]


def _expected(tree: Classification, expect: Expected) -> str:
    return ", ".join([*_results(tree, expect.outcome), *_words(expect.roles, expect.classes)]) or _("nothing")


def _answers(example: Example) -> list[tuple[str, str]]:
    return [
        (question, ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer))
        for question, answer in example.answers.items()
    ]


urls = [
    path("library/checklists/<str:framework>.csv", checklist_file, name="library-checklist-file"),
    path("library/checklists/<str:framework>", checklist, name="library-checklist"),
    path("library/gates", gates, name="library-gates"),
    path("library/gates/<str:gate>", gate, name="library-gate"),
    path("library/classification/<str:classification>", classification, name="library-classification"),
]
