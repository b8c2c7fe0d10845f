"""AI systems: the register with its filters, passports, adding and changing by hand."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.systems import add_system, change_system
from annexa.answers.applicability import changed_bindings, upcoming
from annexa.answers.errors import UnknownError
from annexa.answers.imports import ExportError, export_systems
from annexa.answers.libraries import active_library
from annexa.answers.lineage import lineage_page
from annexa.answers.registers import SYSTEM, led_from
from annexa.answers.systems import (
    BANDS,
    FACETS,
    PAGE_SIZES,
    RISK_ORDER,
    SORTS,
    Asked,
    Passport,
    Register,
    SystemRow,
    list_systems,
    matching_slugs,
    passport,
)
from annexa.pure.fields import Field, tidy
from annexa.pure.permits import Refusal, may_somewhere
from annexa.pure.posture import ControlProof, ExpectationProof, FrameworkPosture, Verdict
from annexa.pure.standards import Framework
from annexa.pure.systems import FIELD, GROUPS, SYSTEMS, SystemFacts
from annexa.records.evidence import Evidence
from annexa.records.systems import AiSystem, gravest
from annexa.web.asof import as_of
from annexa.web.assessments import assessments_of
from annexa.web.frame import actor, permit
from annexa.web.lineage import Section, section_of
from annexa.web.lists import (
    Filter,
    Link,
    address,
    exports,
    file_of_list,
    filter_of,
    format_of,
    in_order,
    orders,
    page_of,
    said,
    sizes,
)
from annexa.web.monitors import watching_of
from annexa.web.over_time import slider
from annexa.web.overseen import switch_of
from annexa.web.record_forms import RecordForm, differing, parse_seen
from annexa.web.records import led_of
from annexa.web.templatetags.face import HATCHES, IN_ORDER, LOOKS, RISKS
from annexa.web.views import SYSTEMS as SYSTEMS_LIST
from annexa.web.views import views_above

# The names of the filters in addresses, and the word that stands for "nothing recorded" in them.
PARAMETERS: Mapping[str, str] = {name: name.removesuffix("_class") for name in FACETS}
NOTHING: Mapping[str, str] = {"risk_class": "unclassified", "autonomy": "unsaid", "scale": "unsaid"}
LEGENDS: Mapping[str, str] = {
    "risk_class": "Risk class",
    "stage": "Stage",
    "unit": "Unit",
    "personal_data": "Personal data",
    "impact_assessment": "Impact assessment",
    "monitoring": "Monitoring",
    "people_affected": "People affected",
    "autonomy": "Autonomy",
    "scale": "People a year",
}
LONGEST_HEAD = 14
LONGEST_REASON = 100
STATE_WORDS: Mapping[str, str] = {
    "passing": "good until",
    "expired": "expired",
    "failing": "failed",
    "never": "never shown",
}
STATE_ORDER = ("failing", "never", "expired", "passing")
"""What of a control is looked at first: the worst."""
VERDICT_ORDER = (
    Verdict.FAILING,
    Verdict.STALE,
    Verdict.UNPROVEN,
    Verdict.PLANNED,
    Verdict.ABSENT,
    Verdict.EFFECTIVE,
    Verdict.NOT_APPLICABLE,
)
"""Controls of a passport: what needs somebody first."""


def refused(request: HttpRequest, heading: str, sentence: str, status: int = 403) -> HttpResponse:
    """The page for somebody who may not do this, with the sentence that says who may."""
    return render(request, "systems/refused.html", {"heading": heading, "sentence": sentence}, status=status)


def refusal_of(request: HttpRequest, verb: str, slug: str = "") -> str:
    """Why the person may not do this to an AI system, or to none there is anywhere; "" if they may."""
    answer = permit(request, verb, slug) if slug else may_somewhere(actor(request), verb)
    return answer.because if isinstance(answer, Refusal) else ""


# --- the register -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where one system stands against one framework, without what does not apply."""

    label: str
    head: str
    url: str
    counts: Mapping[Verdict, int]
    met: int
    applicable: int

    @property
    def said(self) -> str:
        """The numbers in words, beginning with the ones on screen."""
        rest = [f"{n} {verdict}" for verdict, n in self.counts.items() if n and verdict is not Verdict.MET]
        return f"{self.met}/{self.applicable} met, {self.head}" + (f": {', '.join(rest)}" if rest else "")

    @property
    def strip(self) -> SafeString:
        """The bar of a row, in as few bytes as it takes: a page has hundreds."""
        parts, before = [], 0
        for verdict, n in ((verdict, n) for verdict, n in self.counts.items() if n):
            place = f'x="{100 * before / self.applicable:.4g}%" ' if before else ""
            place += f'width="{100 * n / self.applicable:.4g}%"'
            parts.append(f'<rect data-v="{LOOKS[verdict].colour}" {place}/>')
            if verdict in HATCHES:
                parts.append(f'<rect fill="url(#hatch-{HATCHES[verdict]})" {place}/>')
            before += n
        return mark_safe("".join(parts))  # noqa: S308


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the register as the page shows it; `steps` are those filled of its risk class."""

    system: Any
    owner: str
    roles: str
    steps: int
    risk: str
    bars: tuple[Bar | None, ...]


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """The register of AI systems; with htmx only the part that filters change."""
    found = list_systems(actor=actor(request), asked=asked_of(request.GET), now=timezone.now())
    asked, known = found.asked, active_library().frameworks
    context = {
        "heading": "AI systems",
        "here": reverse("systems"),
        "register": found,
        "rows": [_line(row) for row in found.rows],
        "frameworks": [short_title(known[one]) for one in found.frameworks],
        "tabs": _tabs(found),
        "views": views_above(request, SYSTEMS_LIST, reverse("systems")),
        "orders": orders(reverse("systems"), request.GET, asked.sort),
        "filters": [_filter(request, found, name) for name in FACETS],
        "dropped": _dropped(request.GET, asked),
        "page": Paginator(range(found.total), asked.size).get_page(asked.page),
        "sizes": sizes(reverse("systems"), request.GET, PAGE_SIZES, asked.size),
        "kept": [(name, value) for name, values in request.GET.lists() for value in values if name != "page"],
        "facet_names": {*PARAMETERS.values()},
        "unfolded": getattr(request.htmx, "trigger", "") == "facets",  # type: ignore[attr-defined]
        "exports": exports(reverse("systems-export"), request.GET),
        "may_change": not refusal_of(request, "change_system"),
        "may_import": not refusal_of(request, "import_systems"),
    }
    whole = not request.htmx  # type: ignore[attr-defined]
    response = render(request, "systems/index.html" if whole else "systems/_register.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The systems a filter leaves, as a file that import reads back."""
    chosen = format_of(request.GET)
    slugs = matching_slugs(actor=actor(request), asked=asked_of(request.GET))
    try:
        data = export_systems(actor=actor(request), file_format=chosen, slugs=slugs)
    except ExportError as error:
        return refused(request, "This does not fit a spreadsheet", str(error), status=422)
    return file_of_list(data, "ai-systems", chosen)


