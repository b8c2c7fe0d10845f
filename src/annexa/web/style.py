"""The style page: every part of the interface in every state it can have, so a page author can look before writing.

Everything on it is an example; nothing is read from the records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annexa.web.ledger import Edge, Node

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
COUNTS = {"met": 44, "partial": 8, "at risk": 5, "unmet": 6, "uncovered": 3, "not applicable": 1}
REQUIREMENT = (
    ("met", "An effective control covers it fully"),
    ("partial", "Something effective covers part of it"),
    ("at risk", "Would be met but for stale or failing controls"),
    ("unmet", "Controls cover it, none is effective"),
    ("uncovered", "No control covers it"),
    ("not applicable", "Does not bind here, or excluded and signed"),
)
CONTROL = (
    ("effective", "Current, passing evidence for everything"),
    ("failing", "Some current evidence fails"),
    ("stale", "Was effective, evidence has expired"),
    ("unproven", "Declared done, never shown"),
    ("planned", "Not done, dated plan"),
    ("absent", "Not done, no plan"),
    ("not applicable", "Excluded, with a signed reason"),
)
SWATCHES = (
    "canvas",
    "sheet",
    "sunken",
    "raised",
    "hover",
    "chosen",
    "line",
    "firm",
    "ink",
    "soft",
    "faint",
    "accent",
    "good",
    "part",
    "warn",
    "bad",
    "void",
    "open",
)
SECTIONS = (
    ("verdicts", "Verdicts"),
    ("colour", "Colour, type"),
    ("buttons", "Buttons"),
    ("fields", "Fields"),
    ("waiting", "Waiting"),
    ("registers", "Registers"),
    ("finding", "Finding"),
    ("proofs", "Proof"),
    ("charts", "Charts"),
    ("ledger", "Ledger"),
    ("telling", "Telling"),
    ("asking", "Asking"),
    ("nothing", "Empty, loading"),
    ("records", "Records"),
)
SHA = "9f2c4b7ae1083d55c0ffee1122334455a0b1c2d3e4f5061728394a5b6c7d71ae"
OTHER = "9f2c4b7ae1083d5550be91d422334455a0b1c2d3e4f5061728394a5b13f9b2c8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One made-up AI system in the example register."""

    id: str
    name: str
    purpose: str
    risk: str
    owner: str
    changed: datetime
    act: dict[str, int]
    chosen: bool = False


class ExampleForm(forms.Form):
    """A form that was sent with two mistakes."""

    name = forms.CharField(help_text="As people in the unit call it")
    owner = forms.CharField(error_messages={"required": "Name one person; a team cannot own a system"})
    ends = forms.DateField(label="Exception ends", widget=forms.DateInput(attrs={"type": "date"}))
    role = forms.ChoiceField(choices=[("deployer", "Deployer"), ("provider", "Provider")])
    reason = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    decision = forms.ChoiceField(
        choices=[("approve", "Approve"), ("return", "Return with questions"), ("refuse", "Refuse")],
        widget=forms.RadioSelect,
    )
    public = forms.BooleanField(label="The public is affected", required=False)

    def clean_ends(self) -> date:
        """An exception that ends before it starts is a slip of the pen."""
        ends: date = self.cleaned_data["ends"]
        if ends < NOW.date():
            raise forms.ValidationError("The end, 1 Nov, is before the start, 20 Nov")
        return ends


def style(request: HttpRequest) -> HttpResponse:
    """Shows every part of the interface in every state; what is not here does not exist yet."""
    form = ExampleForm(
        {
            "name": "Translation of Digital Media",
            "ends": "2026-11-01",
            "role": "deployer",
            "decision": "approve",
            "reason": "The residual risk is accepted until the supplier ships its fix.",
            "public": "on",
        }
    )
    context = {
        "heading": "Components",
        "sections": SECTIONS,
        "now": NOW,
        "counts": COUNTS,
        "requirement": REQUIREMENT,
        "control": CONTROL,
        "swatches": SWATCHES,
        "form": form,
        "rows": _rows(),
        "page": Paginator(range(1991), 25).page(1),
        "moments": [NOW - timedelta(minutes=m) for m in (0, 12, 190, 4_000, 500_000)]
        + [NOW + timedelta(hours=5, minutes=12), NOW + timedelta(days=7)],
        "sha": SHA,
        "other": OTHER,
        "columns": _columns(),
        "edges": _edges(),
        "nodes": _nodes("9f2c 0f6d 8c90 c2a4"),
        "broken": _nodes("3d10 8ae3 f1d7 50be"),
    }
    return render(request, "style/index.html", context)


def _rows() -> list[Row]:
    return [
        Row(
            id="AIS-0214",
            name="Disability determinations, fast lane",
            purpose="Benefits · finds applications that can be allowed early",
            risk="high-risk",
            owner="Mei Tanaka",
            changed=NOW - timedelta(hours=3),
            act={"met": 14, "partial": 1, "at risk": 3, "unmet": 3},
        ),
        Row(
            id="AIS-0388",
            name="Translation of letters",
            purpose="Housing · drafts letters in twelve languages",
            risk="transparency",
            owner="Priya Raman",
            changed=NOW - timedelta(hours=9),
            act={"met": 26, "at risk": 4, "not applicable": 8},
            chosen=True,
        ),
        Row(
            id="AIS-1311",
            name="Crop type validation",
            purpose="Agriculture · compares declared crops with satellite pictures",
            risk="minimal",
            owner="Jonas Weber",
            changed=NOW - timedelta(days=1),
            act={"met": 2, "partial": 2},
        ),
        Row(
            id="AIS-1840",
            name="Chatbot for teachers",
            purpose="Education · answers questions on student dropout",
            risk="",
            owner="",
            changed=NOW - timedelta(days=400),
            act={"uncovered": 4},
        ),
    ]


def _columns() -> list[tuple[str, str, str, str]]:
    shares = (62, 70, 66, 20, 16, 74, 80, 77, 72, 69, 18, 14, 70, 75, 88, 82)
    return [(f"{i * 6.25:.2f}%", "4.6%", f"{100 - n}%", f"{n}%") for i, n in enumerate(shares)]


LEVELS = ((196, 8), (138, 4), (80, 2), (22, 1))
TEXTS = ("1b0e 77d1 a93f 02c8 * e5b6 6410 c7aa", "d4e2 58b9 * b21c", "37f5 *", "*")
GIVEN = {"e5b6", "b21c", "37f5"}
WAY = ((4, 2), (2, 1), (1, 0))


def _edges() -> list[Edge]:
    found = []
    for level in range(3):
        (y1, many), (y2, fewer) = LEVELS[level], LEVELS[level + 1]
        for i in range(many):
            way = "way" if (i, i // 2) == WAY[level] else ""
            found.append(Edge(x1=_middle(i, many), y1=y1, x2=_middle(i // 2, fewer), y2=y2, kind=way, skips=level == 2))
    return found


def _nodes(way: str) -> list[Node]:
    own = way.split()
    found = []
    for level, (y, many) in enumerate(LEVELS):
        for i, text in enumerate(TEXTS[level].split()):
            kind = "way" if text == "*" else "given" if text in GIVEN else ""
            found.append(Node(x=_middle(i, many), y=y, text=own[level] if text == "*" else text, kind=kind))
    return found


def _middle(i: int, many: int) -> float:
    return (i + 0.5) * 100 / many
