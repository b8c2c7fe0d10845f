"""The portfolio says where the gaps are, group by group, with the numbers of the systems' own pages."""

from datetime import timedelta

import pytest
from django.urls import reverse

from annexa.actions.controls import adopt_control
from annexa.actions.evidence import add_evidence
from annexa.actions.systems import add_system, change_system
from annexa.answers.errors import UnknownError
from annexa.answers.portfolio import portfolio_page
from annexa.answers.posture import standpoint
from annexa.library.load import library
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict
from annexa.records.systems import AiSystem
from tests.web.test_today import system


@pytest.fixture
def three(organisation, actor, now):
    """Three systems of two classes."""
    for name, classes in (("Alpha", ("high-risk",)), ("Beta", ("high-risk",)), ("Gamma", ())):
        facts = system(name, owner="Mei Tanaka", roles=("provider",), classes=classes)
        add_system(actor=actor, facts=facts, now=now)


def agrees(actor: Actor, now) -> None:
    """Every sum of the page is the sum of the postures of its systems."""
    page = portfolio_page(actor=actor, now=now, grouping="risk")
    stand = standpoint(actor=actor, now=now)
    classes = dict(AiSystem.objects.values_list("slug", "risk_class"))
    assert page.cells == sum(sum(counts.values()) for counts in page.counts.values())
    for cell in page.total.cells:  # the bars count what the cells count
        counts = page.counts[cell.framework]
        assert cell.met == counts[Verdict.MET]
        assert cell.applicable == sum(counts.values()) - counts[Verdict.NOT_APPLICABLE]
    for row in page.rows:
        members = [slug for slug, risk in classes.items() if risk == row.value and slug in stand.engine.systems]
        assert row.systems == len(members)
        for cell in row.cells:
            postures = [stand.posture(cell.framework, slug) for slug in members]
            assert cell.met == sum(one.counts[Verdict.MET] for one in postures)
            assert cell.applicable == sum(one.applicable for one in postures)


def test_it_works(client, admin, three) -> None:
    client.force_login(admin)
    shown = client.get(reverse("portfolio"))
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "High risk" in text
    assert 'href="/systems?risk=high-risk"' in text
    assert "Unclassified" in text


def test_its_sums_are_those_of_the_systems_also_after_each_change(three, actor, admin, now) -> None:
    agrees(actor, now)
    control = next(c for c in library().controls.values() if c.level == "system" and c.expectations[0].max_age)
    adopt_control(actor=actor, person=admin, control=control.id, state="implemented", now=now)
    agrees(actor, now + timedelta(minutes=1))
    for expectation in control.expectations:
        if expectation.max_age:
            add_evidence(
                actor=actor, person=admin, control=control.id, expectation=expectation.id, file=b"report",
                name="report.txt", limit_bytes=1000, scope="alpha", now=now + timedelta(minutes=2),
            )  # fmt: skip
    agrees(actor, now + timedelta(minutes=3))
    found = AiSystem.objects.get(slug="beta")
    facts = system("Beta", owner="Mei Tanaka", roles=("deployer",), classes=("minimal",))
    change_system(actor=actor, slug="beta", facts=facts, seen=found.changed_at, now=now + timedelta(minutes=4))
    agrees(actor, now + timedelta(minutes=5))
    agrees(actor, now + timedelta(days=400))


@pytest.mark.parametrize("by", ["unit", "stage", "owner", "supplier"])
def test_it_gathers_by(client, admin, three, by) -> None:
    client.force_login(admin)
    assert client.get(reverse("portfolio"), {"by": by}).status_code == 200


def test_other_groupings_are_404_and_strangers_sign_in(client, admin, three, now) -> None:
    assert client.get(reverse("portfolio")).status_code == 302
    client.force_login(admin)
    assert client.get(reverse("portfolio"), {"by": "colour"}).status_code == 404
    with pytest.raises(UnknownError):
        portfolio_page(actor=Actor(id="x", name="X", role="nobody"), now=now)


def test_an_empty_register_says_so(client, admin, organisation) -> None:
    client.force_login(admin)
    assert "No AI system is in use" in client.get(reverse("portfolio")).content.decode()


def test_a_past_date_has_what_was_known_then(three, actor, now) -> None:
    assert portfolio_page(actor=actor, now=now, at=now - timedelta(days=1)).systems == 0
