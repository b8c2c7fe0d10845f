"""The library in force is shown with its history; another one is looked at first and taken up on purpose."""

import re
from collections import OrderedDict

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annexa.actions.libraries import import_files, keep_library
from annexa.answers.libraries import active_library, own_files
from annexa.library.load import library, load
from annexa.library.reader import shipped
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from tests.actions.test_libraries import BROKEN, COVERED, FILES, HOUSE


@pytest.fixture
def signed_in(client, admin):
    """The administrator's browser."""
    client.force_login(admin)
    return client


@pytest.fixture
def auditor(client, organisation, actor, now):
    """An auditor's browser."""
    from annexa.actions.people import add_person

    person = add_person(actor=actor, email="ola@example.org", name="Ola Berg", role="auditor", password=None, now=now)
    assert isinstance(person, Person)
    client.force_login(person)
    return client


def upload(client, data: bytes, name: str = "house-rules.toml"):
    return client.post(reverse("library-in-force"), {"file": SimpleUploadedFile(name, data)})


def test_it_works(signed_in) -> None:
    shown = signed_in.get(reverse("library-in-force")).content.decode()
    assert library().version[:12] in shown
    assert "None: everything in force is as Annexa ships it" in shown
    assert "A newer library waits" not in shown


def test_a_file_is_looked_at_before_it_is_taken_over(signed_in) -> None:
    sent = upload(signed_in, HOUSE)
    assert sent.status_code == 303
    shown = signed_in.get(sent["Location"]).content.decode()
    assert "Nothing has changed yet" in shown
    assert shown.count("Uncovered") == 2
    assert own_files() == {}
    done = signed_in.post(sent["Location"], {"because": "Customers ask"})
    assert (done.status_code, done["Location"]) == (303, reverse("library-in-force"))
    assert list(own_files()) == ["frameworks/house-rules.toml"]
    after = signed_in.get(reverse("library-in-force")).content.decode()
    assert "Customers ask" in after
    assert "frameworks/house-rules.toml" in after


def test_everything_wrong_is_said_and_nothing_changes(signed_in) -> None:
    sent = upload(signed_in, BROKEN)
    found = signed_in.get(sent["Location"])
    assert found.status_code == 422
    shown = found.content.decode()
    assert "titel is not a known key" in shown
    assert "occurs twice" in shown
    assert "Nothing was changed." in shown
    assert signed_in.post(sent["Location"], {"because": ""}).status_code == 422
    assert active_library() is library()


@pytest.mark.parametrize("data", [b"\x00\xff\xfe", b"", b"{", b"- [", b"%PDF-1.7"])
def test_what_is_no_library_is_refused_without_a_traceback(signed_in, data) -> None:
    sent = upload(signed_in, data, "x.bin")
    found = signed_in.get(sent["Location"]) if sent.status_code == 303 else sent
    assert found.status_code == 422


def test_a_framework_that_is_taken_gets_another_id(signed_in) -> None:
    from annexa.adapters.catalogs.rows import framework_csv

    csv = framework_csv(library().frameworks["nis2"])
    data = csv if isinstance(csv, bytes) else csv.encode()
    sent = upload(signed_in, data.replace(b"Art.20", b"Art.920"), "nis2.csv")
    assert "in the library already" in signed_in.get(sent["Location"]).content.decode()
    again = f"{sent['Location']}?id=our-nis2"
    assert signed_in.get(again).status_code == 200
    assert signed_in.post(again, {"because": ""}).status_code == 303
    assert "our-nis2" in active_library().frameworks


def test_an_own_file_is_withdrawn_with_a_reason(signed_in, actor, now) -> None:
    import_files(actor=actor, files=FILES, now=now)
    sent = signed_in.post(
        reverse("library-withdraw"), {"name": "frameworks/house-rules.toml", "because": "Customer gone"}
    )
    assert sent.status_code == 422
    assert "house-rules" in sent.content.decode()
    for name in ("coverage/house-rules.toml", "frameworks/house-rules.toml"):
        sent = signed_in.post(reverse("library-withdraw"), {"name": name, "because": "Customer gone"})
        assert sent.status_code == 303
    assert own_files() == {}


def test_a_newer_library_waits_and_is_taken_up(signed_in, monkeypatch) -> None:
    keep_library()
    files = {name: data for name, data in shipped().items() if "us-co-sb24-205" not in name}
    newer = load(files)
    for place in ("annexa.answers.libraries", "annexa.actions.libraries"):
        monkeypatch.setattr(f"{place}.shipped", lambda: files)
        monkeypatch.setattr(f"{place}.library", lambda: newer)
    assert "A newer library waits" in signed_in.get(reverse("library-in-force")).content.decode()
    shown = signed_in.get(reverse("library-upgrade")).content.decode()
    assert "Colorado SB 24-205" in shown
    assert signed_in.post(reverse("library-upgrade"), {"because": "Repealed"}).status_code == 303
    assert "us-co-sb24-205" not in active_library().frameworks
    assert signed_in.get(reverse("library-upgrade")).status_code == 303


def test_frameworks_are_chosen_in_order(signed_in) -> None:
    url = reverse("frameworks-choose")
    shown = signed_in.get(url).content.decode()
    assert len(re.findall(r'name="frameworks" [^>]* checked>', shown)) == 4
    chosen = {"frameworks": ["gdpr", "nis2"], "place-gdpr": "2", "place-nis2": "1", "because": ""}
    assert signed_in.post(url, chosen).status_code == 303
    assert Organisation.objects.get().frameworks == ["nis2", "gdpr"]
    assert signed_in.post(url, {"frameworks": []}).status_code == 422
    assert signed_in.post(url, chosen).status_code == 422


def test_an_auditor_sees_it_and_changes_nothing(auditor) -> None:
    shown = auditor.get(reverse("library-in-force"))
    assert shown.status_code == 200
    assert "Look at the file" not in shown.content.decode()
    assert upload(auditor, HOUSE).status_code == 403
    assert auditor.get(reverse("library-upgrade")).status_code == 403
    assert auditor.post(reverse("library-withdraw"), {"name": "x", "because": "y"}).status_code == 403
    assert auditor.post(reverse("frameworks-choose"), {"frameworks": ["gdpr"]}).status_code == 403


def test_a_library_that_is_gone_is_said_in_a_sentence(signed_in, monkeypatch) -> None:
    other = load({name: data for name, data in shipped().items() if "us-co-sb24-205" not in name})
    monkeypatch.setattr("annexa.answers.libraries._loaded", OrderedDict())
    monkeypatch.setattr("annexa.answers.libraries.library", lambda: other)
    found = signed_in.get(reverse("frameworks"))
    assert found.status_code == 503
    assert "Restore the vault from a backup" in found.content.decode()


def test_nobody_makes_up_the_address_of_an_upload(signed_in) -> None:
    assert signed_in.get(reverse("library-import", args=["made-up"])).status_code == 404
    assert COVERED not in own_files().values()


def test_a_file_that_is_in_force_already_offers_nothing_to_take_up(signed_in) -> None:
    sent = upload(signed_in, shipped()["frameworks/nis2.toml"], "nis2.toml")
    shown = signed_in.get(sent["Location"]).content.decode()
    assert "There is nothing to take up" in shown
    assert "Take up this library" not in shown


def test_frameworks_of_one_title_are_told_apart(signed_in) -> None:
    shown = signed_in.get(reverse("frameworks-choose")).content.decode()
    assert '<span class="sub">iso42001-2023, ISO/IEC' in shown
