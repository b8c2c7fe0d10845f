"""Upload, preview, import: everything is shown before anything is done, and only to who may."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.actions.people import add_person
from annexa.actions.systems import add_system
from annexa.answers.store import blobs
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import LedgerEntry
from annexa.records.systems import AiSystem
from annexa.web.imports import _spans

CSV = "Name,Status,Agency,Bureau,Go live,Remarks\nChatbot,live,HHS,FDA,1/2/2026,größe\nTriage,,HHS,,,\n"


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


def upload(client, data: bytes = CSV.encode("cp1252"), name: str = "inventory.csv"):
    return client.post("/systems/import", {"file": SimpleUploadedFile(name, data)})


def take(client, url: str, **headers: str):
    """Presses the button of the preview at this address."""
    seen = re.search(r'name="seen" value="(\w+)"', client.get(url).content.decode())
    assert seen
    return client.post(url, {"seen": seen[1]}, headers=headers)


def test_it_works(signed_in) -> None:
    assert "at most 50 MiB" in signed_in.get("/systems/import").content.decode()
    response = upload(signed_in)
    assert response.status_code == 303
    page = signed_in.get(response.url).content.decode()
    for text in ("CSV, separated by comma", "cp1252", "Line 2 is not UTF-8", "As guessed: Agency + Bureau",
                 "2 rows", "Import 2 systems", "Chatbot", "organisation and part of it, joined"):  # fmt: skip
        assert text in page
    assert not AiSystem.objects.exists()
    done = take(signed_in, response.url)
    assert (done.status_code, done.url) == (303, "/systems?sort=-changed")
    assert AiSystem.objects.get(slug="chatbot").unit == "HHS / FDA"
    entry = LedgerEntry.objects.order_by("-position").first()
    page = signed_in.get(done.url).content.decode()
    assert f'<a href="/ledger/{entry.position}">' in page
    assert "2 added, 0 updated, 0 unchanged" in page


def test_again_there_is_nothing_to_import(signed_in) -> None:
    url = upload(signed_in).url
    take(signed_in, url)
    size = LedgerEntry.objects.count()
    page = signed_in.get(url).content.decode()
    assert "Everything in the file is in the register already" in page
    assert "disabled" in page
    assert take(signed_in, url).status_code == 303
    assert LedgerEntry.objects.count() == size


def test_the_address_says_how_the_file_is_read(signed_in) -> None:
    url = upload(signed_in).url
    response = signed_in.get(f"{url}?c.purpose=5&c.stage=-&c.name=0&dates=day&encoding=latin-1&c.unit=99")
    facts = response.context["rows"][0][0].facts
    assert (facts.purpose, facts.stage, str(facts.deployed_on)) == ("größe", "", "2026-02-01")
    assert response.context["planned"].table.encoding == "latin-1"
    take(signed_in, f"{url}?c.purpose=5")
    assert AiSystem.objects.get(slug="chatbot").purpose == "größe"


def test_an_encoding_that_does_not_fit_is_told(signed_in) -> None:
    response = signed_in.get(upload(signed_in).url + "?encoding=utf-8")
    assert response.status_code == 422
    assert "is not utf-8" in response.content.decode()


def test_different_problems_are_told_apart_and_paged(signed_in) -> None:
    rows = "\n".join(f"System {i},flying {i}" for i in range(120))
    url = upload(signed_in, f"Name,Stage\n{rows}\n".encode()).url
    response = signed_in.get(url)
    assert (response.context["problems"], len(response.context["page"].object_list)) == (120, 50)
    last = signed_in.get(f"{url}?page=3").context["page"].object_list
    assert (last[-1].count, last[-1].rows) == (1, "121")


def test_rows_are_told_in_few_words() -> None:
    assert _spans([0, 0]) == ""
    assert _spans([9, 3, 4, 5, 9, 1200]) == "3–5, 9, 1,200"
    assert _spans(range(1, 30, 2)) == "1, 3, 5, 7, 9, 11, …"


def test_every_problem_is_listed_and_nothing_can_be_imported(signed_in) -> None:
    rows = "\n".join(f"System {i},flying" for i in range(120))
    url = upload(signed_in, f"Name,Stage\nFine,live\n{rows}\n".encode()).url
    response = signed_in.get(url)
    page = response.content.decode()
    assert "120 problems have to be put right first" in page
    assert re.search(r'id="take" disabled', page)
    (told,) = response.context["page"].object_list
    assert (told.column, told.count, told.rows) == ("Stage", 120, "3–122")
    assert take(signed_in, url).status_code == 422
    assert not AiSystem.objects.exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG picture"),
        (b"", "is empty"),
        (b"PK\x03\x04 not a zip", "broken"),
        (b"only a heading", "no rows"),
    ],
)
def test_what_is_no_table_is_not_kept(signed_in, data, sentence) -> None:
    response = upload(signed_in, data)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_no_file_at_all(signed_in) -> None:
    response = signed_in.post("/systems/import")
    assert (response.status_code, "Choose a file." in response.content.decode()) == (422, True)


def test_a_file_above_the_limit_is_refused(signed_in, settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024
    response = upload(signed_in, b"name\n" + b"x" * (1024 * 1024))
    assert response.status_code == 422
    assert "at most 1 MiB are taken" in response.content.decode()
    assert "at most 1 MiB." in response.content.decode()


def test_nobody_reads_other_bytes_of_the_vault(signed_in) -> None:
    secret = blobs().put(b"Name\nSecret\n", limit_bytes=1000).sha256
    assert signed_in.get(f"/systems/import/{secret}").status_code == 404
    token = upload(signed_in).url.rpartition("/")[2]
    assert signed_in.get(f"/systems/import/{token[:-2]}xx").status_code == 404


def test_a_hostile_file_name_is_only_text(signed_in) -> None:
    response = upload(signed_in, name="../../<img src=x>.csv")
    page = signed_in.get(response.url).content.decode()
    assert "<img" not in page
    assert "../" not in page


def test_a_register_that_changed_since_the_preview_is_shown_anew(signed_in, actor, now) -> None:
    url = upload(signed_in).url
    seen = signed_in.get(url).context["planned"].mark
    add_system(actor=actor, facts=SystemFacts(name="Chatbot", unit="HHS / FDA"), now=now)
    response = signed_in.post(url, {"seen": seen})
    assert response.status_code == 409
    assert "Nothing was imported; look at it again" in response.content.decode()
    assert AiSystem.objects.count() == 1
    swapped = signed_in.post(url, {"seen": seen}, headers={"HX-Request": "true"})
    assert swapped.headers["HX-Redirect"] == url


def test_htmx_is_led_to_the_register(signed_in) -> None:
    response = take(signed_in, upload(signed_in).url, **{"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/systems?sort=-changed"


def test_an_auditor_imports_nothing(signed_in, client, actor, now) -> None:
    url = upload(signed_in).url
    person = add_person(actor=actor, email="o@example.org", name="Otto", role="auditor", password=None, now=now)
    client.force_login(person)
    for response in (client.get("/systems/import"), upload(client), client.get(url), client.post(url, {"seen": "x"})):
        assert response.status_code == 403
        assert "Otto may not import systems" in response.content.decode()
    assert not AiSystem.objects.exists()


@pytest.mark.slow
def test_the_federal_inventory_through_the_pages(signed_in, federal_inventory) -> None:
    url = upload(signed_in, federal_inventory.read_bytes(), federal_inventory.name).url
    response = signed_in.get(url)
    assert "Import 2,133 systems" in response.content.decode()
    assert len(response.content) < 150_000
    assert take(signed_in, url).status_code == 303
    assert AiSystem.objects.count() == 2133
