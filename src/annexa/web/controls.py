"""Controls: the catalogue; one with its expectations, evidence, declarations and judgements, done where they stand."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, cast

from django import forms
from django.conf import settings
from django.core.files.uploadhandler import StopUpload
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.evidence import add_evidence, attest
from annexa.actions.scopes import place_of
from annexa.answers.controls import (
    FAMILIES,
    ControlPage,
    ControlRow,
    control_page,
    counts_of,
    list_controls,
    open_evidence,
    open_judgement,
    systems_of,
)
from annexa.answers.errors import UnknownError
from annexa.answers.owners import candidates, owners_of_controls
from annexa.answers.tasks import control_work
from annexa.answers.trees import ExpectationNode, Piece
from annexa.pure.facts import ADOPTION_STATES, ORGANISATION
from annexa.pure.owners import Owner
from annexa.pure.permits import Refusal
from annexa.pure.posture import CONTROL_ORDER, Verdict
from annexa.pure.standards import ExpectationKind
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.vault.blobs import BlobForgedError, BlobMissingError
from annexa.web.asof import AsOf, as_of
from annexa.web.forms import (
    Bound,
    ClosureForm,
    JudgementForm,
    date_field,
    end_of,
    fresh,
    see,
    takes_form_of,
    text_field,
    tried,
)
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.frameworks import decided, requirement_url
from annexa.web.owners import OwnerForm
from annexa.web.refused import refused
from annexa.web.tasks import WORDS, GiveForm
from annexa.web.templatetags.face import LOOKS
from annexa.web.uploads import refusal

log = logging.getLogger(__name__)

SLUGS: Mapping[str, Verdict] = {LOOKS[v].colour: v for v in (*CONTROL_ORDER, Verdict.NOT_APPLICABLE)}
"""Verdicts as addresses name them."""
STATES = {
    "implemented": later("Implemented"),
    "planned": later("Planned by a date"),
    "not implemented": later("Not implemented"),
    "excluded": later("Excluded, with a justification"),
}
OUTCOMES = (("yes", later("It passes")), ("no", later("It fails")))


# --- forms --------------------------------------------------------------------------------------------------------


def _outcome() -> forms.ChoiceField:
    return forms.ChoiceField(label=later("What it says"), choices=OUTCOMES, initial="yes", widget=forms.RadioSelect)


class EvidenceForm(forms.Form):
    """A file that answers an expectation."""

    file = forms.FileField(
        label=later("File"), allow_empty_file=True, error_messages={"required": later("Choose a file.")}
    )
    observed_at = date_field(later("Observed on"), help_text=later("The day on which it was so, not the day of upload"))
    expires_at = date_field(later("Valid until"), required=False)
    passing = _outcome()
    note = text_field(later("Note"), required=False)


class StatementForm(forms.Form):
    """A person's own word that something is so."""

    statement = text_field(later("What you state to be so"), rows=3)
    expires_at = date_field(later("Valid until"), required=False)
    passing = _outcome()


class AdoptionForm(forms.Form):
    """What is declared about a control."""

    state = forms.ChoiceField(
        label=later("This control is"), choices=[(s, STATES[s]) for s in ADOPTION_STATES], widget=forms.RadioSelect
    )
    plan_due = date_field(later("Planned for"), required=False)
    because = text_field(later("Reason or justification"), required=False)


def _instant(on: date | None, now: datetime) -> datetime | None:
    """The instant that a day in a form means: now for today, else its last one."""
    if on is None:
        return None
    return now if on == now.date() else end_of(on)


# --- the catalogue ------------------------------------------------------------------------------------------------


