"""What if: suppositions kept in the address, and what they would move. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.what_if import WhatIf, choices, read_address, what_if
from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import REQUIREMENT_ORDER, FrameworkPosture, Verdict
from annexa.pure.slugs import slug_of
from annexa.pure.systems import CLASSES, ROLES
from annexa.pure.upgrades import VerdictChange
from annexa.pure.what_if import MOST, Kind, Supposition
from annexa.pure.what_if_files import ASKED, LISTS, NONE, word, words_of
from annexa.web.asof import AsOf, as_of
from annexa.web.forms import see
from annexa.web.frame import actor

SHOWN = 100
"""Verdicts that move which the page lists; the rest is counted."""
NAMED = 2
"""AI systems in which a verdict moves alike that are named; more are counted."""
MOST_GROUPS = 50
"""Different situations of AI systems that are compared one by one; where there are more, only the organisation is."""
MOST_CHOSEN = 200
"""AI systems that are offered in a list; of more, one types the id."""
FORMS: Mapping[str, Any] = {
    "control": later("A control"),
    "system": later("An AI system"),
    "new": later("A new AI system"),
    "supplier": later("A supplier"),
    "law": later("A law"),
}
"""What can be supposed about: which form is open, and what it is called."""
OF_CONTROLS: tuple[tuple[Kind, Any], ...] = (
    ("control-effective", later("is effective")),
    ("control-failing", later("fails")),
    ("control-lost", later("is not done any more")),
    ("evidence-withdrawn", later("loses its evidence")),
)
OF_SYSTEMS: tuple[tuple[Kind, Any], ...] = (
    ("system-reclassified", later("is reclassified")),
    ("system-retired", later("is retired")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked about, as the address says it; `words` are its suppositions."""

    asof: AsOf
    frameworks: tuple[str, ...]
    scope: str
    words: tuple[str, ...]
    form: str

    def url(self, words: Sequence[str], **more: str) -> str:
        """This page with other suppositions."""
        query: dict[str, Any] = {"framework": self.frameworks, "scope": self.scope, "at": self.asof.typed}
        query |= {"hindsight": "1" if self.asof.hindsight else ""}
        query |= {"suppose": words, "form": "" if self.form == "control" else self.form} | more
        said = urlencode({name: value for name, value in query.items() if value}, doseq=True)
        return reverse("what-if") + (f"?{said}" if said else "")


