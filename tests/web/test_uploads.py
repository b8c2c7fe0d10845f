"""Addresses of uploads: signed, each for what it was made for."""

import pytest
from django.core import signing
from django.http import Http404

from annexa.web.entering import DEVICE
from annexa.web.uploads import Upload


def test_an_address_for_one_purpose_is_none_for_another() -> None:
    """Rule: what was signed to look at systems opens nothing else, nor does what was signed for a browser."""
    made = Upload(what="systems", sha256="ab" * 32, name="systems.csv")
    assert Upload.of(made.token(), what="systems") == made
    browser = signing.dumps({"sha256": made.sha256, "name": made.name}, salt=DEVICE, compress=True)
    for token, what in ((made.token(), "libraries"), (browser, "systems"), (made.token()[:-1] + "x", "systems")):
        with pytest.raises(Http404):
            Upload.of(token, what=what)