@require_safe
def controls(request: HttpRequest) -> HttpResponse:
    """The catalogue by family, with verdicts, searched and filtered."""
    now = timezone.now()
    asof = as_of(request, now)
    rows = list_controls(actor=actor(request), now=now, at=asof.at, hindsight=asof.hindsight)
    named = owners_of_controls(actor=actor(request), now=now)
    names = asof.at is None and permitted(request, "name_owner")
    text, done = request.GET.get("q", "").strip(), request.GET.get("implemented", "")
    verdicts = [v for v in request.GET.getlist("verdict") if v in SLUGS]
    shown = [row for row in rows if _matches(row, named, text, {SLUGS[v] for v in verdicts}, done)]
    context = {
        "now": now,
        "asof": asof,
        "text": text,
        "done": done,
        "verdicts": [(v, LOOKS[SLUGS[v]].word) for v in verdicts],
        "counts": counts_of(rows),
        "total": len(rows),
        "shown": len(shown),
        "families": [
            (name, [(r, named.get(r.control.id)) for r in found])
            for name in _families(shown)
            if (found := [r for r in shown if r.family == name])
        ],
        "owner_form": OwnerForm(people=candidates(actor=actor(request)), auto_id="owner-%s") if names else None,
        "query": request.GET.urlencode(),
    }
    part = "controls/_register.html" if getattr(request, "htmx", None) else "controls/index.html"
    return render(request, part, context)


def _families(rows: list[ControlRow]) -> list[str]:
    return list(dict.fromkeys([*FAMILIES.values(), *(row.family for row in rows)]))


def _matches(row: ControlRow, named: Mapping[str, Owner], text: str, verdicts: set[Verdict], done: str) -> bool:
    if verdicts and row.judged.verdict not in verdicts:
        return False
    if done in {"yes", "no"} and row.implemented is not (done == "yes"):
        return False
    control, owner = row.control, named.get(row.control.id)
    said = f"{control.id} {control.name} {control.objective} {control.owner_role} {row.family}".casefold()
    said += f" {owner.name}".casefold() if owner else ""
    return all(word in said for word in text.casefold().split())


