"""The stylesheet and scripts are small, served for ever under honest names, and readable in both themes."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
from pathlib import Path

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from annexa.web import assets
from annexa.web.assets import AssetError, asset, asset_url

WEB = Path(assets.__file__).parent
CSS = sorted((WEB / "static" / "css").glob("*.css"))
NAMES = ("annexa.css", "htmx.min.js", "keys.js", "copy.js", "mark.svg")

SURFACES = ("canvas", "sheet", "sunken", "raised", "hover", "chosen", "wash")
SOFT = ("good-soft", "part-soft", "warn-soft", "bad-soft", "void-soft", "open-soft")
VERDICTS = ("good", "part", "warn", "bad", "void", "open")
# ink, at least, on these grounds
READABLE = [
    *[(ink, 4.5, (*SURFACES, *SOFT)) for ink in ("ink", "soft", "faint")],
    ("accent", 4.5, SURFACES),
    ("bad", 4.5, ("sheet", "raised", "sunken", "hover", "bad-soft")),
    ("good", 4.5, ("sheet", "sunken")),
    ("on-ink", 4.5, ("ink", "bad")),
    ("firm", 3.0, SURFACES),
    *[(v, 3.0, ("sheet", "raised", "sunken", "hover", "chosen", f"{v}-soft")) for v in VERDICTS],
]


def served(name: str, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/", headers=headers)
    return asset(request, asset_url(name).removeprefix(assets.PREFIX))


@pytest.mark.parametrize("name", NAMES)
def test_it_works(name: str) -> None:
    """A page's address leads to the bytes its digest names, for a year."""
    response = served(name)
    digest = hashlib.sha256(response.content).hexdigest()[:12]
    stem, _, extension = name.rpartition(".")
    assert asset_url(name) == f"/static/{stem}-{digest}.{extension}"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert response.headers["Content-Type"] == assets.KINDS[extension]
    assert "Content-Encoding" not in response.headers


def test_packs_for_who_can_unpack() -> None:
    """Most of a first visit is this file; it travels small."""
    plain, packed = served("annexa.css"), served("annexa.css", accept_encoding="br, gzip;q=0.8")
    assert gzip.decompress(packed.content) == plain.content
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    refused = served("annexa.css", accept_encoding="gzip;q=0")
    assert refused.content == plain.content


def test_says_unchanged() -> None:
    """A browser that has it is told so, and nothing is sent."""
    etag = served("keys.js").headers["ETag"]
    again = served("keys.js", if_none_match=etag)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["annexa.css", "annexa-000000000000.css", "../settings.py", "style.py"])
def test_refuses_what_is_not_of_this_release(name: str) -> None:
    """Only exact names are served: no folder is walked, no old digest is answered with new bytes."""
    with pytest.raises(Http404):
        asset(RequestFactory().get("/"), name)


def test_refuses_to_be_written() -> None:
    """Assets are read."""
    name = asset_url("annexa.css").removeprefix(assets.PREFIX)
    assert asset(RequestFactory().post("/"), name).status_code == 405


def test_an_unknown_name_in_a_template_says_what_there_is() -> None:
    """A slip in a template is found when it is rendered, not by a visitor."""
    with pytest.raises(AssetError, match=r"annexa\.css"):
        asset_url("annexa.scss")


def test_budget() -> None:
    """The face stays small: 40 KiB of style, 8 KB a script."""
    assert len(assets.stylesheet()) < 40 * 1024
    for script in (WEB / "static" / "js").glob("*.js"):
        assert script.stat().st_size < 8000, script.name


def test_every_part_is_served_once_and_layers_come_first() -> None:
    """A file nobody lists would silently do nothing."""
    assert assets.CSS_ORDER[0] == "layers"
    apart = assets.SPECIMENS.removesuffix(".css")
    assert sorted((*assets.CSS_ORDER, apart)) == sorted(part.stem for part in CSS)
    assert asset_url(assets.SPECIMENS)
    assert assets.stylesheet().startswith(b"@layer reset,tokens,base,layout,components,utilities;")


@pytest.mark.parametrize("part", [p for p in CSS if p.stem != "layers"], ids=lambda p: p.stem)
def test_a_part_keeps_the_rules(part: Path) -> None:
    """One layer a file; colours only in the tokens; no force; nothing nested deeper than two."""
    text = re.sub(r"/\*.*?\*/", "", part.read_text("utf-8"), flags=re.DOTALL)
    assert len(re.findall(r"@layer \w+ \{", text)) == 1
    assert text.startswith("@layer ")
    assert "!important" not in text
    assert text.count("{") == text.count("}")
    if part.stem != "tokens":
        assert not re.search(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(", text)
    assert _deepest(text) <= 3  # the rule itself and two within


@pytest.mark.parametrize(("ink", "least", "grounds"), READABLE, ids=lambda x: str(x) if isinstance(x, str) else "")
def test_readable_in_both_themes(ink: str, least: float, grounds: tuple[str, ...]) -> None:
    """Source: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (marks and borders of fields 3:1)."""
    tokens = _luminances()
    for ground in grounds:
        for theme, (a, b) in enumerate(zip(tokens[ink], tokens[ground], strict=True)):
            ratio = (max(a, b) + 0.05) / (min(a, b) + 0.05)
            assert ratio >= least, f"{ink} on {ground}, {('light', 'dark')[theme]}: {ratio:.2f}"


def _deepest(text: str) -> int:
    """How many rules stand inside each other, not counting at-rules."""
    stack: list[bool] = []
    deepest = 0
    for match in re.finditer(r"([^{};]*)\{|\}", text):
        if match.group() == "}":
            stack.pop()
        else:
            stack.append(not match.group(1).strip().startswith("@"))
            deepest = max(deepest, sum(stack))
    return deepest


def _luminances() -> dict[str, tuple[float, float]]:
    text = (WEB / "static" / "css" / "tokens.css").read_text("utf-8")
    found = re.findall(r"--([\w-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\)", text)
    return {name: (_luminance(light), _luminance(dark)) for name, light, dark in found}


def _luminance(oklch: str) -> float:
    """Relative luminance of an oklch() colour, clipped to sRGB."""
    lightness, chroma, hue = map(float, oklch.split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    parts = [min(1.0, max(0.0, part)) for part in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
