"""The what-if page keeps everything in its address, shows the difference, and writes nothing."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annexa.answers.posture import standpoint
from annexa.pure.permits import ANNEXA
from annexa.pure.what_if import MOST
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.web.what_if import FORMS

EFFECTIVE = "control-effective~SUP-01"


@pytest.fixture
def page(client, small_house):
    """Asks for the page in the small house."""
    client.force_login(Person.objects.get(email="ada@example.org"))

    def ask(**query):
        return client.get(reverse("what-if"), query)

    return ask


def test_it_shows_the_difference_and_writes_nothing(page) -> None:
    size = LedgerEntry.objects.count()
    found = page(framework="iso27001-2022", suppose=EFFECTIVE)
    shown = found.content.decode()
    assert found.status_code == 200
    assert "SUP-01 Due diligence on suppliers is effective" in shown
    assert 'href="/frameworks/iso27001-2022/requirements/' in shown
    assert 'class="change"' in shown
    assert "Nothing is written." in shown
    assert shown.count('class="verdict-bar"') == 2
    assert LedgerEntry.objects.count() == size


def test_nothing_supposed_shows_where_we_stand(page) -> None:
    shown = page(framework="eu-ai-act").content.decode()
    assert shown.count('class="verdict-bar"') == 1
    assert "Verdicts that would move" not in shown


@pytest.mark.parametrize("form", FORMS)
def test_every_form_offers_its_fields(page, form) -> None:
    found = page(framework="iso27001-2022", form=form, suppose=EFFECTIVE)
    shown = found.content.decode()
    assert found.status_code == 200
    assert 'name="kind"' in shown
    assert f'<input type="hidden" name="suppose" value="{EFFECTIVE}">' in shown
    assert len(shown) < 150_000


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"kind": "control-lost", "control": "GOV-02", "system": ""}, "control-lost~GOV-02"),
        ({"kind": "evidence-withdrawn", "control": "LIF-03", "system": "credit-score"},
         "evidence-withdrawn~LIF-03~credit-score"),
        ({"kind": "system-reclassified", "system": "chatbot", "roles": "none", "classes": "high-risk",
          "high_risk_by": ""}, "system-reclassified~chatbot~none~high-risk"),
        ({"kind": "system-retired", "system": "chatbot", "roles": "", "classes": ""}, "system-retired~chatbot"),
        ({"kind": "system-added", "name": "Night tutor", "roles": "provider", "classes": "", "high_risk_by": ""},
         "system-added~night-tutor~Night tutor~provider"),
        ({"kind": "law-moved", "requirement": "eu-ai-act Art.26", "applies_from": "2027-12-02"},
         "law-moved~eu-ai-act~Art.26~2027-12-02"),
    ],
)  # fmt: skip
def test_what_the_form_says_goes_into_the_address(page, client, sent, word) -> None:
    found = page(framework="eu-ai-act", suppose=EFFECTIVE, **sent)
    assert found.status_code == 303
    there = client.get(found["Location"])
    assert there.status_code == 200
    assert there.wsgi_request.GET.getlist("suppose") == [EFFECTIVE, word]
    assert there.wsgi_request.GET["framework"] == "eu-ai-act"


def test_what_cannot_be_supposed_is_said_and_what_was_typed_is_kept(page) -> None:
    found = page(form="law", suppose=EFFECTIVE, kind="law-moved", requirement="eu-ai-act Art.26", applies_from="soon")
    shown = found.content.decode()
    assert found.status_code == 422
    assert "is not a date" in shown
    assert "SUP-01 Due diligence on suppliers is effective" in shown
    assert '<option value="eu-ai-act Art.26" selected>' in shown


def test_a_wrong_word_in_a_shared_address_is_left_out_and_told(page) -> None:
    found = page(suppose=["control-effective~ODD-99", EFFECTIVE])
    shown = found.content.decode()
    assert found.status_code == 200
    assert "there is no control &quot;ODD-99&quot;" in shown
    assert "Due diligence on suppliers is effective" in shown


def test_each_supposition_can_be_dropped(page) -> None:
    shown = page(framework="gdpr", suppose=[EFFECTIVE, "control-lost~GOV-02"]).content.decode()
    assert f'href="/what-if?framework=gdpr&amp;suppose={EFFECTIVE}"' in shown


def test_no_more_than_twenty_are_asked_for(page) -> None:
    words = [f"control-lost~GOV-02~{system}" for system in ("chatbot", "credit-score")]
    words += [f"law-moved~eu-ai-act~Art.26~2027-01-{day:02}" for day in range(1, MOST - 1)]
    shown = page(framework="eu-ai-act", suppose=words).content.decode()
    assert 'name="kind"' not in shown


def test_what_does_not_come_true_is_said(page) -> None:
    shown = page(suppose="control-effective~PHY-01").content.decode()
    assert "It stays not applicable" in shown
    assert "No verdict would move" in shown


def test_one_system_and_another_date_are_kept(page) -> None:
    shown = page(framework="eu-ai-act", scope="credit-score", at="2027-03-01", suppose=EFFECTIVE).content.decode()
    assert "What if in Credit score" in shown
    assert '<input type="hidden" name="at" value="2027-03-01">' in shown
    assert '<input type="hidden" name="scope" value="credit-score">' in shown


@pytest.mark.parametrize("query", [{"framework": "iso9"}, {"scope": "nowhere"}])
def test_what_there_is_not_is_404(page, query) -> None:
    assert page(**query).status_code == 404


def test_frameworks_and_controls_lead_here(page, client) -> None:
    assert 'href="/what-if?framework=eu-ai-act"' in client.get("/frameworks/eu-ai-act").content.decode()
    assert f'href="/what-if?suppose={EFFECTIVE}"' in client.get("/controls/SUP-01").content.decode()
    assert "What if it were effective" not in client.get("/controls/PHY-01").content.decode()


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page(suppose=EFFECTIVE)
    with django_assert_max_num_queries(14):
        page(suppose="control-lost~GOV-02")
    assert standpoint(actor=ANNEXA, now=timezone.now()).engine.systems


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.get("/what-if").status_code == 302
