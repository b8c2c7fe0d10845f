"""The library: search in all of it, its shelves, frameworks to read and to take along, mappings, regimes, questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.adapters.catalogs.ciso_assistant import ciso_assistant_yaml
from annexa.adapters.catalogs.oscal import oscal_catalog
from annexa.adapters.catalogs.rows import framework_csv
from annexa.answers.errors import UnknownError
from annexa.answers.library_search import KINDS, Entry, Found, hit, search_library
from annexa.answers.material import (
    FACETS,
    framework_text,
    library_in_force,
    mapping_page,
    one_questionnaire,
    one_regime,
    refer,
    shelves,
)
from annexa.pure.library_files import framework_toml
from annexa.pure.questionnaires import Question, Worry
from annexa.pure.regimes import Clock, Event, Penalty, Retention
from annexa.pure.standards import Framework
from annexa.web.frame import actor
from annexa.web.narrowing import Facet, facet

FIRST = 5
"""Of each kind, until one kind is chosen."""
PAGE = 25
EDGES = 50
KIND_WORDS: Mapping[str, Any] = {
    "requirement": later("Requirements"),
    "control": later("Controls"),
    "mapping": later("Mappings"),
    "regime": later("Regimes"),
    "questionnaire": later("Questionnaires"),
    "policy": later("Policies"),
    "course": later("Courses"),
    "scenario": later("Risk scenarios"),
    "gate": later("Gates"),
    "classification": later("Classification"),
}
ICONS: Mapping[str, str] = {
    "requirement": "frameworks",
    "control": "controls",
    "mapping": "arrow",
    "regime": "obligations",
    "questionnaire": "chat",
    "policy": "policies",
    "course": "training",
    "scenario": "risks",
    "gate": "path",
    "classification": "whatif",
}
PAGES: Mapping[str, str] = {
    "requirement": "requirement",
    "control": "control",
    "mapping": "requirement",
    "regime": "library-regime",
    "questionnaire": "library-questionnaire",
    "policy": "library-policy",
    "course": "library-course",
    "scenario": "library-risk",
    "gate": "library-gate",
    "classification": "library-classification",
}
"""The page on which each kind is read."""
AREA_WORDS: Mapping[str, Any] = {
    "security": later("Security"),
    "ai": later("AI"),
    "privacy": later("Privacy"),
    "agents": later("Agents"),
    "third-parties": later("Third parties"),
}
FACET_WORDS: Mapping[str, Any] = {
    "level": later("Judged"),
    "role": later("Role"),
    "class": later("Risk class"),
    "documented": later("Documented information"),
    "from": later("Applies from"),
}
VALUE_WORDS: Mapping[str, Mapping[str, Any]] = {
    "level": {"organisation": later("Once"), "system": later("For each AI system")},
    "documented": {"yes": later("Asked for"), "if applicable": later("If applicable"), "no": later("Not asked for")},
    "role": {
        "gpai_provider": later("Provider of a general-purpose model"),
        "employer_deployer": later("Deployer as employer"),
        "public_authority_deployer": later("Deployer that is a public authority"),
        "third_party_supplier": later("Third-party supplier"),
    },
    "class": {
        "gpai": later("General-purpose model"),
        "gpai-systemic": later("General-purpose model with systemic risk"),
    },
}
ANSWER_WORDS: Mapping[str, Any] = {
    "text": later("A short text"),
    "long text": later("A text"),
    "yes_no": later("Yes or no"),
    "choice": later("One of:"),
    "several": later("Any of:"),
    "number": later("A number"),
    "date": later("A date"),
    "person": later("A person"),
    "list": later("A list"),
}
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A format in which a framework leaves: what it is called, how the file's name ends, its media type."""

    label: Any
    ending: str
    kind: str


FORMS: Mapping[str, Form] = {
    "oscal": Form(label=later("OSCAL catalog, JSON"), ending="-oscal.json", kind="application/json"),
    "csv": Form(label=later("CSV, for a spreadsheet"), ending=".csv", kind="text/csv; charset=utf-8"),
    "ciso-assistant": Form(
        label=later("CISO Assistant library, YAML"), ending="-ciso-assistant.yaml", kind="application/yaml"
    ),
    "toml": Form(label=later("Annexa library file, TOML"), ending=".toml", kind="application/toml"),
}
"""The formats that `annexa frameworks export` writes; what is read from any of them comes in again."""


