"""The small parts every page is made of: marks and verdicts, bars, digests, times, people, links that keep the filters.

A page holds hundreds of them, so what cannot differ is built once and only what differs is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annexa.pure.registers import REGISTERS
from annexa.pure.registers.documents import EXPECTATION
from annexa.pure.registers.training_rules import COURSE
from annexa.web import assets

register = template.Library()


class FaceError(ValueError):
    """A template uses a word, an icon or a value that the face does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one state looks: its shape in the sprite, the colour it takes, and the word that is always beside it."""

    shape: str
    colour: str  # the value of data-v
    word: str


# Requirements, controls, then the outcome of a single check or notice.
LOOKS: Mapping[str, Look] = {
    "met": Look(shape="met", colour="met", word="Met"),
    "partial": Look(shape="partial", colour="partial", word="Partial"),
    "at risk": Look(shape="at-risk", colour="at-risk", word="At risk"),
    "unmet": Look(shape="unmet", colour="unmet", word="Unmet"),
    "uncovered": Look(shape="uncovered", colour="uncovered", word="Uncovered"),
    "not applicable": Look(shape="na", colour="na", word="Not applicable"),
    "effective": Look(shape="effective", colour="effective", word="Effective"),
    "failing": Look(shape="failing", colour="failing", word="Failing"),
    "stale": Look(shape="stale", colour="stale", word="Stale"),
    "unproven": Look(shape="unproven", colour="unproven", word="Unproven"),
    "planned": Look(shape="planned", colour="planned", word="Planned"),
    "absent": Look(shape="absent", colour="absent", word="Absent"),
    "pass": Look(shape="met", colour="pass", word="Passes"),
    "soon": Look(shape="at-risk", colour="soon", word="Soon"),
    "fail": Look(shape="failing", colour="fail", word="Fails"),
    "idle": Look(shape="absent", colour="idle", word="Not yet"),
}
# From good to absent: the order of a bar, a legend and a facet. A bar without a hatch is the plain good colour.
IN_ORDER = (
    "met", "effective", "partial", "at risk", "stale", "unmet", "failing",
    "uncovered", "unproven", "planned", "absent", "not applicable",
)  # fmt: skip
HATCHES: Mapping[str, str] = {
    "partial": "partial", "at risk": "at-risk", "stale": "at-risk", "unmet": "unmet", "failing": "unmet",
    "uncovered": "uncovered", "absent": "uncovered",
}  # fmt: skip
ICONS = frozenset({
    "today", "frameworks", "path", "soa", "obligations", "systems", "requests", "suppliers", "assets", "risks",
    "controls", "oversight", "incidents", "policies", "training", "evidence", "audits", "findings", "reviews", "ledger",
    "arrow", "chat", "check", "chevron", "copy", "download", "filter", "flag", "info", "lock", "menu", "more", "plus",
    "governance", "people", "print", "register", "search", "upload", "whatif", "x",
})  # fmt: skip
# Steps filled of four, and the words on screen.
RISKS: Mapping[str, tuple[int, str]] = {
    "prohibited": (4, "Prohibited"),
    "gpai-systemic": (3, "Systemic risk"),
    "high-risk": (3, "High risk"),
    "gpai": (2, "General purpose"),
    "transparency": (2, "Transparency"),
    "minimal": (1, "Minimal"),
    "sector-law": (1, "Sector law"),
    "out-of-scope": (0, "Out of scope"),
    "": (0, "Unclassified"),
}
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b")
STATES = frozenset({"pass", "soon", "fail", "idle"})


# --- marks and verdicts -------------------------------------------------------------------------------------------


@register.simple_tag
def mark(verdict: str, alone: bool = False) -> SafeString:
    """The shape of a state. Beside its word it is silent; alone it says the word itself."""
    return _mark(str(verdict), bool(alone))


@register.simple_tag(name="verdict")
def verdict_tag(v: str, judged: bool = False, seal: bool = False, href: str = "", word: str = "") -> SafeString:
    """How one requirement or control stands, as shape and word; a link to its proof where there is one."""
    look = _look(str(v))
    classes = "verdict" + (" seal" if seal else "") + (" judged" if judged else "")
    inner = _mark(str(v), False) + conditional_escape(word or look.word)
    if href:
        return format_html('<a class="{}" data-v="{}" href="{}">{}</a>', classes, look.colour, href, inner)
    return mark_safe(f'<span class="{classes}" data-v="{look.colour}">{inner}</span>')  # noqa: S308


@register.simple_tag
def change(old: str, new: str) -> SafeString:
    """A verdict moved: the old mark, an arrow, the new mark; the words for those who listen."""
    return format_html(
        '<span class="change"><span class="unseen">from {} to {}</span>{}{}{}</span>',
        _look(str(old)).word, _look(str(new)).word, _mark(str(old), False), _icon("arrow"), _mark(str(new), False),
    )  # fmt: skip


@register.simple_tag
def relation(r: str) -> str:
    """How a requirement lies to another one, read from it, in the words of a sentence (NIST IR 8477)."""
    return {
        "equal": _("asks the same"),
        "subset_of": _("is part of it"),
        "superset_of": _("contains it"),
        "intersects_with": _("overlaps with it"),
    }[str(r)]


@register.simple_tag
def slug(v: str) -> str:
    """The value of data-v for a state, for elements that only take its colour."""
    return _look(str(v)).colour


@register.simple_tag
def verdict_bar(counts: Mapping[str, int], thin: bool = False, thick: bool = False, label: str = "") -> SafeString:
    """How many requirements stand where, as one line; the sentence carries the same numbers.

    The line is of what applies, as the figure beside it: what does not has no share of it.
    """
    shown = _in_order(counts)
    size = " thick" if thick else " thin" if thin else ""
    sentence = ", ".join(f"{n:,} {verdict}" for verdict, n in shown) or "nothing to judge"
    shown = [(verdict, n) for verdict, n in shown if verdict != "not applicable"]
    said = f"{label}: {sentence}" if label else sentence
    return format_html(
        '<svg class="verdict-bar{}" role="img" aria-label="{}">{}</svg>', size, said, mark_safe(_rects(shown))  # noqa: S308
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def legend(context: template.Context, counts: Mapping[str, int], query: str = "") -> SafeString:
    """The numbers behind a bar, in words; with `query`, each leads to the rows it counts."""
    items = []
    for verdict, n in _in_order(counts):
        said = format_html("{}<span><b>{}</b> {}</span>", _mark(verdict, False), f"{n:,}", verdict)
        if query:
            said = format_html('<a href="{}">{}</a>', _replaced(context, {query: _look(verdict).colour}), said)
        items.append((said,))
    return format_html('<ul class="legend">{}</ul>', format_html_join("", "<li>{}</li>", items))


# --- values -------------------------------------------------------------------------------------------------------


@register.simple_tag
def digest(sha256: str) -> SafeString:
    """A hash short enough for a row: the first and last four digits; the button copies all of it."""
    if not sha256:
        return SafeString("")
    text = str(sha256)
    short = f"{text[:4]}…{text[-4:]}" if len(text) > 9 else text
    return format_html(
        '<span class="digest" title="{0}">{1}<button type="button" class="copy" data-copy="{0}"'
        ' aria-label="Copy digest {1}">{2}</button></span>',
        text, short, _icon("copy"),
    )  # fmt: skip


@register.simple_tag
def digest_long(sha256: str, other: str = "") -> SafeString:
    """A whole hash in groups of eight, to be compared by eye; where it differs from `other` it is marked."""
    if not sha256:
        return SafeString("")
    against = _eights(other)
    groups = [
        format_html("<mark>{}</mark>" if other and against[i : i + 1] != [group] else "{}", group)
        for i, group in enumerate(_eights(sha256))
    ]
    return format_html('<code class="digest long">{}</code>', format_html_join(" ", "{}", ((g,) for g in groups)))


@register.simple_tag
def when(moment: datetime | None, now: datetime | None = None) -> SafeString:
    """When it was or will be: relative within a day, else the date, with the year if not this one; UTC on hover."""
    if moment is None:
        return SafeString("")
    if moment.tzinfo is None:
        raise FaceError(f"{moment.isoformat()} has no time zone; give a time with one.")
    now = now or timezone.now()
    return _time(moment, _relative(moment - now) or _dated(timezone.localtime(moment).date(), now))


@register.simple_tag
def day(on: date | datetime | None, now: datetime | None = None) -> SafeString:
    """A date as people say it: "27 Nov", with the year if it is not this one."""
    if on is None:
        return SafeString("")
    if isinstance(on, datetime):
        return _time(on, _dated(timezone.localtime(on).date(), now or timezone.now()))
    return mark_safe(f'<time datetime="{on.isoformat()}">{_dated(on, now or timezone.now())}</time>')  # noqa: S308


@register.filter
def dated(sentence: str) -> SafeString:
    """A sentence with its dates as `day` says them."""
    return mark_safe(_ISO.sub(_dated_word, conditional_escape(sentence)))  # noqa: S308


def _dated_word(found: re.Match[str]) -> str:
    try:
        return day(date.fromisoformat(found[0]))
    except ValueError:  # no day of the calendar
        return found[0]


@register.simple_tag
def person(name: str, nobody: str = "No owner") -> SafeString:
    """Who: initials and always the name; or, in so many words, that there is nobody."""
    text = str(name or "").strip()
    if not text:
        return format_html('<span class="person unowned">{}</span>', nobody)
    return format_html('<span class="person" data-initials="{}">{}</span>', initials(text), text)


def initials(name: str) -> str:
    """The first letters of the first and the last name."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    ends = words[:1] + words[-1:] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper() or "?"