def asked_of(query: QueryDict) -> Asked:
    """What an address asks of the register; what it cannot mean is left out."""
    chosen: dict[str, tuple[str, ...]] = {}
    for name, parameter in PARAMETERS.items():
        nothing = NOTHING.get(name, "none")
        words = [tidy(word[:300]) for word in query.getlist(parameter)[:50]]
        values = ("" if word == nothing else word for word in words if word)
        known = tuple(dict.fromkeys(value for value in values if _is_known(name, value)))
        chosen |= {name: known} if known else {}
    sort = query.get("sort", "name")
    page, size = page_of(query, PAGE_SIZES)
    return Asked(
        text=tidy(query.get("q", "")[:200]),
        chosen=chosen,
        unowned=query.get("owner") == "none",
        sort=sort if sort.removeprefix("-") in SORTS else "name",
        size=size,
        page=page,
    )


def _is_known(name: str, value: str) -> bool:
    return name == "unit" or not value or value in _words(name)


def _words(name: str) -> Collection[str]:
    """The values that a facet has, in their order."""
    return RISK_ORDER if name == "risk_class" else tuple(BANDS) if name == "scale" else FIELD[name].choices


def _line(row: SystemRow) -> Line:
    steps, risk = RISKS[row.system.risk_class]
    return Line(
        system=row.system,
        owner=row.owner,
        roles=", ".join(said(role) for role in row.system.roles),
        steps=steps,
        risk=risk,
        bars=tuple(_bar(posture, row.system.slug) for posture in row.postures),
    )