# --- one control --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A piece of evidence with its record: size, type and note."""

    piece: Piece
    record: Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An expectation as its page shows it: what counts, what is superseded, and the form to answer it."""

    node: ExpectationNode
    newest: Shown | None
    earlier: tuple[Shown, ...]
    form: forms.Form | None
    view: str
    open: bool


@require_safe
def control(request: HttpRequest, control: str) -> HttpResponse:
    """One control in a scope: verdict and why, expectations, what it covers, declarations and judgements."""
    return _page(request, control, scope=request.GET.get("scope", "") or ORGANISATION, bound={}, status=200)


def _page(
    request: HttpRequest, control: str, *, scope: str, bound: Bound, status: int, stopped: str = ""
) -> HttpResponse:
    """The page, with `bound` the forms that were refused, by what they are for; `stopped`: a file that was."""
    now = timezone.now()
    asof = as_of(request, now)
    try:
        page = control_page(
            actor=actor(request), control=control, now=now, at=asof.at, scope=scope, hindsight=asof.hindsight
        )
    except UnknownError as error:
        raise Http404(str(error)) from error
    mine = page.control.level == "organisation" and (scope == ORGANISATION or page.overridden)
    answers = mine or (page.control.level == "system" and scope != ORGANISATION)
    context = {
        "now": now,
        "asof": asof,
        "page": page,
        "picking": page.proof.groups is not None,
        "asking": [_asking(request, page, node, bound, open_=answers and asof.at is None) for node in page.expected],
        "covers": _covers(page),
        "stopped": stopped,
        "wrong": next(iter(bound.values()), None),
    }
    context |= _systems(request, page, now, asof) | _decisions(request, page, bound, editable=asof.at is None)
    context |= _work(request, page, now, editable=asof.at is None)
    return render(request, "controls/control.html", context, status=status)


def _asking(request: HttpRequest, page: ControlPage, node: ExpectationNode, bound: Bound, *, open_: bool) -> Asking:
    expectation = node.proof.expectation
    spoken = expectation.kind is ExpectationKind.ATTESTATION
    verb, view = ("attest", "control-attest") if spoken else ("add_evidence", "control-evidence")
    offered = open_ and expectation.kind is not ExpectationKind.RECORD and permitted(request, verb, page.scope)
    refused_form = bound.get(expectation.id)
    empty = fresh(StatementForm if spoken else EvidenceForm, expectation.id, observed_at=timezone.now().date())
    shown = tuple(Shown(piece=piece, record=page.records.get(piece.evidence.id)) for piece in node.pieces)
    return Asking(
        node=node,
        newest=shown[0] if shown else None,
        earlier=shown[1:],
        form=(refused_form or empty) if offered else None,
        view=view,
        open=refused_form is not None,
    )


def _decisions(request: HttpRequest, page: ControlPage, bound: Bound, *, editable: bool) -> dict[str, Any]:
    """The forms to declare, judge and close, as far as this person may."""
    adopts, judges, closes = (
        editable and permitted(request, verb, page.scope) for verb in ("adopt_control", "judge", "close_judgement")
    )
    declared = page.proof.adoption.state if page.proof.adoption else "implemented"
    return {
        "adoption_form": (bound.get("adopt") or fresh(AdoptionForm, "adopt", state=declared)) if adopts else None,
        "adoption_open": "adopt" in bound,
        "judgement_form": (bound.get("judge") or fresh(JudgementForm, "judge")) if judges else None,
        "judgement_open": "judge" in bound,
        "judgements": [
            (one, (bound.get(one.id) or fresh(ClosureForm, f"close-{one.id}")) if closes else None, one.id in bound)
            for one in page.proof.judgements
        ],
    }


def _work(request: HttpRequest, page: ControlPage, now: datetime, *, editable: bool) -> dict[str, Any]:
    """Who answers for it, the tasks that were given for it, and the forms to name somebody and to give one."""
    who, control, scope = actor(request), page.control.id, page.scope
    names, gives = (editable and permitted(request, verb, scope) for verb in ("name_owner", "make_task"))
    found = control_work(actor=who, control=control, scope=scope, now=now)
    people = candidates(actor=who, place=place_of(who, scope)) if names or gives else ()
    first = found.answering.proposed.person if found.answering.proposed else None
    offer = found.proposal if gives else None
    initial = {"owner": first or person(request).pk, "because": page.why}
    initial |= {"due_on": offer.due_on, "effort_days": offer.effort_days} if offer else {}
    return {
        "answering": found.answering,
        "owner_form": OwnerForm(people=people, first=first, auto_id="owner-%s") if names else None,
        "todos": [(one, WORDS[one.state]) for one in found.tasks],
        "give_form": GiveForm(people=people, initial=initial, auto_id="give-%s") if offer else None,
    }


def _systems(request: HttpRequest, page: ControlPage, now: datetime, asof: AsOf) -> dict[str, Any]:
    """For a system-level control without a scope: the systems to choose from."""
    if page.proof.groups is None:
        return {}
    text = request.GET.get("q", "").strip()
    found, total = systems_of(
        actor=actor(request), control=page.control.id, now=now, at=asof.at, text=text, hindsight=asof.hindsight
    )
    return {"systems": found, "systems_total": total, "text": text}


def _covers(page: ControlPage) -> list[tuple[Any, list[Any]]]:
    """What it covers, framework by framework."""
    found: dict[str, tuple[Any, list[Any]]] = {}
    for one in page.covers:
        found.setdefault(one.framework.id, (one.framework, []))[1].append(one)
    return list(found.values())


# --- doing --------------------------------------------------------------------------------------------------------


def _stopped(request: HttpRequest) -> str:
    """The sentence for a file that was too large to be read at all; "" if it was not. Raises MultiPartParserError."""
    with suppress(StopUpload):
        request.POST  # noqa: B018  reading it is what lets the upload be stopped
    return refusal(request)


def _unread(request: HttpRequest, control: str, sentence: str, *, status: int) -> HttpResponse:
    """The page with the form open that a file did not reach."""
    expectation, scope = _target(request)
    empty = fresh(EvidenceForm, expectation, observed_at=timezone.now().date())
    return _page(request, control, scope=scope, bound={expectation: empty}, status=status, stopped=sentence)


@csrf_exempt
@takes_form_of("control")
def evidence(request: HttpRequest, control: str) -> HttpResponse:
    """Takes a file in. A stopped upload has lost its fields, the token among them, so it is answered before that."""
    try:
        if sentence := _stopped(request):
            return _unread(request, control, sentence, status=413)
    except MultiPartParserError:
        said = _("The form could not be read: the file's name is too long, or it was cut short. Nothing was kept.")
        return _unread(request, control, said, status=422)
    return _evidence(request, control)


@csrf_protect
def _evidence(request: HttpRequest, control: str) -> HttpResponse:
    now = timezone.now()
    expectation, scope = _target(request)
    form = EvidenceForm(request.POST, request.FILES, auto_id=f"{expectation}-%s")

    def do(given: Mapping[str, Any]) -> str:
        made = add_evidence(
            actor=actor(request), person=person(request), control=control, expectation=expectation, scope=scope,
            file=cast(BinaryIO, given["file"].file), name=given["file"].name, limit_bytes=settings.UPLOAD_LIMIT_BYTES,
            observed_at=_instant(given["observed_at"], now), expires_at=end_of(given["expires_at"]),
            passing=given["passing"] == "yes", note=given["note"], now=now,
        )  # fmt: skip
        return _("%(name)s is kept as evidence") % {"name": made.name}

    return _done(request, control, scope, expectation, form, do, verb="add_evidence")


@takes_form_of("control")
def statement(request: HttpRequest, control: str) -> HttpResponse:
    """Takes a person's statement in."""
    now = timezone.now()
    expectation, scope = _target(request)
    form = StatementForm(request.POST, auto_id=f"{expectation}-%s")

    def do(given: Mapping[str, Any]) -> str:
        attest(
            actor=actor(request), person=person(request), control=control, expectation=expectation, scope=scope,
            statement=given["statement"], expires_at=end_of(given["expires_at"]), passing=given["passing"] == "yes",
            now=now,
        )  # fmt: skip
        return _("Your statement is kept as evidence")

    return _done(request, control, scope, expectation, form, do, verb="attest")