def known(view: View) -> View:
    """Answers 404 where there is nothing of that name."""

    @wraps(view)
    def handle(request: HttpRequest, **kwargs: str) -> HttpResponse:
        try:
            return view(request, **kwargs)
        except UnknownError as error:
            raise Http404(str(error)) from error

    return handle


# --- shelves and search -------------------------------------------------------------------------------------------


@require_safe
@known
def library(request: HttpRequest) -> HttpResponse:
    """The shelves; with words to look for, what has them, by kind."""
    now = timezone.now()
    text = request.GET.get("q", "").strip()
    context: dict[str, Any] = {"text": text}
    if not text:
        found = shelves(actor=actor(request), now=now)
        areas = [(area, AREA_WORDS[area], count) for area, count in found.areas]
        return render(request, "library/index.html", context | {"shelves": found, "areas": areas})
    return render(request, "library/index.html", context | _results(request, text, now))


def _results(request: HttpRequest, text: str, now: datetime) -> dict[str, Any]:
    """What was found: the first of each kind, or one kind page by page."""
    kind, framework = request.GET.get("kind", ""), request.GET.get("framework", "")
    kind = kind if kind in KINDS else ""
    found = search_library(actor=actor(request), text=text, now=now, kind=kind, framework=framework)
    context: dict[str, Any] = {"found": found, "facets": _found_facets(request, found)}
    if not kind:
        return context | {"groups": [_group(k, e[:FIRST], len(e), found) for k, e in found.groups.items()]}
    entries = found.groups.get(kind, ())  # type: ignore[call-overload]
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    return context | {"page": page, "groups": [_group(kind, list(page.object_list), len(entries), found)]}


def _found_facets(request: HttpRequest, found: Found) -> list[Facet]:
    titles = {framework.id: framework.title for framework, _count in found.frameworks}
    counted = [(framework.id, count) for framework, count in found.frameworks]
    return [
        facet(request, _("Kind"), "kind", found.kinds, lambda kind: str(KIND_WORDS.get(kind, kind))),
        facet(request, _("Framework"), "framework", counted, lambda one: titles.get(one, one)),
    ]


def _group(kind: str, entries: Sequence[Entry], total: int, found: Found) -> dict[str, Any]:
    hits = [(hit(entry, found.words), url_of(entry)) for entry in entries]
    return {"kind": kind, "title": KIND_WORDS[kind], "icon": ICONS[kind], "hits": hits, "total": total}


def url_of(entry: Entry) -> str:
    """Where something that was found is read."""
    url = reverse(PAGES[entry.kind], args=entry.address)
    view = "?show=rules" if entry.kind == "classification" and entry.anchor.startswith("rule-") else ""
    return f"{url}{view}#{entry.anchor}" if entry.anchor else url


# --- frameworks and mappings --------------------------------------------------------------------------------------


@require_safe
@known
def framework(request: HttpRequest, framework: str) -> HttpResponse:
    """A framework to read, part by part, narrowed by facets."""
    chosen = {name: request.GET.get(name, "") for name in FACETS}
    text = framework_text(
        actor=actor(request),
        now=timezone.now(),
        framework=framework,
        chosen=chosen,
        unfolded=request.GET.get("open", ""),
    )
    facets = [
        facet(request, str(FACET_WORDS[name]), name, sorted(values) if name == "from" else values, _word(name))
        for name, values in text.facets.items()
        if len(values) > 1 or chosen[name]
    ]
    query = {name: value for name, value in chosen.items() if value}
    kept = f"&{urlencode(query)}" if query else ""
    context = {"text": text, "facets": facets, "kept": kept, "forms": FORMS}
    return render(request, "library/framework.html", context)


@require_safe
@known
def framework_file(request: HttpRequest, framework: str, form: str) -> HttpResponse:
    """A framework of the library in force as a file for another tool, or to be changed and imported again."""
    now = timezone.now()
    wanted = FORMS.get(form)
    if wanted is None:
        raise UnknownError(f"There is no format {form!r}; there are {', '.join(FORMS)}.")
    found = framework_text(actor=actor(request), now=now, framework=framework).shelf.framework
    return HttpResponse(
        _written(form, found, now),
        content_type=wanted.kind,
        headers={"Content-Disposition": f'attachment; filename="{found.id}{wanted.ending}"'},
    )


