"""What pages are made of: every state has its shape and its word, nothing is unescaped, links keep the filters."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import path

from annexa.web import style
from annexa.web.templatetags import face
from annexa.web.templatetags.face import FaceError

TEMPLATES = Path(style.__file__).parent / "templates"
OWN = [
    TEMPLATES / "base.html",
    TEMPLATES / "bare.html",
    *(TEMPLATES / "components").glob("*.html"),
    *(TEMPLATES / "style").glob("*.html"),
]
SPRITE = (TEMPLATES / "components" / "sprite.html").read_text("utf-8")
NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
SHA = "9f2c4b7ae1083d55c0ffee1122334455a0b1c2d3e4f5061728394a5b6c7d71ae"


def nowhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


# The addresses the base layout needs; pages bring their own.
urlpatterns = [
    path(name, nowhere, name=name) for name in ("theme", "mail", "second-factors", "people", "tokens", "sign-out")
]


def known(request: HttpRequest) -> dict[str, Any]:
    """What the product's own context processor gives to every page."""
    items = [
        {"label": "AI systems", "url": "/systems", "icon": "systems", "count": 2133, "waits": False, "current": True},
        {"label": "Findings", "url": "/findings", "icon": "findings", "count": 7, "waits": True, "current": False},
        {"label": "Ledger", "url": "/ledger", "icon": "ledger", "count": None, "waits": False, "current": False},
    ]
    return {
        "organisation": "Meridian <Public> Services",
        "actor": {"name": "Ines Okafor", "initials": "IO", "role": "Compliance lead"},
        "places": [{"title": "Inventory", "items": items}],
        "theme": request.GET.get("theme", "system"),
        "demo": True,
    }


@pytest.fixture
def alone(settings: Any) -> None:
    """The face without the rest of the product."""
    settings.ROOT_URLCONF = __name__
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request", f"{__name__}.known"]},
        }
    ]


def show(text: str, query: str = "", **values: Any) -> str:
    request = RequestFactory().get("/" + query)
    return Template("{% load face %}" + text).render(Context({"request": request, "now": NOW, **values}))


# --- the whole page -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alone")
def test_it_works() -> None:
    """The style page shows every component inside the real layout."""
    html = style.style(RequestFactory().get("/style?risk=high-risk")).content.decode()
    assert html.count("<h1>") == 1
    assert html.count("<main") == 1
    assert "<title>Components · Annexa</title>" in html
    assert "Meridian &lt;Public&gt; Services" in html
    assert 'href="/systems" data-place="systems" aria-current="page"' in html
    assert '<span class="count">2,133</span>' in html
    assert '<span class="count waits">7<span class="unseen"> waiting</span></span>' in html
    assert len(html.encode()) < 150_000


@pytest.mark.usefixtures("alone")
def test_a_page_obeys_its_security_policy() -> None:
    """The policy allows no inline style, script or handler, and nothing from elsewhere."""
    html = style.style(RequestFactory().get("/style")).content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


@pytest.mark.usefixtures("alone")
def test_every_shape_and_label_is_there() -> None:
    """Nothing is drawn from a symbol that is missing, no id stands twice, every label finds its field."""
    html = style.style(RequestFactory().get("/style")).content.decode()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    for pattern in (
        r'<use href="#([^"]+)"',
        r"url\(#([^)]+)\)",
        r'<label[^>]* for="([^"]+)"',
        r'aria-(?:describedby|labelledby)="([^" ]+)',
    ):
        assert set(re.findall(pattern, html)) <= set(ids), pattern


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_a_chosen_theme_is_on_the_page(theme: str) -> None:
    """The choice is written by the server, so nothing flashes."""
    html = style.style(RequestFactory().get(f"/style?theme={theme}")).content.decode()
    assert f'data-theme="{theme}"' in html
    assert re.search(rf'value="{theme}" id="theme-{theme}" checked', html)
    assert html.count(" checked>") >= 1


@pytest.mark.parametrize("file", OWN, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_template_stays_small_and_clean(file: Path) -> None:
    """Under sixty lines, no inline style or script."""
    text = file.read_text("utf-8")
    assert len(text.splitlines()) < 60
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*src=)", text)


def test_the_sprite_has_every_mark_icon_and_hatch() -> None:
    """A mark that is not drawn would leave only its colour."""
    drawn = set(re.findall(r'id="([^"]+)"', SPRITE))
    needed = {f"m-{look.shape}" for look in face.LOOKS.values()}
    needed |= {f"i-{name}" for name in face.ICONS} | {f"hatch-{name}" for name in face.HATCHES.values()}
    assert drawn == needed