def asked_of(request: HttpRequest, now: datetime) -> Asked:
    """Reads the address."""
    form = request.GET.get("form", "")
    return Asked(
        asof=as_of(request, now),
        frameworks=tuple(dict.fromkeys(filter(None, request.GET.getlist("framework")))),
        scope=request.GET.get("scope", ""),
        words=tuple(dict.fromkeys(filter(None, request.GET.getlist("suppose")))),
        form=form if form in FORMS else "control",
    )


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What is supposed, the form to suppose more, and the difference. What the form says goes into the address."""
    now = timezone.now()
    asked = asked_of(request, now)
    about: dict[str, Any] = {
        "actor": actor(request),
        "now": now,
        "at": asked.asof.at,
        "hindsight": asked.asof.hindsight,
    }
    problems: tuple[str, ...] = ()
    try:
        added = _added(request)
        if added:
            found, problems = read_address(words=(*asked.words, added), **about)
            if not problems:
                return see(asked.url(tuple(dict.fromkeys(words_of(one) for one in found))))
        given, wrong = read_address(words=asked.words, **about)
        seen = _seen(asked, given, about)
    except UnknownError as error:
        raise Http404(str(error)) from error
    shown = _shown(asked, seen) | _offered(request, asked, choices(**about))
    context = {"now": now, "asof": asked.asof, "asked": asked, "problems": problems or wrong, "added": bool(problems)}
    return render(request, "what_if/index.html", context | shown, status=422 if problems else 200)


def _seen(asked: Asked, given: tuple[Supposition, ...], about: Mapping[str, Any]) -> WhatIf:
    return what_if(
        suppositions=given,
        frameworks=asked.frameworks,
        scopes=(asked.scope or ORGANISATION,),
        most_groups=MOST_GROUPS,
        **about,
    )


def _added(request: HttpRequest) -> str:
    """What the form says, as a word of the address; empty if it was not sent."""
    kind = next((one for one in ASKED if one == request.GET.get("kind")), None)
    if kind is None:
        return ""
    values: dict[str, Any] = {}
    for name, value in request.GET.items():
        if name in LISTS:
            values[name] = () if value == NONE else (value,) if value else None
        else:
            values[name] = value
    if kind == "system-added":
        values["system"] = slug_of(str(values.get("name", "")))
    if kind == "law-moved":
        framework, _sep, requirement = str(values.get("requirement", "")).partition(" ")
        values |= {"framework": framework, "requirement": requirement}
    return word(kind, values)


def _shown(asked: Asked, seen: WhatIf) -> dict[str, Any]:
    """The suppositions, each with the way to drop it, and what moves."""
    words = [words_of(one) for one in seen.suppositions]
    own = [change for change in seen.changes if (asked.scope or ORGANISATION) in change.scopes]
    ups, downs = sum(map(_rises, own)), sum(map(_falls, own))
    return {
        "seen": seen,
        "supposed": [
            (said, asked.url([other for other in words if other != one]))
            for one, said in zip(words, seen.said, strict=True)
        ],
        "kept": [*(("suppose", one) for one in words), *(("framework", one) for one in asked.frameworks)],
        "clear_url": asked.url([]),
        "full": len(words) >= MOST,
        "compared": [(one, _met(one.before), _met(one.after)) for one in seen.compared],
        "moved": [(change, seen.frameworks[change.framework], _where(change, seen)) for change in seen.changes[:SHOWN]],
        "own": len(own),
        "ups": ups,
        "downs": downs,
        "others": len(own) - ups - downs,
        "elsewhere": sum(len(change.scopes) for change in seen.changes) - len(own),
        "system": seen.systems.get(asked.scope),
        "frameworks": list(seen.frameworks.values()),
    }


def _met(posture: FrameworkPosture | None) -> tuple[int, int, dict[Verdict, int]]:
    """How many requirements are met, of how many that apply, and where those stand."""
    if posture is None:
        return 0, 0, {}
    binding: dict[Verdict, int] = {
        verdict: n for verdict, n in posture.counts.items() if verdict is not Verdict.NOT_APPLICABLE
    }
    return binding[Verdict.MET], posture.applicable, binding


def _where(change: VerdictChange, seen: WhatIf) -> str:
    """The scopes of a change in words: the organisation, and AI systems by name if they are few."""
    parts = [_("Organisation")] if ORGANISATION in change.scopes else []
    names = [seen.systems[slug].name for slug in change.scopes if slug != ORGANISATION]
    if len(names) > NAMED:
        names = [_("%d AI systems") % len(names)]
    return ", ".join([*parts, *names])


def _rises(change: VerdictChange) -> bool:
    ranks = _ranks(change)
    return ranks is not None and ranks[1] < ranks[0]


def _falls(change: VerdictChange) -> bool:
    ranks = _ranks(change)
    return ranks is not None and ranks[1] > ranks[0]


def _ranks(change: VerdictChange) -> tuple[int, int] | None:
    """How good the verdict is before and after, 0 best; None where one side does not apply."""
    if change.before in REQUIREMENT_ORDER and change.after in REQUIREMENT_ORDER:
        return REQUIREMENT_ORDER.index(change.before), REQUIREMENT_ORDER.index(change.after)
    return None


def _offered(request: HttpRequest, asked: Asked, offered: Any) -> dict[str, Any]:
    """What the form offers, with what was typed."""
    return {
        "forms": [(name, said, asked.url(asked.words, form=name)) for name, said in FORMS.items()],
        "offered": offered,
        "listed": len(offered.systems) <= MOST_CHOSEN,
        "typed": {name: request.GET.get(name, "") for name in ("kind", "control", "system", "supplier", "name",
                  "requirement", "applies_from", "roles", "classes", "high_risk_by")},
        "of_controls": OF_CONTROLS,
        "of_systems": OF_SYSTEMS,
        "roles": [(one, one.replace("_", " ")) for one in ROLES],
        "classes": CLASSES,
        "annexes": (("annex-iii", "Annex III"), ("annex-i", "Annex I")),
    }  # fmt: skip


urls = [path("what-if", page, name="what-if")]
