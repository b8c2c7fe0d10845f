"""`/scim/v2`: people and groups as a directory keeps them (RFC 7644). What it needs comes with the first request."""

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # only tokens are taken, never a session
def scim(request: HttpRequest, **where: str) -> HttpResponse:
    """Any address of the endpoint."""
    from annexa.api.scim_gate import answer

    return answer(request, where)


urls = [
    re_path(r"^scim/v2/(?P<kind>Users|Groups)/?$", scim, name="scim-list"),
    re_path(r"^scim/v2/(?P<kind>Users|Groups)/(?P<search>\.search)$", scim, name="scim-search"),
    re_path(r"^scim/v2/(?P<kind>Users|Groups)/(?P<key>[^/]+)$", scim, name="scim-one"),
    re_path(r"^scim/v2/(?P<about>ServiceProviderConfig|ResourceTypes|Schemas)/?$", scim, name="scim-about"),
    re_path(r"^scim/v2/(?P<about>ResourceTypes|Schemas)/(?P<key>[^/]+)$", scim, name="scim-about-one"),
    re_path(r"^scim/v2(?:/(?P<lost>[\s\S]*))?$", scim, name="scim"),
]
