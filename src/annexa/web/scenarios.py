"""Risk scenarios: the catalogue by area, one scenario with its controls, and the scales risks are read on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.answers.material import Counted, ScenarioList, catalogue, scenario_list, scenario_page
from annexa.pure.registers.risks import RISKS
from annexa.pure.risk import Catalogue, MatrixScale, Scenario, level
from annexa.web.frame import actor, permitted
from annexa.web.library import AREA_WORDS, known
from annexa.web.narrowing import facet

LEVEL_WORDS: Mapping[str, Any] = {"organisation": later("The organisation"), "system": later("Each AI system")}
PROPOSED_ON = "5x5"
"""The scale on which scenarios state their likelihood and impact."""


@require_safe
@known
def risks(request: HttpRequest) -> HttpResponse:
    """The scenarios by area, narrowed by facets; long lists of assets and tags are chosen from."""
    chosen = {name: request.GET.get(name, "") for name in request.GET}
    found = scenario_list(actor=actor(request), now=timezone.now(), chosen=chosen)
    context = {
        "found": found,
        "facets": [
            facet(request, _("Area"), "area", found.facets["area"], lambda one: str(AREA_WORDS.get(one, one))),
            facet(request, _("Happens to"), "level", found.facets["level"], lambda one: str(LEVEL_WORDS.get(one, one))),
        ],
        "lists": _lists(found, chosen),
        "kept": [(name, chosen[name]) for name in ("area", "level") if chosen.get(name)],
        "areas": [
            (word, [(one, rating(found.catalogue, one)) for one in found.scenarios if one.area == area])
            for area, word in AREA_WORDS.items()
            if any(one.area == area for one in found.scenarios)
        ],
    }
    return render(request, "library/risks.html", context)


def _lists(found: ScenarioList, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """Facets with too many values for links: name, title, and their values as options."""
    titles = {one.key: one.title for one in found.catalogue.taxonomies.values()}
    tags = {tag.id: tag.title for one in found.catalogue.taxonomies.values() for tag in one.tags.values()}
    return [
        {"name": name, "title": title, "options": _options(found.facets[name], chosen.get(name, ""), tags)}
        for name, title in {"asset": _("Asset"), **titles}.items()
    ]


def _options(counted: Counted, now: str, titles: Mapping[str, str]) -> list[tuple[str, str, int, bool]]:
    """Value, label, how many it leaves, whether it is chosen; what is chosen is there even if it leaves nothing."""
    values = dict(sorted(counted)) | ({now: 0} if now and now not in dict(counted) else {})
    return [(one, f"{one} {titles.get(one, '')}".strip(), count, one == now) for one, count in values.items()]


def rating(found: Catalogue, scenario: Scenario) -> str:
    """What likelihood and impact of a scenario come to on the scale they are stated on."""
    return level(found.scales[PROPOSED_ON], scenario.likelihood, scenario.impact).title


@require_safe
@known
def risk(request: HttpRequest, scenario: str) -> HttpResponse:
    """One scenario: what happens, whom it harms, what acts against it and how that stands in the organisation."""
    page = scenario_page(actor=actor(request), now=timezone.now(), scenario=scenario)
    one = page.scenario
    scale = page.catalogue.scales[PROPOSED_ON]
    steps: dict[str, Any] = {}
    if isinstance(scale, MatrixScale):
        steps = {"likelihood": scale.likelihood[one.likelihood - 1], "impact": scale.impact[one.impact - 1]}
    context = {
        "page": page,
        "area": AREA_WORDS[one.area],
        "rated": level(scale, one.likelihood, one.impact),
        "draft": draft(one) if permitted(request, RISKS.change) else "",
        **steps,
        "tags": [
            (taxonomy, [taxonomy.tags[tag] for tag in one.tags[taxonomy.id]])
            for taxonomy in page.catalogue.taxonomies.values()
            if one.tags.get(taxonomy.id)
        ],
    }
    return render(request, "library/risk.html", context)


def draft(one: Scenario) -> str:
    """The form of a new risk in which the scenario stands already."""
    values: dict[str, Any] = {
        "name": one.title,
        "area": one.area,
        "scenario": one.id,
        "threat": one.threat,
        "weakness": one.weakness,
        **{f"harm_to_{who}": what for who, what in one.consequence.items()},
        "likelihood": one.likelihood,
        "impact": one.impact,
        "rated_because": one.because,
        "controls": one.controls,
    }
    return f"{reverse('record-add', args=[RISKS])}?{urlencode(values, doseq=True)}"


@require_safe
@known
def scales(request: HttpRequest) -> HttpResponse:
    """The scales: steps of likelihood and impact, the matrix, and who may accept which level."""
    found = catalogue(actor=actor(request), now=timezone.now())
    matrices = [
        (
            scale,
            [
                (step, [_titles(scale)[one] for one in row])
                for step, row in reversed(list(zip(scale.likelihood, scale.rows, strict=True)))
            ],
        )
        for scale in found.scales.values()
        if isinstance(scale, MatrixScale)
    ]
    quantities = [
        (scale, {one.id: one.title for one in scale.levels}[scale.ruin_level], 100 * scale.ruin_share)
        for scale in found.scales.values()
        if not isinstance(scale, MatrixScale)
    ]
    return render(request, "library/scales.html", {"matrices": matrices, "quantities": quantities})


def _titles(scale: MatrixScale) -> dict[str, str]:
    return {one.id: one.title for one in scale.levels}


urls = [
    path("library/risks", risks, name="library-risks"),
    path("library/risks/scales", scales, name="library-scales"),
    path("library/risks/<str:scenario>", risk, name="library-risk"),
]