@register.simple_tag
def risk(risk_class: str) -> SafeString:
    """The risk class of a system as steps and a word; none yet is "Unclassified"."""
    key = str(risk_class or "")
    if key not in RISKS:
        raise FaceError(f"No risk class is called {key!r}. There are: {', '.join(sorted(RISKS))}.")
    return _risk(key)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small picture beside a word, never instead of one."""
    return _icon(str(name))


@register.simple_tag
def freshness(used: float | None, state: str = "") -> SafeString:
    """How much of its validity a piece of evidence has used, 0 to 1; the words stand beside it."""
    share = 0.0 if used is None else min(1.0, max(0.0, float(used)))
    state = state or _fresh(used)
    if state not in STATES:
        raise FaceError(f"Freshness is one of {', '.join(sorted(STATES))}, not {state!r}.")
    rect = f'<rect data-v="{state}" width="{share:.0%}" height="100%"/>'
    return mark_safe(f'<svg class="freshness" aria-hidden="true">{rect}</svg>')  # noqa: S308


@register.simple_tag
def number(n: float | None) -> str:
    """A number as people read it, with thousands separators; nothing for nothing."""
    return "" if n is None else f"{n:,}"


@register.simple_tag
def lasting(minutes: int) -> str:
    """A span of whole minutes in the largest unit that holds it: "3 days", "36 hours", "1 minute"."""
    if minutes % (24 * 60) == 0:
        return ngettext("%s day", "%s days", minutes // (24 * 60)) % f"{minutes // (24 * 60):,}"
    if minutes % 60 == 0:
        return ngettext("%s hour", "%s hours", minutes // 60) % f"{minutes // 60:,}"
    return ngettext("%s minute", "%s minutes", minutes) % f"{minutes:,}"


@register.simple_tag
def percent(share: float | None) -> str:
    """A share as people read it: whole per cent, and less than one is said so; nothing for nothing."""
    if share is None:
        return ""
    return "< 1 %" if 0 < share < 0.01 else f"{round(100 * share)} %"


# --- finding one's way --------------------------------------------------------------------------------------------


@register.simple_tag
def crumbs(*steps: str) -> SafeString:
    """Where this page stands: label, address, label, address, and last the page itself without an address."""
    links = list(zip(steps[0::2], steps[1::2], strict=False))
    items = format_html_join("", '<li><a href="{1}">{0}</a></li>', links)
    here = format_html('<li aria-current="page">{}</li>', steps[-1]) if len(steps) % 2 else SafeString("")
    return format_html('<nav aria-label="Crumbs"><ol class="crumbs">{}{}</ol></nav>', items, here)


@register.simple_tag(takes_context=True)
def query_replace(context: template.Context, **replacements: Any) -> str:
    """This page's address with some parameters set; a list sets several, "" drops one, page falls away unless set."""
    return _replaced(context, replacements)


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, **values: Any) -> str:
    """This page's address with one chosen value of a parameter taken back and its other values kept."""
    query = _query(context)
    kept = {name: [v for v in query.getlist(name) if v != str(value)] for name, value in values.items()}
    return _replaced(context, kept)


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, label: str, key: str, default: bool = False, num: bool = False) -> SafeString:
    """The head of a column that sorts: a link that turns the order round, an arrow and aria-sort on the sorted one.

    The address says ?sort=key, or ?sort=-key for descending; `default` is the column sorted when it says nothing.
    """
    sort = _query(context).get("sort") or (key if default else "")
    order = "ascending" if sort == key else "descending" if sort == f"-{key}" else ""
    return format_html(
        '<th scope="col"{}{}><a href="{}">{}{}</a></th>',
        mark_safe(' class="num"') if num else "",
        format_html(' aria-sort="{}"', order) if order else "",
        _replaced(context, {"sort": f"-{key}" if order == "ascending" else key}),
        label,
        {"ascending": " ↑", "descending": " ↓", "": ""}[order],
    )


