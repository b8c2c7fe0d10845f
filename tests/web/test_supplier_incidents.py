"""A supplier's page says what went wrong there and whether it told in time, to whom may know of it."""

from datetime import timedelta

import pytest

from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS
from annexa.pure.registers.suppliers import SUPPLIERS

PAGE = "/suppliers/parley"


@pytest.fixture
def supplier(admin, now):
    entry = SUPPLIERS.make({"name": "Parley", "notice_hours": 24})
    return add_record(actor=actor_of(admin), register=SUPPLIERS, entry=entry, now=now)


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


def record(admin, now, **values):
    entry = SUPPLIER_INCIDENTS.make({"name": "Leak", "supplier": "parley", **values})
    return add_record(actor=actor_of(admin), register=SUPPLIER_INCIDENTS, entry=entry, now=now)


def test_it_works(signed_in, supplier, admin, now) -> None:
    assert "None is on record." in signed_in.get(PAGE).content.decode()
    today = now.date()
    record(
        admin, now, name="Leak <b>one</b>", severity="high", known_on=today, told_on=today,
        learnt_on=today - timedelta(days=9),
    )  # fmt: skip
    record(
        admin, now, name="Old outage", severity="low", known_on=today, told_on=today, learnt_on=today, done="Mended",
        closed_on=today,
    )  # fmt: skip
    record(admin, now, name="Of another", supplier="")
    page = signed_in.get(PAGE).content.decode()
    section = page[page.index('id="incidents"') : page.index('id="facts"')]
    assert "1 open" in section
    assert section.index("Leak &lt;b&gt;one&lt;/b&gt;") < section.index("Old outage")
    assert section.index("told late") < section.index("Old outage") < section.index("told in time")
    assert "Of another" not in section
    assert '<a class="button quiet" href="/supplier-incidents/add?supplier=parley">' in section
    begun = signed_in.get("/supplier-incidents/add?supplier=parley").context["form"]
    assert begun.initial["supplier"] == "parley"
    assert "told late" in signed_in.get("/supplier-incidents/leak-b-one-b").content.decode()


def test_ended_ones_do_not_count_and_more_than_ten_are_listed_elsewhere(signed_in, supplier, admin, now) -> None:
    for number in range(12):
        record(admin, now, name=f"Leak {number}")
    record(admin, now, name="By mistake", ended_on=now.date())
    page = signed_in.get(PAGE)
    assert (len(page.context["incidents"]), page.context["incidents_all"]) == (10, 12)
    assert '<a href="/supplier-incidents?by=supplier&amp;to=parley">' in page.content.decode()
    listed = signed_in.get("/supplier-incidents?by=supplier&to=parley&size=50")
    assert len(listed.context["rows"]) == 12


def test_who_reads_only_is_not_asked_to_record_and_units_keep_theirs(client, supplier, admin, now) -> None:
    row = record(admin, now, unit="Retail")
    auditor = add_person(
        actor=ANNEXA, email="otto@example.org", name="Otto", role="auditor", password=None, now=now
    )  # fmt: skip
    client.force_login(auditor)
    page = client.get(PAGE).content.decode()
    assert "Leak" in page
    assert "Record an incident" not in page
    stranger = add_person(actor=ANNEXA, email="sam@example.org", name="Sam", role="member", password=None, now=now)
    client.force_login(stranger)
    assert client.get(PAGE).status_code == 404
    assert client.get(f"/supplier-incidents/{row.slug}").status_code == 404