def _written(form: str, framework: Framework, now: datetime) -> str:
    if form == "oscal":
        return oscal_catalog(framework, last_modified=now)
    if form == "ciso-assistant":
        return ciso_assistant_yaml(framework)
    return framework_csv(framework) if form == "csv" else framework_toml(framework).decode()


def _word(name: str) -> Callable[[str], str]:
    """How a value of a facet reads."""

    def said(value: str) -> str:
        if name == "from":
            return _date(value)
        word = str(VALUE_WORDS.get(name, {}).get(value, value.replace("_", " ")))
        return word[:1].upper() + word[1:]

    return said


def _date(value: str) -> str:
    try:
        return date_format(date.fromisoformat(value), "j M Y")
    except ValueError:
        return value


@require_safe
@known
def mapping(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """A mapping between two frameworks, edge by edge with its reason."""
    found = mapping_page(actor=actor(request), now=timezone.now(), source=source, target=target)
    page = Paginator(found.edges, EDGES).get_page(request.GET.get("page"))
    return render(request, "library/mapping.html", {"found": found, "page": page})


# --- regimes and questionnaires -----------------------------------------------------------------------------------


@require_safe
@known
def regime(request: HttpRequest, regime: str) -> HttpResponse:
    """A law or family of standards: its dates, clocks, retention, penalties, and what is open."""
    now = timezone.now()
    found = one_regime(actor=actor(request), now=now, regime=regime)
    held = library_in_force(actor=actor(request), now=now)
    named = {event.id: refer(held, event.requirements) for event in found.events}
    single: tuple[Clock | Retention | Penalty, ...] = (*found.clocks, *found.retention, *found.penalties)
    for row in single:
        named[row.id] = refer(held, [(row.framework, row.requirement)] if row.framework else [])
    context = {
        "regime": found,
        "events": [(one, named[one.id]) for one in sorted(found.events, key=_first_day)],
        "clocks": [(one, named[one.id]) for one in found.clocks],
        "retention": [(one, named[one.id]) for one in found.retention],
        "penalties": [(one, named[one.id]) for one in found.penalties],
    }
    return render(request, "library/regime.html", context)


def _first_day(event: Event) -> date:
    """The day an event is read at: its own, the first that a reading names, the end where nobody knows one."""
    days = event.question.days if event.on is None and event.question else ()
    return event.on or min(days, default=date.max)


@require_safe
@known
def questionnaire(request: HttpRequest, questionnaire: str) -> HttpResponse:
    """A questionnaire to read or print: what is asked, what an answer serves, which answers are looked at again."""
    now = timezone.now()
    found = one_questionnaire(actor=actor(request), now=now, questionnaire=questionnaire)
    held = library_in_force(actor=actor(request), now=now)
    numbers = {question.id: number for number, question in enumerate(found.questions, start=1)}

    def row(question: Question) -> dict[str, Any]:
        return {
            "number": numbers[question.id],
            "question": question,
            "answer": ANSWER_WORDS[question.kind],
            "after": numbers[question.asked_if.question] if question.asked_if else None,
            "serves": refer(held, ((one.framework, one.requirement, one.point) for one in question.answers)),
            "concerns": [(concern(worry), worry) for worry in question.worries],
        }

    sections = [
        (section, [row(question) for question in found.questions if question.section == section.id])
        for section in found.sections
    ]
    basis = refer(held, ((one.framework, one.requirement, one.point) for one in found.basis))
    context = {"questionnaire": found, "sections": sections, "basis": basis}
    return render(request, "library/questionnaire.html", context)


def concern(worry: Worry) -> str:
    """The answer that is looked at again."""
    if worry.any_of:
        return " / ".join(worry.any_of)
    if worry.lacks:
        return _("without %(what)s") % {"what": ", ".join(worry.lacks)}
    if worry.above is not None:
        return _("more than %(number)s") % {"number": f"{worry.above:g}"}
    return _("less than %(number)s") % {"number": f"{worry.below:g}"}


urls = [
    path("library", library, name="library"),
    path("library/frameworks/<str:framework>", framework, name="library-framework"),
    path("library/frameworks/<str:framework>/<str:form>", framework_file, name="library-framework-file"),
    path("library/mappings/<str:source>/<str:target>", mapping, name="library-mapping"),
    path("library/regimes/<str:regime>", regime, name="library-regime"),
    path("library/questionnaires/<str:questionnaire>", questionnaire, name="library-questionnaire"),
]