@register.simple_tag
def record_url(noun: str, slug: str) -> str:
    """The page of a record by what it is: an AI system, a control or its expectation, or a record of a register."""
    if noun in REGISTERS:
        return reverse("record", args=[REGISTERS[noun], slug])
    if noun == EXPECTATION:
        return reverse("control", args=[slug.partition("/")[0]])
    if noun == COURSE:
        return reverse("library-course", args=[slug])
    return reverse({"ai_system": "system", "control": "control"}[noun], args=[slug])


@register.simple_tag
def asset(name: str) -> str:
    """The address of a stylesheet, script or picture of the face."""
    return assets.asset_url(name)


# --- how they are built -------------------------------------------------------------------------------------------


def _look(verdict: str) -> Look:
    try:
        return LOOKS[verdict]
    except KeyError:
        raise FaceError(f"No verdict is called {verdict!r}. There are: {', '.join(LOOKS)}.") from None


@cache
def _mark(verdict: str, alone: bool) -> SafeString:
    look = _look(verdict)
    said = f' role="img"><title>{look.word}</title>' if alone else ' aria-hidden="true">'
    return mark_safe(  # noqa: S308
        f'<svg class="mark" data-v="{look.colour}" viewBox="0 0 16 16"{said}<use href="#m-{look.shape}"/></svg>'
    )