def short_title(framework: Framework) -> str:
    """A framework as the head of a narrow column: "ISO 42001", "NIST AI RMF"."""
    title = framework.title.replace("ISO/IEC ", "ISO ").partition(":")[0]
    if len(title) <= LONGEST_HEAD:
        return title
    short = re.sub(r"-[\d.]+$", "", framework.id).replace("-", " ").upper()
    return short if len(short) <= LONGEST_HEAD else title


def _bar(posture: FrameworkPosture | None, slug: str) -> Bar | None:
    if posture is None:
        return None
    known: Mapping[Verdict, int] = posture.counts
    shown = [Verdict(word) for word in IN_ORDER if word != Verdict.NOT_APPLICABLE]
    counts = {verdict: known[verdict] for verdict in shown if verdict in known}
    return Bar(
        label=posture.framework.title,
        head=short_title(posture.framework),
        url=f"{reverse('framework', args=[posture.framework.id])}?scope={slug}",
        counts=counts,
        met=counts.get(Verdict.MET, 0),
        applicable=sum(counts.values()),
    )


def _tabs(found: Register) -> list[Link]:
    """The saved views: the questions asked every day, with how many systems answer each."""
    asked = found.asked
    views: tuple[tuple[str, int, dict[str, str], dict[str, tuple[str, ...]], bool], ...] = (
        ("All", found.everything, {}, {}, False),
        ("High risk", found.high_risk, {"risk": "high-risk"}, {"risk_class": ("high-risk",)}, False),
        ("Unclassified", found.unclassified, {"risk": "unclassified"}, {"risk_class": ("",)}, False),
        ("No owner", found.unowned, {"owner": "none"}, {}, True),
        ("Retired", found.retired, {"stage": "retirement"}, {"stage": ("retirement",)}, False),
    )
    return [
        Link(
            label=label,
            url=_address(QueryDict(), **query),
            count=count,
            current=not asked.text and (dict(asked.chosen), asked.unowned) == (chosen, unowned),
        )
        for label, count, query, chosen, unowned in views
    ]


def _filter(request: HttpRequest, found: Register, name: str) -> Filter:
    values = in_order(found.facets[name], _words(name))
    return filter_of(
        PARAMETERS[name],
        LEGENDS[name],
        [one for one in values if one.count or one.chosen] if name == "unit" else values,
        word=partial(_word, name),
        label=partial(_label, name),
        folded=name == "unit" and request.GET.get("units") != "all",
        more_url=_address(request.GET, units="all"),
    )


def _word(name: str, value: str) -> str:
    return value or NOTHING.get(name, "none")


def _label(name: str, value: str) -> str:
    if name == "risk_class":
        return RISKS[value][1]
    return value if name == "unit" and value else said(value)


def _dropped(query: QueryDict, asked: Asked) -> list[Link]:
    """The filters in force, each with the address without it."""
    found = [Link(label=f"“{asked.text}”", url=_address(query, q=""))] if asked.text else []
    found += [Link(label="No owner", url=_address(query, owner=""))] if asked.unowned else []
    for name, values in asked.chosen.items():
        for value in values:
            rest = [_word(name, other) for other in values if other != value]
            label = _label(name, value)
            label = label if name in ("risk_class", "stage", "unit") and value else f"{LEGENDS[name]}: {label.lower()}"
            found.append(Link(label=label, url=_address(query, **{PARAMETERS[name]: rest})))
    return found


