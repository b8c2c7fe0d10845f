"""What a system did over time as charts: columns and lines by the hour or day, each with its numbers as a table."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annexa.answers.activity_parts import instant

if TYPE_CHECKING:
    from annexa.activity.query import Over, Span

MOST_OUTCOMES = 3
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a chart in per cent; `wrong`: the part of it that went wrong, `said`: what it is, for the pointer."""

    x: float
    width: float
    y: float
    height: float
    wrong_y: float
    wrong: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through the middles of its steps, in a square of 100; `dashed` tells a second one from the first."""

    points: str
    dashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: the sentence that says what it shows, its highest value, what is drawn, and the table behind it.

    `legend`: each word with how its key looks: "" a line, "dashed", "wrong".
    """

    id: str
    title: str
    finding: str
    top: str
    columns: tuple[Column, ...] = ()
    lines: tuple[Line, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    axis: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def charts_of(over: "Over", *, since: int, until: int, step: int) -> tuple[Chart, ...]:
    """Volume, latency, cost and what came of it, from `since` to `until` (microseconds, a whole number of steps)."""
    from annexa.activity.query import Span

    found = {one.start: one for one in over.spans}
    spans = [found.get(at, Span(start=at)) for at in range(since, until, step)]
    if not over.total.events or not spans:
        return ()
    words = _hour if step < DAY_US else _day
    axis = tuple(words(instant(spans[number].start)) for number in _ticks(len(spans)))
    made = [_volume(over, spans, words, axis), _latency(over, spans, words, axis)]
    if over.total.input_tokens or over.total.output_tokens or over.total.cost:
        made.append(_cost(over, spans, words, axis))
    if set(over.total.outcomes) - {"ok"}:
        made.append(_outcomes(over, spans, words, axis))
    return tuple(made)


Words = Callable[[datetime], str]


def _volume(over: "Over", spans: "Sequence[Span]", words: Words, axis: tuple[str, ...]) -> Chart:
    total = over.total
    share = f"{100 * total.errors / total.events:.1f}"
    return Chart(
        id="volume",
        title=_("Events"),
        finding=_("%(events)s events, %(errors)s of them went wrong (%(share)s %%).")
        % {"events": f"{total.events:,}", "errors": f"{total.errors:,}", "share": share}
        if total.errors
        else _("%(events)s events, none of them went wrong.") % {"events": f"{total.events:,}"},
        top=_number(max(one.events for one in spans)),
        columns=_columns([(one.events, one.errors) for one in spans], [words(instant(one.start)) for one in spans]),
        legend=((_("went wrong"), "wrong"),) if total.errors else (),
        axis=axis,
        head=(_("Events"), _("Went wrong")),
        rows=_rows(spans, words, lambda one: (f"{one.events:,}", f"{one.errors:,}")),
    )


def _latency(over: "Over", spans: "Sequence[Span]", words: Words, axis: tuple[str, ...]) -> Chart:
    total = over.total
    top = max((one.p95 or 0 for one in spans), default=0)
    return Chart(
        id="latency",
        title=_("Latency"),
        finding=_("Half took up to %(p50)s, 95 %% up to %(p95)s.") % {"p50": _time(total.p50), "p95": _time(total.p95)}
        if total.p50 is not None
        else _("No event says how long it took."),
        top=_time(top) if top else "",
        lines=(
            Line(points=_points([one.p50 for one in spans], top), dashed=False),
            Line(points=_points([one.p95 for one in spans], top), dashed=True),
        ),
        legend=((_("half up to"), ""), (_("95 % up to"), "dashed")),
        axis=axis,
        head=(_("Half up to"), _("95 % up to")),
        rows=_rows(spans, words, lambda one: (_time(one.p50), _time(one.p95))),
    )


def _cost(over: "Over", spans: "Sequence[Span]", words: Words, axis: tuple[str, ...]) -> Chart:
    total, currency = over.total, over.currency
    tokens = f"{total.input_tokens + total.output_tokens:,}"
    priced = bool(total.cost)
    values = [one.cost if priced else float(one.input_tokens + one.output_tokens) for one in spans]
    top = max(values)
    return Chart(
        id="cost",
        title=_("Cost") if priced else _("Tokens"),
        finding=_("%(cost)s %(currency)s for %(tokens)s tokens.")
        % {"cost": _money(total.cost), "currency": currency, "tokens": tokens}
        if priced
        else _("%(tokens)s tokens; no event says what it cost.") % {"tokens": tokens},
        top=(f"{_money(top)} {currency}" if priced else _number(int(top))) if top else "",
        columns=_columns([(one, 0) for one in values], [words(instant(one.start)) for one in spans]),
        axis=axis,
        head=(_("Cost"), _("Tokens in"), _("Tokens out")),
        rows=_rows(
            spans,
            words,
            lambda one: (f"{_money(one.cost)} {currency}", f"{one.input_tokens:,}", f"{one.output_tokens:,}"),
        ),
    )  # fmt: skip


def _outcomes(over: "Over", spans: "Sequence[Span]", words: Words, axis: tuple[str, ...]) -> Chart:
    """The outcomes other than ok, the most frequent ones; each in share of its step."""
    counts = {name: many for name, many in over.total.outcomes.items() if name != "ok"}
    names = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_OUTCOMES]
    shares = [
        [100 * one.outcomes.get(name, 0) / one.events if one.events else None for one in spans] for name in names[:2]
    ]
    top = max((value or 0 for line in shares for value in line), default=0)
    said = ", ".join(f"{name or _('not said')} {counts[name]:,}" for name in names)
    return Chart(
        id="outcomes",
        title=_("What came of it"),
        finding=_("ok %(ok)s, %(others)s.") % {"ok": f"{over.total.outcomes.get('ok', 0):,}", "others": said}
        if names
        else _("All went well."),
        top=f"{top:.0f} %" if top >= 1 else f"{top:.1g} %" if top else "",
        lines=tuple(Line(points=_points(line, top), dashed=number == 1) for number, line in enumerate(shares)),
        legend=tuple((name or _("not said"), "dashed" if number else "") for number, name in enumerate(names[:2])),
        axis=axis,
        head=("ok", *(name or _("not said") for name in names)),
        rows=_rows(spans, words, lambda one: tuple(f"{one.outcomes.get(name, 0):,}" for name in ("ok", *names))),
    )