@cache
def _icon(name: str) -> SafeString:
    if name not in ICONS:
        raise FaceError(f"No icon is called {name!r}. There are: {', '.join(sorted(ICONS))}.")
    return mark_safe(  # noqa: S308
        f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><use href="#i-{name}"/></svg>'
    )


@cache
def _risk(key: str) -> SafeString:
    filled, word = RISKS[key]
    steps = "".join(
        f'<rect x="{i * 3.8:.1f}" y="{9 - i * 3}" width="2.6" height="{3 + i * 3}" rx=".6"'
        + (' class="on"/>' if i < filled else "/>")
        for i in range(4)
    )
    svg = f'<svg class="steps" viewBox="0 0 14 12" aria-hidden="true">{steps}</svg>'
    return mark_safe(f'<span class="risk" data-risk="{key or "unclassified"}">{svg}{word}</span>')  # noqa: S308


def _in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    plain = {str(verdict): n for verdict, n in counts.items()}
    unknown = plain.keys() - set(IN_ORDER)
    if unknown:
        raise FaceError(f"A bar cannot show {', '.join(sorted(unknown))}; it shows {', '.join(IN_ORDER)}.")
    return [(verdict, plain[verdict]) for verdict in IN_ORDER if plain.get(verdict)]


def _rects(shown: list[tuple[str, int]]) -> str:
    total = sum(n for _, n in shown)
    parts, before = [], 0
    for verdict, n in shown:
        place = f'x="{before / total:.2%}" width="{n / total:.2%}" height="100%"'
        parts.append(f'<rect data-v="{LOOKS[verdict].colour}" {place}/>')
        if verdict in HATCHES:
            parts.append(f'<rect fill="url(#hatch-{HATCHES[verdict]})" {place}/>')
        before += n
    return "".join(parts)


def _eights(sha256: str) -> list[str]:
    text = str(sha256)
    return [text[i : i + 8] for i in range(0, len(text), 8)]


def _fresh(used: float | None) -> str:
    if used is None:
        return "idle"
    return "fail" if used >= 1 else "soon" if used >= 0.75 else "pass"


def _time(moment: datetime, said: str) -> SafeString:
    utc = moment.astimezone(UTC)
    return mark_safe(  # noqa: S308
        f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}" title="{utc.day} {utc:%B %Y, %H:%M:%S} UTC">{said}</time>'
    )


def _relative(span: timedelta) -> str:
    """Whole minutes within a day, else nothing."""
    minutes = round(abs(span.total_seconds()) / 60)
    if minutes >= 24 * 60:
        return ""
    if minutes == 0:
        return "just now" if span <= timedelta() else "in less than a minute"
    hours, rest = divmod(minutes, 60)
    if span <= timedelta():
        return f"{hours} h ago" if hours else f"{rest} min ago"
    return "in " + " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))


def _dated(on: date, now: datetime) -> str:
    year = "" if on.year == timezone.localtime(now).year else f" {on.year}"
    return f"{on.day} {on:%b}{year}"


def _query(context: template.Context) -> QueryDict:
    request = context.get("request")
    return request.GET if request is not None else QueryDict()


def _replaced(context: template.Context, replacements: Mapping[str, Any]) -> str:
    query = _query(context).copy()
    if "page" not in replacements:
        query.pop("page", None)
    for name, value in replacements.items():
        several = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        said = [str(v) for v in several if v not in (None, "")]
        if said:
            query.setlist(name, said)
        else:
            query.pop(name, None)
    return "?" + query.urlencode()
