"""The stylesheet, the scripts and the mark that every page needs, served by Annexa itself under names that never lie.

There is no build step: the parts are put together once, when the process starts. A name carries the digest of its
bytes, so a browser may keep it for a year and a new release is seen at once.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

PREFIX = "/static/"
FOREVER = "public, max-age=31536000, immutable"
STYLESHEET = "annexa.css"
HTMX = "htmx.min.js"

# The order decides which rule wins inside a layer; a file that is not named here is not served (a test asks).
CSS_ORDER = (
    "layers", "reset", "tokens", "base", "frame", "columns",
    "line", "panel", "topbar", "places", "search", "account", "masthead",
    "button", "field", "segmented", "verdict", "verdict-bar", "legend", "standing",
    "tag", "risk", "person", "match", "digest", "waiting", "decide", "feed",
    "register", "facets", "selection", "pages", "tabs", "index", "menu",
    "passport", "asof", "proof", "clauses", "unfold", "freshness", "path", "chart", "monitor", "timeline", "merkle",
    "checks", "crossing", "notice", "toast", "dialog", "empty", "loading", "revision", "stamp",
    "utilities", "print",
)  # fmt: skip

SPECIMENS = "specimen.css"
"""What only the style page has, in a file of its own that no other page fetches."""

KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}

# The package has shipped htmx under both names; the second major version is the one the pages are written for.
HTMX_PATHS = ("static/django_htmx/htmx-2.min.js", "static/django_htmx/htmx.min.js")


class AssetError(Exception):
    """A page asks for a stylesheet, script or picture that this release does not contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file a browser fetches: its bytes, plain and packed, and the name that changes when they do."""

    name: str  # as a template asks for it: "annexa.css"
    served: str  # as a browser asks for it: "annexa-0123456789ab.css"
    kind: str
    body: bytes
    packed: bytes  # gzip

    @property
    def url(self) -> str:
        """Where a page points."""
        return PREFIX + self.served


def asset_url(name: str) -> str:
    """The address of a stylesheet, script or picture, with the digest of its bytes in it."""
    try:
        return _by_name()[name].url
    except KeyError:
        known = ", ".join(sorted(_by_name()))
        raise AssetError(f"No asset is called {name!r}. There are: {known}.") from None


@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponse:
    """Hands a browser one stylesheet, script or picture, to be kept for a year. Unknown or outdated names are 404."""
    found = _by_served().get(name)
    if found is None:
        raise Http404("This file is not part of this release.")
    packs = _accepts_gzip(request.headers.get("Accept-Encoding", ""))
    body = found.packed if packs else found.body
    etag = f'"{found.served}{"-gzip" if packs else ""}"'
    fresh = etag in request.headers.get("If-None-Match", "")
    response = HttpResponse(status=304) if fresh else HttpResponse(body, content_type=found.kind)
    if fresh:
        del response.headers["Content-Type"]
    else:
        response.headers["Content-Length"] = str(len(body))
    if packs and not fresh:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = FOREVER
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _accepts_gzip(header: str) -> bool:
    for part in header.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";")
        if coding in {"gzip", "*"}:
            return weight not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


@cache
def _by_name() -> dict[str, Asset]:
    return {found.name: found for found in _all()}


@cache
def _by_served() -> dict[str, Asset]:
    return {found.served: found for found in _by_name().values()}


def _all() -> Iterator[Asset]:
    static = files("annexa.web") / "static"
    yield _asset(STYLESHEET, stylesheet())
    yield _asset(SPECIMENS, stylesheet((SPECIMENS.removesuffix(".css"),)))
    yield _asset(HTMX, _htmx())
    for folder in (static, static / "js"):
        for part in folder.iterdir():
            if part.name.endswith((".js", ".svg")):
                yield _asset(part.name, part.read_bytes())


def _asset(name: str, body: bytes) -> Asset:
    stem, _, extension = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(
        name=name,
        served=f"{stem}-{digest}.{extension}",
        kind=KINDS[extension],
        body=body,
        packed=gzip.compress(body, 9, mtime=0),
    )


def stylesheet(parts: Sequence[str] = CSS_ORDER) -> bytes:
    """The whole face as one file: its parts in the declared order, without comments and needless blanks."""
    folder = files("annexa.web") / "static" / "css"
    text = "".join((folder / f"{part}.css").read_text("utf-8") for part in parts)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*([{};])\s*", r"\1", text)
    text = re.sub(r"([:,]) +", r"\1", text).replace(";}", "}").strip()
    return _without_seams(text).encode()


def _without_seams(text: str) -> str:
    """The same with parts of one layer that follow each other in one block."""
    found: list[str] = []
    depth, layer = 0, ""
    for piece in re.split(r"(@layer [a-z]+\{|[{}])", text):
        opens = piece.endswith("{")
        if depth == 0 and opens:
            if piece == layer and found[-1] == "}":
                found.pop()
                depth = 1
                continue
            layer = piece
        depth += 1 if opens else -1 if piece == "}" else 0
        if piece:
            found.append(piece)
    return "".join(found)


def _htmx() -> bytes:
    package = files("django_htmx")
    for path in HTMX_PATHS:
        part: Traversable = package.joinpath(path)
        if part.is_file():
            return part.read_bytes()
    raise AssetError("The installed django-htmx does not contain htmx 2. Install django-htmx 1.23 or later.")