def _columns(values: Sequence[tuple[float, float]], names: Sequence[str]) -> tuple[Column, ...]:
    top = max((one for one, _wrong in values), default=0) or 1
    width = 100 / len(values)
    return tuple(
        Column(
            x=round(number * width + width * 0.1, 3), width=round(width * 0.8, 3), y=round(100 - 100 * value / top, 3),
            height=round(100 * value / top, 3), wrong_y=round(100 - 100 * wrong / top, 3),
            wrong=round(100 * wrong / top, 3), said=f"{name}: {value:,.6g}",
        )
        for number, ((value, wrong), name) in enumerate(zip(values, names, strict=True))
        if value
    )  # fmt: skip


def _points(values: Sequence[float | None], top: float) -> str:
    """A path through what there is; it is broken where there is nothing."""
    path, pen = [], "M"
    for number, value in enumerate(values):
        if value is None or not top:
            pen = "M"
            continue
        x, y = 100 * (number + 0.5) / len(values), 100 - 100 * value / top
        path.append(f"{pen}{x:.2f} {y:.2f}" + (f"H{x + 0.01:.2f}" if pen == "M" else ""))
        pen = "L"
    return "".join(path)


def _rows(
    spans: "Sequence[Span]", words: Words, cells: "Callable[[Span], tuple[str, ...]]"
) -> tuple[tuple[str, ...], ...]:
    return tuple((words(instant(one.start)), *cells(one)) for one in spans if one.events)


def _ticks(many: int) -> list[int]:
    return sorted({0, many // 2, many - 1})


def _day(at: datetime) -> str:
    return date_format(at, "j M")


def _hour(at: datetime) -> str:
    return date_format(at, "j M H:i")


def _number(many: int) -> str:
    return f"{many:,}"


def _money(amount: float) -> str:
    """A sum with two decimals; below one, where these would say nothing, with three digits that count."""
    if amount and abs(amount) < 1:
        return f"{amount:.{2 - math.floor(math.log10(abs(amount)))}f}"
    return f"{amount:,.2f}"


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds / 1000:,.1f} s" if milliseconds >= 1000 else f"{milliseconds:,.0f} ms"


said_time = _time
