"""Markdown as people write policies with it, read into plain values: no HTML, nothing but text reaches a page.

Headings, paragraphs, lists, quotes, code, tables, rules; within them strong, emphasis, code and links to http, https,
or mailto. What is none of that is text, angle brackets included.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Style = Literal["", "strong", "em", "code"]
_SPAN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<tick>`+)(?P<code>.+?)(?P=tick)(?!`)|\*\*(?P<strong>[^*]+)\*\*|__(?P<strong2>[^_]+)__"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*]*)\*|(?<!\w)_(?P<em2>[^_\s][^_]*)_(?!\w)"
    r"|\[(?P<said>[^\]]+)\]\((?P<url>(?:https?://|mailto:)[^\s)]+)\)"
)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_ITEM = re.compile(r"(?P<sign>[-*+]|\d{1,9}[.)])\s+(?P<text>.*)")
_RULE = re.compile(r"(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}")
_DIVIDER = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of a line: its text, how it is set, and where it leads ("" nowhere)."""

    text: str
    style: Style = ""
    url: str = ""


Spans = tuple[Span, ...]
BlockKind = Literal["heading", "paragraph", "items", "numbered", "quote", "code", "table", "rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a text. `level` of a heading, from 1. `lines`: its paragraphs, items or rows of cells, by kind."""

    kind: BlockKind
    level: int = 0
    text: str = ""
    spans: Spans = ()
    lines: tuple[Spans, ...] = ()
    head: tuple[Spans, ...] = ()
    rows: tuple[tuple[Spans, ...], ...] = ()


def read_markdown(text: str) -> tuple[Block, ...]:
    """A text as blocks, in order. Any text can be read."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    return tuple(_blocks(lines))


def spans_of(text: str) -> Spans:
    """A line as pieces; neighbours without style are one."""
    found: list[Span] = []
    at = 0

    def plain(said: str) -> None:
        if said and found and not (found[-1].style or found[-1].url):
            found[-1] = Span(text=found[-1].text + said)
        elif said:
            found.append(Span(text=said))

    for match in _SPAN.finditer(text):
        plain(text[at : match.start()])
        at = match.end()
        if match["escaped"]:
            plain(match["escaped"])
        elif match["code"]:
            found.append(Span(text=match["code"].strip(), style="code"))
        elif match["url"]:
            found.append(Span(text=match["said"], url=match["url"]))
        elif strong := match["strong"] or match["strong2"]:
            found.append(Span(text=_unescaped(strong), style="strong"))
        else:
            found.append(Span(text=_unescaped(match["em"] or match["em2"]), style="em"))
    plain(text[at:])
    return tuple(found)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if not line:
            at += 1
        elif line.startswith("```"):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip().startswith("```")), len(lines))
            yield Block(kind="code", text="\n".join(lines[at + 1 : end]))
            at = end + 1
        elif heading := _HEADING.fullmatch(line):
            yield Block(kind="heading", level=len(heading[1]), spans=spans_of(heading[2]))
            at += 1
        elif _RULE.fullmatch(line):
            yield Block(kind="rule")
            at += 1
        elif "|" in line and at + 1 < len(lines) and "|" in lines[at + 1] and _DIVIDER.fullmatch(lines[at + 1].strip()):
            end = _end(lines, at + 2, lambda one: "|" in one)
            rows = tuple(_cells(one) for one in lines[at + 2 : end])
            yield Block(kind="table", head=_cells(lines[at]), rows=rows)
            at = end
        elif line.startswith(">"):
            end = _end(lines, at, lambda one: one.startswith(">"))
            yield Block(kind="quote", spans=spans_of(" ".join(one.strip()[1:].strip() for one in lines[at:end])))
            at = end
        elif item := _ITEM.fullmatch(line):
            at, block = _items(lines, at, numbered=item["sign"][0].isdigit())
            yield block
        else:
            end = _end(lines, at + 1, lambda one: not _begins(one))
            yield Block(kind="paragraph", spans=spans_of(" ".join(one.strip() for one in lines[at:end])))
            at = end


def _begins(line: str) -> bool:
    """Whether a line begins a block of its own, so that the paragraph before it ends."""
    return bool(
        line.startswith(("```", ">")) or _HEADING.fullmatch(line) or _RULE.fullmatch(line) or _ITEM.fullmatch(line)
    )


def _items(lines: list[str], at: int, *, numbered: bool) -> tuple[int, Block]:
    """A list from a line on: items of one kind, each with the lines that go on indented."""
    found: list[str] = []
    while at < len(lines) and lines[at].strip():
        item = _ITEM.fullmatch(lines[at].strip())
        if item and item["sign"][0].isdigit() == numbered:
            found.append(item["text"])
        elif item is None and lines[at][:1] == " " and found:
            found[-1] += f" {lines[at].strip()}"
        else:
            break
        at += 1
    kind: BlockKind = "numbered" if numbered else "items"
    return at, Block(kind=kind, lines=tuple(spans_of(one) for one in found))


def _cells(line: str) -> tuple[Spans, ...]:
    return tuple(spans_of(cell.strip()) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")))


def _end(lines: list[str], at: int, goes_on: Callable[[str], bool]) -> int:
    while at < len(lines) and lines[at].strip() and goes_on(lines[at].strip()):
        at += 1
    return at