# --- marks and verdicts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verdict", "colour", "word"), [(v, look.colour, look.word) for v, look in face.LOOKS.items()])
def test_a_verdict_is_shape_and_word(verdict: str, colour: str, word: str) -> None:
    """Never colour alone."""
    html = show("{% verdict v %}", v=verdict)
    assert html.startswith(f'<span class="verdict" data-v="{colour}"><svg class="mark"')
    assert 'aria-hidden="true"' in html
    assert html.endswith(f"{word}</span>")


def test_a_verdict_leads_to_its_proof() -> None:
    """With an address it is a link, sealed or judged as asked."""
    html = show("{% verdict 'at risk' judged=True seal=True href=to %}", to="/proof?a=1&b=2")
    assert html.startswith('<a class="verdict seal judged" data-v="at-risk" href="/proof?a=1&amp;b=2">')


def test_a_mark_alone_says_its_word() -> None:
    """In a heat map there is no room for the word, but it is heard."""
    assert 'role="img"><title>Not applicable</title>' in show("{% mark 'not applicable' alone=True %}")


@pytest.mark.parametrize(
    "text",
    [
        "{% verdict 'green' %}",
        "{% mark '' %}",
        "{% icon 'rocket' %}",
        "{% risk 'huge' %}",
        "{% freshness 0.5 'green' %}",
        "{% verdict_bar counts %}",
    ],
)
def test_refuses_words_it_does_not_know(text: str) -> None:
    """A misspelt verdict must not become a grey mark."""
    with pytest.raises(FaceError, match=r"met|icon|risk class|Freshness|bar"):
        show(text, counts={"green": 1})


def test_a_bar_fills_its_width_and_says_its_numbers() -> None:
    """The sentence carries what the line shows; what is none is not drawn."""
    counts = {"unmet": 1, "met": 2, "partial": 1, "uncovered": 0}
    html = show("{% verdict_bar counts thin=True label='NIS2' %}", counts=counts)
    assert 'class="verdict-bar thin" role="img" aria-label="NIS2: 2 met, 1 partial, 1 unmet"' in html
    rects = re.findall(r'<rect data-v="([\w-]+)" x="([\d.]+)%" width="([\d.]+)%"', html)
    assert rects == [("met", "0.00", "50.00"), ("partial", "50.00", "25.00"), ("unmet", "75.00", "25.00")]
    assert 'aria-label="nothing to judge"' in show("{% verdict_bar counts %}", counts={})


def test_a_legend_leads_to_the_rows_it_counts() -> None:
    """Every number leads to its proof."""
    html = show("{% legend counts query='verdict' %}", "?unit=health&page=4", counts={"at risk": 1203})
    assert 'href="?unit=health&amp;verdict=at-risk"' in html
    assert "<b>1,203</b> at risk" in html


# --- values ---------------------------------------------------------------------------------------------------------


def test_a_digest_is_short_and_copies_whole() -> None:
    """Four and four digits are enough to recognise; comparing needs all of them."""
    html = show("{% digest sha %}", sha=SHA)
    assert "9f2c…71ae" in html
    assert f'data-copy="{SHA}"' in html
    assert 'aria-label="Copy digest 9f2c…71ae"' in html
    assert show("{% digest '' %}") == ""


def test_a_long_digest_marks_what_differs() -> None:
    """The eye is led to the group that is not the same."""
    other = SHA[:8] + "00000000" + SHA[16:]
    html = show("{% digest_long sha other %}", sha=SHA, other=other)
    assert html.count("<mark>") == 1
    assert f"<mark>{SHA[8:16]}</mark>" in html
    assert "<mark>" not in show("{% digest_long sha %}", sha=SHA)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(), "just now"),
        (timedelta(minutes=-12), "12 min ago"),
        (timedelta(hours=-3, minutes=-10), "3 h ago"),
        (timedelta(hours=5, minutes=12), "in 5 h 12 min"),
        (timedelta(hours=2), "in 2 h"),
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(days=7), "27 Nov"),
        (timedelta(days=-1), "19 Nov"),
        (timedelta(days=102), "2 Mar 2027"),
    ],
)
def test_when(span: timedelta, said: str) -> None:
    """Relative within a day, else the date, with the year if it is not this one."""
    html = show("{% when moment now %}", moment=NOW + span)
    assert html.endswith(f">{said}</time>")


def test_when_carries_the_exact_time() -> None:
    """An auditor needs the second and the zone."""
    html = show("{% when moment now %}", moment=NOW)
    assert html == '<time datetime="2026-11-20T09:40:00Z" title="20 November 2026, 09:40:00 UTC">just now</time>'
    assert show("{% when moment now %}", moment=None) == ""


def test_when_refuses_a_time_without_a_zone() -> None:
    """A time nobody can place is not shown."""
    with pytest.raises(FaceError, match="no time zone"):
        show("{% when moment now %}", moment=NOW.replace(tzinfo=None))


