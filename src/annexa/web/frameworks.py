"""Frameworks: the list with where we stand, one as a tree with proofs, the audit pack."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annexa.actions.controls import judge
from annexa.answers.applicability import chain
from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import FrameworkPage, TreeRow, explain, framework_page, list_frameworks
from annexa.answers.obligations import said_of
from annexa.answers.pack import make_pack
from annexa.answers.trees import RequirementTree, requirement_tree
from annexa.pure.facts import ORGANISATION
from annexa.pure.instants import InstantError, parse_instant
from annexa.pure.ledger import canonical
from annexa.pure.pack import member
from annexa.pure.permits import Refusal
from annexa.pure.posture import Verdict
from annexa.pure.proofs import proof_json, rfc3339
from annexa.vault.blobs import BlobForgedError, BlobMissingError
from annexa.web.asof import AsOf, as_of
from annexa.web.forms import Bound, ClosureForm, JudgementForm, end_of, fresh, see, takes_form_of, tried
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.over_time import Slider, slider
from annexa.web.refused import refused
from annexa.web.templatetags.face import LOOKS

SLUGS: Mapping[str, Verdict] = {
    LOOKS[v].colour: v
    for v in (
        Verdict.MET,
        Verdict.AT_RISK,
        Verdict.PARTIAL,
        Verdict.UNMET,
        Verdict.UNCOVERED,
        Verdict.NOT_APPLICABLE,
    )
}
"""Verdicts as addresses name them."""
EMPTY: Mapping[str, list[str]] = MappingProxyType({})
GAPS = frozenset({Verdict.AT_RISK, Verdict.PARTIAL, Verdict.UNMET, Verdict.UNCOVERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One step through the tree: a group begins, a leaf, or a group ends. `key` is its id in the page."""

    kind: str
    key: str = ""
    row: TreeRow | None = None
    met: int = 0
    applicable: int = 0
    open: bool = False
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a framework is asked for, as the address says it."""

    asof: AsOf
    scope: str
    requirement: str
    verdicts: frozenset[Verdict]
    gaps: bool
    all_open: bool

    @property
    def same(self) -> bool:
        """Whether every leaf shown has the one verdict asked for, so that none needs to repeat it."""
        return len(self.wanted) == 1

    @property
    def wanted(self) -> Collection[Verdict]:
        """The verdicts whose leaves are shown; empty: every duty."""
        return self.verdicts or (GAPS if self.gaps else frozenset())


def asked_of(request: HttpRequest, now: datetime) -> Asked:
    """Reads the address. A verdict asked for by name counts more than "only gaps"."""
    verdicts = frozenset(SLUGS[v] for v in request.GET.getlist("verdict") if v in SLUGS)
    return Asked(
        asof=as_of(request, now),
        scope=request.GET.get("scope", "") or ORGANISATION,
        requirement=request.GET.get("requirement", ""),
        verdicts=verdicts,
        gaps=bool(request.GET.get("gaps")) and not verdicts,
        all_open=request.GET.get("open") == "all",
    )


@require_safe
def frameworks(request: HttpRequest) -> HttpResponse:
    """Every framework with where the organisation stands, the adopted ones first."""
    now = timezone.now()
    asof = as_of(request, now)
    lines = list_frameworks(actor=actor(request), now=now, at=asof.at, hindsight=asof.hindsight)
    adopted = [line for line in lines if line.adopted]
    context = {
        "now": now,
        "asof": asof,
        "today": now.date(),
        "groups": [(_("Adopted"), adopted), (_("Not adopted"), [line for line in lines if not line.adopted])],
        "adopted": adopted,
        "lines": lines,
    }
    return render(request, "frameworks/index.html", context)


@require_safe
def framework(request: HttpRequest, framework: str) -> HttpResponse:
    """One framework: bar, as-of, clause tree, proof panel. With htmx only the part that changes."""
    now = timezone.now()
    return _shown(request, framework, asked_of(request, now), now, bound={}, status=200)


def _shown(
    request: HttpRequest, framework: str, asked: Asked, now: datetime, *, bound: Bound, status: int
) -> HttpResponse:
    """The page, with `bound` the forms that were refused, by what they are for."""
    page = _page(request, framework, asked, now)
    clauses = list(_clauses(page, asked))
    tree = requirement_tree(page.proof, page.in_use) if page.proof else None
    context = {
        "now": now,
        "today": now.date(),
        "page": page,
        "statements": said_of(framework),
        "asked": asked,
        "slider": _slider(request, framework, asked, now),
        "clauses": clauses,
        "shown": sum(clause.kind == "leaf" for clause in clauses),
        "silent": sum(bool(line.requirement.no_duty) for line in page.posture.lines),
        "met": page.posture.counts[Verdict.MET],
        "tree": tree,
        "roles": [role.replace("_", " ") for role in page.proof.requirement.binds_roles] if page.proof else [],
        **_chain(page, tree),
        "chosen_verdicts": [(slug, LOOKS[v].word) for slug, v in SLUGS.items() if v in asked.verdicts],
    }
    context |= _judging(request, page, asked, bound) | _moved(request, clauses)
    return render(request, _part(request), context, status=status)


def _chain(page: FrameworkPage, tree: RequirementTree | None) -> dict[str, Any]:
    """Why the chosen requirement binds: of one that is judged in single systems, told of the first shown."""
    if tree is None:
        return {"chain": ()}
    proof, example = tree.proof, None
    if tree.grounds:
        proof, example = tree.grounds[0].tree.proof, next(iter(tree.grounds[0].systems.named), None)
    return {"chain": chain(proof.binding, page.framework), "example": example}


def _slider(request: HttpRequest, framework: str, asked: Asked, now: datetime) -> Slider:
    return slider(request, reverse("framework-over-time", args=[framework]), asked.asof.at, now=now, scope=asked.scope)


def _judging(request: HttpRequest, page: FrameworkPage, asked: Asked, bound: Bound) -> dict[str, Any]:
    """The forms to judge the requirement that was chosen and to close what stands against it, as far as one may."""
    if page.proof is None:
        return {}
    today = asked.asof.at is None
    judges = today and not page.proof.requirement.no_duty and permitted(request, "judge", page.scope)
    closes = today and permitted(request, "close_judgement", page.scope)
    return {
        "wrong": next(iter(bound.values()), None),
        "judgement_form": (bound.get("judge") or fresh(JudgementForm, "judge")) if judges else None,
        "judgement_open": "judge" in bound,
        "judgements": [
            (one, (bound.get(one.id) or fresh(ClosureForm, f"close-{one.id}")) if closes else None, one.id in bound)
            for one in page.proof.judgements
        ],
    }


def _page(request: HttpRequest, framework: str, asked: Asked, now: datetime) -> FrameworkPage:
    try:
        return framework_page(
            actor=actor(request),
            framework=framework,
            now=now,
            at=asked.asof.at,
            hindsight=asked.asof.hindsight,
            scope=asked.scope,
            requirement=asked.requirement,
        )
    except UnknownError as error:
        raise Http404(str(error)) from error


def _part(request: HttpRequest) -> str:
    """Which template answers: the page, or for htmx the part that it is going to replace."""
    htmx: Any = getattr(request, "htmx", None)
    parts = {"proof": "frameworks/_proof.html", "posture": "frameworks/_posture.html"}
    return parts.get(htmx.target or "", "frameworks/framework.html") if htmx else "frameworks/framework.html"


def _moved(request: HttpRequest, clauses: list[Clause]) -> dict[str, Any]:
    """The rows of the tree whose choice changed when htmx replaces the proof alone: the one left and the one chosen."""
    htmx: Any = getattr(request, "htmx", None)
    if not htmx or htmx.target != "proof":
        return {}
    before = parse_qs(urlsplit(htmx.current_url or "").query).get("requirement", [""])[0]
    found = [c for c in clauses if c.kind == "leaf" and c.row and (c.chosen or c.row.requirement.id == before)]
    return {"moved": found, "swapped": True}


def _clauses(page: FrameworkPage, asked: Asked) -> Iterator[Clause]:
    """The tree as a stream of steps, without what the filters leave out. Groups without a leaf left are dropped."""
    framework = page.framework
    kept = {row.requirement.id for row in page.rows if row.line is not None and _kept(row, asked)}
    groups = {up.id for leaf in kept for up in framework.lineage(framework.by_id[leaf])} - kept
    chosen = framework.by_id.get(asked.requirement)
    way = {up.id for up in framework.lineage(chosen)} if chosen else set()
    unfold = asked.all_open or bool(asked.wanted)
    depth = 0
    for number, row in enumerate(page.rows):
        requirement = row.requirement
        if requirement.id not in groups and requirement.id not in kept:
            continue
        while depth > row.depth:
            depth -= 1
            yield Clause(kind="end")
        if row.line is not None:
            yield Clause(kind="leaf", key=f"q{number}", row=row, chosen=requirement.id == asked.requirement)
            continue
        depth += 1
        yield Clause(
            kind="group",
            key=f"q{number}",
            row=row,
            met=row.counts[Verdict.MET],
            applicable=sum(row.counts.values()) - row.counts[Verdict.NOT_APPLICABLE],
            open=unfold or requirement.id in way,
        )
    yield from (Clause(kind="end") for _step in range(depth))


def _kept(row: TreeRow, asked: Asked) -> bool:
    """Whether a leaf is shown: by its verdict if one was asked for, else every duty."""
    if asked.wanted:
        return row.verdict in asked.wanted
    return not row.requirement.no_duty or row.requirement.id == asked.requirement


@takes_form_of("framework")
def give_judgement(request: HttpRequest, framework: str) -> HttpResponse:
    """Records what a person found or accepted about a requirement, in the scope that was shown."""
    now = timezone.now()
    asked = asked_of(request, now)
    form = JudgementForm(request.POST, auto_id="judge-%s")

    def do(given: Mapping[str, Any]) -> str:
        judge(
            actor=actor(request), person=person(request), kind=given["kind"], framework=framework,
            subject=asked.requirement, scope=asked.scope, because=given["because"],
            ends_at=end_of(given["ends_at"]), now=now,
        )  # fmt: skip
        return _("Judgement recorded")

    return decided(request, framework, asked.requirement, asked.scope, "judge", form, do)


def decided(
    request: HttpRequest,
    framework: str,
    requirement: str,
    scope: str,
    key: str,
    form: Form,
    do: Callable[[Mapping[str, Any]], str],
) -> HttpResponse:
    """Judges or closes and goes back to the proof; or shows it again with what is wrong in the form."""
    now = timezone.now()
    asking = permit(request, "judge" if key == "judge" else "close_judgement", scope)
    if isinstance(asking, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=asking.because)
    asked = replace(asked_of(request, now), requirement=requirement, scope=scope)
    _page(request, framework, asked, now)  # 404 for what is not judged by itself, before anything is written
    if (answer := tried(request, form, do)) is not None:
        return answer
    if form.errors:
        return _shown(request, framework, asked, now, bound={key: form}, status=422)
    return see(
        requirement_url(framework, requirement, scope, {name: request.GET.getlist(name) for name in request.GET})
    )


def requirement_url(framework: str, requirement: str, scope: str, kept: Mapping[str, list[str]] = EMPTY) -> str:
    """Where the proof of a requirement stands; `kept` are the filters of the page that somebody comes from."""
    asked = {**kept, "requirement": [requirement]} | ({} if scope == ORGANISATION else {"scope": [scope]})
    return f"{reverse('framework', args=[framework])}?{urlencode(asked, doseq=True)}#proof"


@require_safe
def proof(request: HttpRequest, framework: str) -> HttpResponse:
    """One proof as a file: canonical JSON, from which the verdict can be derived again."""
    now = timezone.now()
    asked = asked_of(request, now)
    try:
        found = explain(
            actor=actor(request),
            framework=framework,
            requirement=asked.requirement,
            now=now,
            at=asked.asof.at,
            hindsight=asked.asof.hindsight,
            scope=asked.scope,
        )
    except UnknownError as error:
        raise Http404(str(error)) from error
    said = proof_json(found) | ({"learnt_by": rfc3339(now)} if asked.asof.hindsight else {})
    name = f"proof {framework} {member(asked.requirement)} {asked.scope} {found.at:%Y-%m-%d}.json"
    return _download(canonical(said), "application/json", name)


@require_POST
def pack(request: HttpRequest) -> HttpResponse:
    """The audit pack of the frameworks chosen, as of an instant, in a scope: a zip that proves itself."""
    now = timezone.now()
    chosen = request.POST.getlist("frameworks")
    if not chosen:
        return refused(request, status=422, title=_("Nothing to pack"), text=_("Choose at least one framework."))
    scope = request.POST.get("scope", "") or ORGANISATION
    try:
        typed = request.POST.get("at", "").strip()
        at = parse_instant(typed, now=now) if typed else now
        data = make_pack(actor=actor(request), frameworks=chosen, now=now, at=at, scope=scope)
    except (UnknownError, InstantError) as error:
        return refused(request, status=422, title=_("The pack was not made"), text=str(error))
    except BlobForgedError as error:
        return refused(request, status=409, title=_("The pack was not made"), text=str(error))
    except BlobMissingError as error:
        return refused(request, status=404, title=_("The pack was not made"), text=str(error))
    return _download(data, "application/zip", f"audit pack {scope} {at:%Y-%m-%d}.zip")


def _download(data: bytes, kind: str, name: str) -> HttpResponse:
    """Bytes to be saved, never shown in place."""
    response = HttpResponse(data, content_type=kind)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response.headers["Content-Length"] = str(len(data))
    return response


urls = [
    path("frameworks", frameworks, name="frameworks"),
    path("pack", pack, name="pack"),
    path("frameworks/<str:framework>", framework, name="framework"),
    path("frameworks/<str:framework>/proof", proof, name="proof"),
    path("frameworks/<str:framework>/judge", give_judgement, name="requirement-judge"),
]