@takes_form_of("control")
def adopt(request: HttpRequest, control: str) -> HttpResponse:
    """Declares the control implemented, planned, not implemented or excluded."""
    now = timezone.now()
    _expectation, scope = _target(request)
    form = AdoptionForm(request.POST, auto_id="adopt-%s")

    def do(given: Mapping[str, Any]) -> str:
        adopt_control(
            actor=actor(request), person=person(request), control=control, scope=scope, state=given["state"],
            because=given["because"], plan_due=end_of(given["plan_due"]), now=now,
        )  # fmt: skip
        return _("Declared: %(state)s") % {"state": given["state"]}

    return _done(request, control, scope, "adopt", form, do, verb="adopt_control")


@takes_form_of("control")
def give_judgement(request: HttpRequest, control: str) -> HttpResponse:
    """Records a judgement beside the verdict."""
    now = timezone.now()
    _expectation, scope = _target(request)
    form = JudgementForm(request.POST, auto_id="judge-%s")

    def do(given: Mapping[str, Any]) -> str:
        judge(
            actor=actor(request), person=person(request), kind=given["kind"], subject=control, scope=scope,
            because=given["because"], ends_at=end_of(given["ends_at"]), now=now,
        )  # fmt: skip
        return _("Judgement recorded")

    return _done(request, control, scope, "judge", form, do, verb="judge")


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, judgement: str) -> HttpResponse:
    """Ends a judgement. One on a requirement is answered by that requirement's page."""
    try:
        found = open_judgement(actor=actor(request), judgement=judgement)
    except UnknownError as error:
        raise Http404(str(error)) from error
    if request.method != "POST":
        return HttpResponseRedirect(_place_of(found, request.GET.urlencode()))
    form = ClosureForm(request.POST, auto_id=f"close-{judgement}-%s")

    def do(given: Mapping[str, Any]) -> str:
        close_judgement(
            actor=actor(request), person=person(request), judgement=judgement, because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("Judgement closed")

    if found.framework:
        return decided(request, found.framework, found.subject, found.scope, judgement, form, do)
    return _done(request, found.subject, found.scope, judgement, form, do, verb="close_judgement")


def _place_of(judgement: Judgement, query: str) -> str:
    """Where a judgement stands; `query` says more of the page that somebody comes from."""
    if query:
        view, subject = ("framework", judgement.framework) if judgement.framework else ("control", judgement.subject)
        return f"{reverse(view, args=[subject])}?{query}"
    if judgement.framework:
        return requirement_url(judgement.framework, judgement.subject, judgement.scope)
    return _control_url(judgement.subject, judgement.scope, "judge")


def _target(request: HttpRequest) -> tuple[str, str]:
    """Which expectation in which scope: in the address of a form, so that it outlives a stopped upload."""
    return request.GET.get("expectation", ""), request.GET.get("scope", "") or ORGANISATION


def _done(
    request: HttpRequest,
    control: str,
    scope: str,
    key: str,
    form: forms.Form,
    do: Callable[[Mapping[str, Any]], str],
    *,
    verb: str,
) -> HttpResponse:
    """Does it and goes back to the control; or shows the form again with what is wrong."""
    asking = permit(request, verb, scope)
    if isinstance(asking, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=asking.because)
    if (answer := tried(request, form, do)) is not None:
        return answer
    if form.errors:
        if "file" in form.fields and not form.errors.get("file"):
            form["file"].help_text = _("Choose the file again; a browser does not keep it")
        return _page(request, control, scope=scope, bound={key: form}, status=422)
    return see(_control_url(control, scope, key))


def _control_url(control: str, scope: str, key: str) -> str:
    query = "" if scope == ORGANISATION else f"?{urlencode({'scope': scope})}"
    return f"{reverse('control', args=[control])}{query}#at-{key}"


# --- bytes --------------------------------------------------------------------------------------------------------


@require_safe
def evidence_bytes(request: HttpRequest, evidence: str) -> HttpResponseBase:
    """The bytes of a piece of evidence, to be saved; withheld when they no longer have their digest."""
    try:
        found, stream = open_evidence(actor=actor(request), evidence=evidence)
    except UnknownError as error:
        raise Http404(str(error)) from error
    except BlobForgedError as error:
        log.error("Evidence %s was forged on disk: %s", evidence, error)
        return refused(request, status=409, title=_("The evidence was changed on disk"), text=str(error))
    except BlobMissingError as error:
        log.error("Evidence %s is missing on disk: %s", evidence, error)
        return refused(request, status=404, title=_("The evidence is missing"), text=str(error))
    kind = "application/octet-stream" if found.media_type == "text/html" else found.media_type
    name = f"{found.name}.txt" if found.kind == "attestation" and "." not in found.name else found.name
    response = FileResponse(stream, content_type=kind)
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


urls = [
    path("controls", controls, name="controls"),
    path("controls/<str:control>", control, name="control"),
    path("controls/<str:control>/adopt", adopt, name="control-adopt"),
    path("controls/<str:control>/evidence", evidence, name="control-evidence"),
    path("controls/<str:control>/attest", statement, name="control-attest"),
    path("controls/<str:control>/judge", give_judgement, name="control-judge"),
    path("judgements/<str:judgement>/close", close, name="judgement-close"),
    path("evidence/<str:evidence>/bytes", evidence_bytes, name="evidence-bytes"),
]
