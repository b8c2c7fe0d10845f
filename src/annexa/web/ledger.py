"""The ledger: entries, one with its proof, verification in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers import ledger as answers
from annexa.answers.errors import UnknownError
from annexa.answers.ledger import EntryProof, Step
from annexa.pure.facts import ORGANISATION
from annexa.web.frame import actor
from annexa.web.frameworks import requirement_url

KINDS = (
    ("all", "All"),
    ("decisions", "Decisions"),
    ("evidence", "Evidence"),
    ("systems", "AI systems"),
    ("activity", "Activity"),
    ("people", "People"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One line of the drawn proof; x in per cent, y in pixels."""

    x1: float
    y1: int
    x2: float
    y2: int
    kind: str = ""
    skips: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One hash of the drawn proof, by its first four digits."""

    x: float
    y: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The way from an entry to the root: at most three pairs of hashes from the entry up, then the root."""

    edges: tuple[Edge, ...]
    nodes: tuple[Node, ...]
    height: int
    skipped: int


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger: its newest entry with the proof, the signed root, every entry."""
    kind, text = request.GET.get("kind", "all"), request.GET.get("q", "")
    page = answers.list_entries(actor=actor(request), kind=kind, text=text, before=_number(request, "before"))
    context = {
        "page": page,
        "kinds": KINDS,
        "now": timezone.now(),
        "head": page.head,
        "earlier": "before" in request.GET,
    }
    if request.headers.get("HX-Request"):
        return render(request, "ledger/_register.html", context)
    if (newest := answers.newest(actor=actor(request), size=page.head.size)) is not None:
        context |= _shown(answers.entry_proof(actor=actor(request), position=newest))
    return render(request, "ledger/index.html", context)


@require_safe
def entry(request: HttpRequest, position: int) -> HttpResponse:
    """One entry: what it says, and that it is where it was put and says what it said."""
    proof = _proof(request, position)
    context = {
        "heading": f"Entry {position:,}",
        "facts": facts(proof.body["state"]),
        "place": place(proof.entry.kind, proof.body["state"]),
        "now": timezone.now(),
    }
    return render(request, "ledger/entry.html", context | _shown(proof))


@require_safe
def entry_proof(request: HttpRequest, position: int) -> HttpResponse:
    """Everything needed to verify an entry without trusting this server: as JSON, or as a C2SP tlog-proof file."""
    proof = _proof(request, position)
    if request.GET.get("format") == "tlog":
        return _download(proof.tlog_proof(), f"entry-{position}.tlog-proof")
    return JsonResponse(as_json(proof, old=_number(request, "old")))


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The latest signed root, as the note that other tools read."""
    head = answers.head(actor=actor(request))
    if not head.size:
        raise Http404("The ledger is empty; there is no checkpoint yet.")
    return _download(head.checkpoint.encode(), f"checkpoint-{head.size}.txt")


def as_json(proof: EntryProof, *, old: int | None) -> dict[str, Any]:
    """The proof as a browser reads it. With `old`, also that the ledger of that size is the beginning of this one."""
    state = proof.evidence
    evidence = {"sha256": state["sha256"], "url": reverse("evidence-bytes", args=[state["id"]])} if state else None
    known = old is not None and 0 <= old <= proof.head.size
    return {
        "index": proof.entry.position,
        "size": proof.head.size,
        "root": proof.head.root,
        "header": proof.header_text,
        "salt": proof.salt,
        "body": proof.body_text,
        "proof": list(proof.proof),
        "checkpoint": proof.head.checkpoint,
        "verifier_key": proof.head.verifier_key,
        "evidence": evidence,
        "consistency": list(answers.proof_between(old=old or 0, new=proof.head.size)) if known else None,
    }


def facts(state: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What an entry says, label by label; what is empty or long is in the raw text only."""
    found = []
    for key, value in state.items():
        said = _said(value)
        if said and key not in {"sha256", "source", "password_digest"}:
            found.append((key.replace("_", " ").capitalize(), said))
    return tuple(found)


def place(kind: str, state: Mapping[str, Any]) -> dict[str, str] | None:
    """Where what the entry tells of is found today: an address and a verb; None if it has no page."""
    match kind:
        case "ai_system":
            return {"url": reverse("system", args=[state["slug"]]), "verb": _("Open AI system")}
        case "adoption" | "evidence":
            scope = "" if state["scope"] == ORGANISATION else f"?scope={state['scope']}"
            return {"url": reverse("control", args=[state["control"]]) + scope, "verb": _("Open control")}
        case "judgement" if state["framework"]:
            url = requirement_url(state["framework"], state["subject"], state["scope"])
            return {"url": url, "verb": _("Open requirement")}
        case "judgement" | "closure":
            judgement = state["id"] if kind == "judgement" else state["judgement"]
            return {"url": reverse("judgement-close", args=[judgement]), "verb": _("Open judgement")}
    return None


def draw(leaf: str, steps: Sequence[Step], root: str) -> Drawing:
    """Where each hash of a proof stands: the entry at the bottom, the root on top, each sibling on its side."""
    shown = list(steps[:3])
    ys = [22 + 58 * row for row in range(len(shown) + 1)]
    places = [50.0]
    for step, spread in zip(reversed(shown), (22, 13, 8), strict=False):
        places.append(places[-1] + (spread if step.left else -spread))
    places.reverse()
    nodes, edges = [Node(x=places[0], y=ys[-1], text=leaf[:4], kind="way")], []
    for row, step in enumerate(shown):
        top = row == len(shown) - 1
        skips, made = top and len(steps) > 3, root if top else step.made
        x, y, above = places[row], ys[-1 - row], ys[-2 - row]
        beside = 2 * places[row + 1] - x
        edges.append(Edge(x1=beside, y1=y, x2=places[row + 1], y2=above, skips=skips))
        edges.append(Edge(x1=x, y1=y, x2=places[row + 1], y2=above, kind="way", skips=skips))
        nodes.append(Node(x=beside, y=y, text=step.given[:4], kind="given"))
        nodes.append(Node(x=places[row + 1], y=above, text=made[:4], kind="way"))
    return Drawing(edges=tuple(edges), nodes=tuple(nodes), height=ys[-1] + 16, skipped=max(0, len(steps) - 3))


def _shown(proof: EntryProof) -> dict[str, Any]:
    checks = answers.check_entry(proof)
    made = proof.steps[-1].made if proof.steps else proof.leaf
    return {
        "proof": proof,
        "line": proof.line,
        "head": proof.head,
        "checks": checks,
        "holds": all(check.outcome != "fail" for check in checks),
        "leads": made == proof.head.root,
        "drawing": draw(proof.leaf, proof.steps, made),
        "computed": made,
    }


def _proof(request: HttpRequest, position: int) -> EntryProof:
    try:
        return answers.entry_proof(actor=actor(request), position=position)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _said(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case list() if value and all(isinstance(one, str | int) for one in value):
            return ", ".join(map(str, value))
    return ""


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _download(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


urls = [
    path("ledger", ledger, name="ledger"),
    path("ledger/checkpoint", checkpoint, name="checkpoint"),
    path("ledger/<int:position>", entry, name="entry"),
    path("ledger/<int:position>/proof", entry_proof, name="entry-proof"),
]