def test_a_sentence_says_its_dates_as_a_day_does() -> None:
    said = show("{{ said|dated }}", said="<b>Binds</b> from 2031-12-02, not 2031-02-30.")
    assert said == '&lt;b&gt;Binds&lt;/b&gt; from <time datetime="2031-12-02">2 Dec 2031</time>, not 2031-02-30.'


def test_a_bar_is_of_what_applies() -> None:
    """Rule: beside "10 of 18 met" the bar is of the 18; the sentence keeps what does not apply."""
    said = show("{% verdict_bar counts %}", counts={"met": 10, "unmet": 10, "not applicable": 480})
    assert 'x="0.00%" width="50.00%"' in said
    assert 'data-v="na"' not in said
    assert "480 not applicable" in said


def test_day() -> None:
    """Dates as people say them."""
    assert show("{% day on now %}", on=date(2026, 11, 27)) == '<time datetime="2026-11-27">27 Nov</time>'
    assert show("{% day on now %}", on=date(2027, 12, 2)).endswith(">2 Dec 2027</time>")
    assert show("{% day on now %}", on=None) == ""


def test_person_is_escaped_and_never_only_initials() -> None:
    """Names come from people."""
    assert show("{% person 'Mei Tanaka' %}") == '<span class="person" data-initials="MT">Mei Tanaka</span>'
    assert "&lt;b&gt;" in show("{% person name %}", name="<b>")
    assert show("{% person '' %}") == '<span class="person unowned">No owner</span>'
    assert face.initials("Anna-Lena de Vries") == "AV"


@pytest.mark.parametrize(
    ("risk", "word", "filled"),
    [
        ("prohibited", "Prohibited", 4),
        ("high-risk", "High risk", 3),
        ("transparency", "Transparency", 2),
        ("minimal", "Minimal", 1),
        ("", "Unclassified", 0),
    ],
)
def test_risk_is_steps_and_a_word(risk: str, word: str, filled: int) -> None:
    """A class is not a verdict and takes none of its colours."""
    html = show("{% risk r %}", r=risk)
    assert html.endswith(f"{word}</span>")
    assert html.count('class="on"') == filled


@pytest.mark.parametrize(
    ("used", "state", "width"),
    [(0.08, "pass", "8%"), (0.92, "soon", "92%"), (1.4, "fail", "100%"), (None, "idle", "0%")],
)
def test_freshness(used: float | None, state: str, width: str) -> None:
    """Green while there is time, amber in the last quarter, red once it has expired."""
    assert f'<rect data-v="{state}" width="{width}"' in show("{% freshness used %}", used=used)


def test_number() -> None:
    """Thousands are separated; nothing stays nothing."""
    assert show("{% number n %}", n=1234567) == "1,234,567"
    assert show("{% number n %}", n=None) == ""


# --- finding one's way ----------------------------------------------------------------------------------------------


def test_crumbs() -> None:
    """The way back, and where this page stands."""
    html = show("{% crumbs 'Frameworks' '/frameworks' title %}", title="A & B")
    assert '<li><a href="/frameworks">Frameworks</a></li><li aria-current="page">A &amp; B</li>' in html


def test_links_keep_the_filters_and_return_to_the_first_page() -> None:
    """Another filter on page seven would show an empty page."""
    query = "?risk=high&risk=low&q=a%26b&page=7"
    assert show("{% query_replace sort='name' %}", query) == "?risk=high&amp;risk=low&amp;q=a%26b&amp;sort=name"
    assert show("{% query_replace page=8 %}", query).endswith("q=a%26b&amp;page=8")
    assert show("{% query_replace risk='' q='' %}", query) == "?"
    assert show("{% query_replace risk=several q=None %}", query, several=["x", "y"]) == "?risk=x&amp;risk=y"
    assert show("{% query_without risk='low' %}", query) == "?risk=high&amp;q=a%26b"


def test_a_column_turns_its_order_round() -> None:
    """The sorted column says so to eyes and ears."""
    assert show("{% sort_head 'Name' 'name' default=True %}") == (
        '<th scope="col" aria-sort="ascending"><a href="?sort=-name">Name ↑</a></th>'
    )
    assert 'aria-sort="descending"><a href="?sort=name">Name ↓' in show("{% sort_head 'Name' 'name' %}", "?sort=-name")
    assert (
        show("{% sort_head 'Gain' 'gain' num=True %}")
        == '<th scope="col" class="num"><a href="?sort=gain">Gain</a></th>'
    )


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "1 minute"), (30, "30 minutes"), (60, "1 hour"), (90, "90 minutes"), (2160, "36 hours"), (4320, "3 days")],
)
def test_a_span_in_the_largest_unit_that_holds_it(minutes: int, said: str) -> None:
    assert face.lasting(minutes) == said
