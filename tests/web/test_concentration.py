"""The pages of concentration: counted, drawn, with a table behind, and nothing for who may not know of it."""

import pytest

from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def house(admin, now):
    for name in ("Bot", "Desk"):
        add_system(actor=actor_of(admin), facts=SystemFacts(name=name, classes=("high-risk",)), now=now)
    values = {"name": "Chat <b>Ltd</b>", "systems": ("bot",), "sub_processors": "Host <i>x</i>, NL", "tier": "critical"}
    return add_record(actor=actor_of(admin), register=SUPPLIERS, entry=SUPPLIERS.make(values), now=now).slug


def test_it_works(signed_in, house) -> None:
    page = signed_in.get("/concentration").content.decode()
    assert "<b>1</b> of 2 AI systems depend on <b>Chat &lt;b&gt;Ltd&lt;/b&gt;</b>" in page
    assert "One supplier carries more than 30 % of them" in page
    assert '<rect class="column" x="0" width="50.00%"' in page
    assert f'href="/concentration/{house}"' in page
    assert "Host &lt;i&gt;x&lt;/i&gt;" in page
    assert "One AI system depends on no supplier on record." in page
    assert page.count("above 30 %") == 2  # the supplier, and who stands behind it


def test_one_supplier(signed_in, house) -> None:
    page = signed_in.get(f"/concentration/{house}").content.decode()
    assert "<b>One</b> of 2 AI systems stops with it, 1 of them high-risk (50 %, above 30 %)" in page
    assert "Chat &lt;b&gt;Ltd&lt;/b&gt; supplies Bot" in page
    assert f'href="/concentration/{house}"' in signed_in.get(f"/suppliers/{house}").content.decode()
    assert 'href="/concentration"' in signed_in.get("/suppliers").content.decode()


def test_without_suppliers_it_says_what_to_do(signed_in, organisation) -> None:
    page = signed_in.get("/concentration").content.decode()
    assert "No AI system depends on a supplier on record." in page
    assert "Nothing depends on a supplier yet" in page
    assert '<svg class="plot"' not in page


def test_the_stranger_finds_nothing(client, house, now) -> None:
    stranger = add_person(actor=ANNEXA, email="sam@example.org", name="Sam", role="member", password=None, now=now)
    client.force_login(stranger)
    assert client.get("/concentration").status_code == 404
    assert client.get(f"/concentration/{house}").status_code == 404


def test_an_unknown_supplier_is_404(signed_in, organisation) -> None:
    assert signed_in.get("/concentration/ghost").status_code == 404
