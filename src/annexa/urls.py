"""Every address of the product, from its faces."""

from django.urls import path

from annexa.api import health, public_ledger
from annexa.web import (
    account,
    assets,
    checklists,
    controls,
    courses,
    frameworks,
    imports,
    ledger,
    libraries,
    library,
    mappings,
    obligations,
    policies,
    portfolio,
    requirements,
    scenarios,
    search,
    start,
    style,
    systems,
    today,
)

urlpatterns = [
    path("assets/<str:name>", assets.asset, name="asset"),
    path("style", style.style, name="style"),
    *health.urls,
    *public_ledger.urls,
    *start.urls,
    *account.urls,
    *today.urls,
    *imports.urls,
    *portfolio.urls,
    *systems.urls,
    *libraries.urls,
    *frameworks.urls,
    *obligations.urls,
    *requirements.urls,
    *library.urls,
    *policies.urls,
    *courses.urls,
    *scenarios.urls,
    *checklists.urls,
    *mappings.urls,
    *controls.urls,
    *ledger.urls,
    *search.urls,
]