def _address(query: QueryDict, **changes: Any) -> str:
    return address(reverse("systems"), query, **changes)


# --- one system ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """One fact of a record as its page shows it; `kind` chooses how."""

    name: str
    label: str
    kind: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FactGroup:
    """Some facts under one heading, and the names of those nobody gave."""

    title: str
    lines: tuple[FactLine, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How long something holds: how much of its validity is used, the words and the day beside it.

    `what` is the expectation that it hangs on; `mark` stands instead of the bar where nothing is dated.
    """

    words: str
    what: str = ""
    mark: str = ""
    used: float | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The controls of one system: those that need somebody, those that hold, and those of the organisation."""

    gaps: tuple[tuple[ControlProof, Held], ...]
    effective: tuple[tuple[ControlProof, Held], ...]
    inherited: tuple[ControlProof, ...]
    inherited_counts: Mapping[Verdict, int]


@require_safe
def system(request: HttpRequest, slug: str) -> HttpResponse:
    """The passport of one AI system, now or as of another day."""
    now = timezone.now()
    asof = as_of(request, now)
    whole = request.GET.get("evidence") == "all"
    try:
        found = passport(actor=actor(request), slug=slug, now=now, at=asof.at, whole=whole, hindsight=asof.hindsight)
    except UnknownError as error:
        raise Http404(str(error)) from error
    facts = found.facts
    context = {
        "heading": facts.name if facts else found.system.name,
        "passport": found,
        "asof": asof,
        "now": now,
        "slider": slider(request, reverse("system-over-time", args=[slug]), asof.at, now=now, scope=slug),
        "facts": _facts(facts) if facts else [],
        "risk": gravest(facts.classes) if facts else "",
        "source": facts.source if facts else (),
        "assessments": assessments_of(request, found.system, now) if asof.at is None else [],
        "standing": [_bar(posture, slug) for posture in found.postures],
        "ahead": upcoming(found.postures),
        "controls": _controls(found),
        "evidence": _evidence(found),
        "history": [(line, _cut(line.because or line.detail)) for line in found.history],
        "ledger_url": f"{reverse('ledger')}?q={quote(slug)}",
        "may_change": not refusal_of(request, "change_system", slug),
        "lineage": _lineage(request, found.system, now) if asof.at is None else None,
        "switch": switch_of(request, slug) if asof.at is None else None,
        "watching": watching_of(request, slug) if asof.at is None else None,
        "led": led_of(led_from(actor=actor(request), noun=SYSTEM, slug=slug), slug) if asof.at is None else [],
        "unit_url": _address(QueryDict(), unit=found.system.unit) if found.system.unit else "",
    }
    part = request.htmx  # type: ignore[attr-defined]
    response = render(request, "systems/_passport.html" if part else "systems/passport.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _lineage(request: HttpRequest, system: AiSystem, now: datetime) -> Section | None:
    """What the system rests on, and what comes along with it."""
    page = lineage_page(actor=actor(request), noun=SYSTEM, slug=system.slug, now=now, name=system.name)
    return section_of(page)


def _facts(facts: SystemFacts) -> list[FactGroup]:
    """The record in the groups of the form; the name is the heading already."""
    found = []
    for title, names in GROUPS:
        lines = [_fact(FIELD[name], getattr(facts, name)) for name in names if name != "name"]
        given = tuple(line for line in lines if line.value or line.kind in ("owner", "classes"))
        missing = tuple(line.label.lower() for line in lines if line not in given)
        found.append(FactGroup(title=title, lines=given, missing=missing))
    return found


def _fact(field: Field, value: Any) -> FactLine:
    if field.name in ("owner", "classes") or field.kind == "date":
        kind = field.name if field.kind != "date" else "date"
        return FactLine(name=field.name, label=field.label, kind=kind, value=value)
    if field.choices:
        words = value if isinstance(value, tuple) else (value,)
        value = ", ".join(said(word) for word in words if word)
    if field.kind == "whole":
        value = "" if value is None else f"{value:,}"
    return FactLine(name=field.name, label=field.label, kind="long" if field.kind == "long" else "text", value=value)


def _controls(found: Passport) -> Controls:
    """What needs somebody first; what holds in the order in which it runs out."""
    shown = [(proof, _held(proof, found.at)) for proof in sorted(found.controls, key=_urgency)]
    inherited = sorted(found.inherited, key=_urgency)
    counts = Counter(proof.verdict for proof in inherited)
    last = datetime.max.replace(tzinfo=found.at.tzinfo)
    return Controls(
        gaps=tuple(one for one in shown if one[0].verdict is not Verdict.EFFECTIVE),
        effective=tuple(
            sorted((one for one in shown if one[0].verdict is Verdict.EFFECTIVE), key=lambda one: one[1].until or last)
        ),
        inherited=tuple(inherited),
        inherited_counts={verdict: counts[verdict] for verdict in VERDICT_ORDER if counts[verdict]},
    )


def _urgency(proof: ControlProof) -> tuple[int, str]:
    return VERDICT_ORDER.index(proof.verdict), proof.control.id


def _held(proof: ControlProof, at: datetime) -> Held:
    """What a control hangs on: its worst expectation, or among those that pass the one that runs out first."""
    if proof.verdict is Verdict.PLANNED and proof.adoption:
        return Held(words="planned for", until=proof.adoption.plan_due)
    if proof.verdict is Verdict.ABSENT:
        return Held(words="declared absent" if proof.adoption else "nothing declared")
    held = [(STATE_ORDER.index(one.state), _expectation(one, at)) for one in proof.expectations]
    if proof.verdict is Verdict.FAILING and not any(one.state == "failing" for one in proof.expectations):
        return Held(words="open nonconformity")
    last = datetime.max.replace(tzinfo=at.tzinfo)
    return min(held, key=lambda pair: (pair[0], pair[1].until or last), default=(0, Held(words="nothing expected")))[1]


def _expectation(proof: ExpectationProof, at: datetime) -> Held:
    """How fresh an expectation's evidence is: the share of its validity that has passed."""
    what, passing = proof.expectation.what, proof.state == "passing"
    if proof.check:
        words = "the record shows it" if passing else "not in the record"
        return Held(what=what, words=words, mark="pass" if passing else "fail")
    if proof.state == "failing":
        failed = max(one.effective_at for one in proof.evidence if not one.passing)
        return Held(what=what, words=STATE_WORDS["failing"], until=failed)
    last = max((one for one in proof.evidence if one.passing), key=lambda one: one.expires_at, default=None)
    if last is None:
        return Held(what=what, words=STATE_WORDS["never"])
    used = _used(last.effective_at, last.expires_at, at)
    return Held(what=what, words=STATE_WORDS[proof.state], used=used, until=last.expires_at)


def _evidence(found: Passport) -> list[tuple[Evidence, Held]]:
    """The evidence, newest first, with how long it counts; older answers to the same expectation are superseded."""
    newest = {(one.control, one.expectation): one.id for one in reversed(found.evidence)}
    return [
        (one, _validity(one, found.at) if newest[one.control, one.expectation] == one.id else Held(words="superseded"))
        for one in found.evidence
    ]


def _validity(one: Evidence, at: datetime) -> Held:
    """How long a piece of evidence counts."""
    if not one.passing:
        return Held(words="says it fails", mark="fail")
    words = STATE_WORDS["passing" if at < one.expires_at else "expired"]
    return Held(words=words, used=_used(one.observed_at, one.expires_at, at), until=one.expires_at)


def _used(begun: datetime, end: datetime, at: datetime) -> float:
    whole = (end - begun).total_seconds()
    return (at - begun).total_seconds() / whole if whole > 0 else 1.0


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1].rstrip() + "…"


# --- adding and changing ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A form for one more AI system."""
    if sentence := refusal_of(request, "change_system"):
        return refused(request, "Add system", sentence)
    form = RecordForm(SYSTEMS, request.POST or None, who=actor(request), initial=SystemFacts(name="").to_json())
    if request.method == "POST" and form.is_valid():
        try:
            made = add_system(actor=actor(request), facts=form.entry(), now=timezone.now())
            messages.success(request, f"{made.name} is in the register")
            return HttpResponseRedirect(reverse("system", args=[made.slug]), status=303)
        except InvalidError as error:
            form.tell(error.problems)
        except NotPermittedError as error:
            form.tell({"unit": [str(error)]})
    return _form_page(request, form, heading="Add system", back=reverse("systems"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of one AI system, changed only if nobody else did meanwhile."""
    now, who = timezone.now(), actor(request)
    try:
        found = passport(actor=who, slug=slug, now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error
    if sentence := refusal_of(request, "change_system", slug):
        return refused(request, "Edit", sentence)
    before, back = found.system.facts(), reverse("system", args=[slug])
    initial = before.to_json() | {"seen": _seen(found)}
    form = RecordForm(SYSTEMS, request.POST or None, who=who, changes=True, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, form, heading=found.system.name, back=back)
    facts, seen = form.entry(before), parse_seen(form.cleaned_data["seen"])
    if moves := _moves(request, slug, facts, now):
        return _form_page(request, form, heading=found.system.name, back=back, status=200, **moves)
    try:
        change_system(actor=who, slug=slug, facts=facts, seen=seen, now=now, because=form.cleaned_data["because"])
    except InvalidError as error:
        form.tell(error.problems)
    except NotPermittedError as error:
        form.tell({"unit": [str(error)]})
    except (ConflictError, NotFoundError) as error:
        return _conflict(request, error, found, facts)
    else:
        messages.success(request, f"{facts.name} is saved" if facts != before else "Nothing was changed")
        return HttpResponseRedirect(back, status=303)
    return _form_page(request, form, heading=found.system.name, back=back)


def _moves(request: HttpRequest, slug: str, facts: SystemFacts, now: datetime) -> dict[str, Any]:
    """What would begin and cease to bind, for a form to show before it is saved; nothing once these were shown."""
    appear, disappear = changed_bindings(actor=actor(request), slug=slug, facts=facts, now=now)
    mark = sha256(repr([(one.framework.id, one.requirement.id, one.from_on) for one in (*appear, *disappear)]).encode())
    shown = mark.hexdigest()[:16]
    if not (appear or disappear) or request.POST.get("shown") == shown:
        return {}
    return {"appear": appear, "disappear": disappear, "shown": shown}


def _seen(found: Passport) -> str:
    return str(found.system.changed_at.isoformat())


def _form_page(
    request: HttpRequest, form: RecordForm, *, heading: str, back: str, status: int = 0, **more: Any
) -> HttpResponse:
    status = status or (422 if form.errors else 200)
    context = {"heading": heading, "form": form, "back": back, **more}
    return render(request, "systems/form.html", context, status=status)


def _conflict(request: HttpRequest, error: Exception, found: Passport, facts: SystemFacts) -> HttpResponse:
    """Both revisions side by side; saving again replaces the other one knowingly."""
    rows = differing(SYSTEMS, found.system.facts(), facts)
    data = request.POST.copy()
    data["seen"] = _seen(found)
    again = RecordForm(SYSTEMS, data, who=actor(request), changes=True)
    back = reverse("system", args=[found.system.slug])
    return _form_page(
        request, again, heading=found.system.name, back=back, status=409, conflict=str(error), differences=rows
    )


urls = [
    path("systems", register, name="systems"),
    path("systems/add", add, name="system-add"),
    path("systems/export", export, name="systems-export"),
    path("systems/<slug:slug>", system, name="system"),
    path("systems/<slug:slug>/edit", edit, name="system-edit"),
]
