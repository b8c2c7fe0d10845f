"""What docs/api.md tells people to type works, and leaves no noun out."""

import re
import shlex
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annexa.api.nouns import NOUNS
from annexa.api.shapes import now
from tests.api.test_nouns import fine
from tests.house.test_docs import blocks, text_of

pytestmark = pytest.mark.django_db


def examples() -> list[str]:
    """Every line of the guide that calls the API."""
    return [line for block in blocks(text_of("docs/api.md")) for line in block.splitlines() if line.startswith("curl ")]


@pytest.fixture
def chat_ltd(admin) -> None:
    """The supplier that the guide speaks of."""
    fine(admin("POST", "suppliers", {"name": "Chat Ltd", "systems": ["chatbot"]}), 201)


@pytest.fixture
def consoles(program) -> None:
    """The exception that the guide speaks of, as an owner asks for it."""
    told = {
        "name": "Consoles", "controls": ["ACC-02"], "why": "Faults", "instead": "Door log",
        "owner": "owner@example.org", "asked_by": "owner@example.org",
        "until": (now() + timedelta(days=90)).date().isoformat(),
    }  # fmt: skip
    fine(program("owner")("POST", "exceptions", told), 201)


@pytest.mark.parametrize("line", examples())
def test_every_example_works(admin, house, chat_ltd, consoles, line) -> None:
    """Rule: an example can be copied. Read as curl reads it: -X, -H, -d, -F and the address."""
    told = {"TOKEN": admin.text, "ANNEXA": "/api/v1", "ETAG": '"none"', "PERSON": str(house["owner"].pk)}
    if "$ETAG" in line:
        address = shlex.split(line)[-1].removeprefix("$ANNEXA/").removesuffix("/answers")
        address = address.replace("$PERSON", told["PERSON"])
        told["ETAG"] = admin("GET", address).headers["ETag"].replace('"', '\\"')
    words = shlex.split(re.sub(r"\$(\w+)", lambda found: told[found[1]], line))[1:]
    method, headers, data, form = "GET", {}, None, {}
    *options, address = words
    for option, value in zip(options[::2], options[1::2], strict=True):
        if option == "-X":
            method = value
        elif option == "-H":
            name, _, said = value.partition(": ")
            headers[name] = said
        elif option == "-d":
            data = value
        elif option == "-F":
            name, _, said = value.partition("=")
            form[name] = SimpleUploadedFile(said[1:], b"The bytes of the file") if said.startswith("@") else said
    client = Client()
    if form:
        answer = client.post(address, form, headers=headers)
    elif data is not None:
        kind = headers.pop("Content-Type")
        answer = client.generic(
            "POST" if method == "GET" else method, address, data, content_type=kind, headers=headers
        )
    else:
        answer = client.generic(method, address, headers=headers)
    assert answer.status_code in {200, 201}, answer.content


def test_no_noun_is_left_out() -> None:
    """Rule: every noun of the API has a section with an example."""
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text_of("docs/api.md"), flags=re.MULTILINE | re.DOTALL))
    for noun in NOUNS:
        title = noun.__name__.rpartition(".")[2].capitalize()
        section = sections.get(title) or sections[f"The {title.lower()}"]
        assert "    curl " in section, title
