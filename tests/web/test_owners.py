"""Who answers for controls is named on their page, or for several at once in the catalogue."""

from annexa.actions.systems import add_system
from annexa.records.ownerships import Ownership
from tests.web.test_today import system


def test_an_owner_is_named_on_the_page_of_a_control(client, admin, kim) -> None:
    client.force_login(admin)
    page = client.get("/controls/GOV-01").content.decode()
    assert "Name an owner" in page
    assert 'action="/owners?from=control"' in page
    answer = client.post("/owners?from=control", {"control": "GOV-01", "owner": str(kim.pk)})
    assert (answer.status_code, answer["Location"]) == (303, "/controls/GOV-01#owner")
    after = client.get("/controls/GOV-01").content.decode()
    assert "Kim Lee answers for 1 control" in after
    assert "Hand over" in after


def test_handing_over_wants_a_reason_and_nobody_is_a_choice(client, admin, kim) -> None:
    client.force_login(admin)
    client.post("/owners?from=control", {"control": "GOV-01", "owner": str(kim.pk)})
    refused = client.post("/owners?from=control", {"control": "GOV-01", "owner": str(admin.pk)})
    assert refused.status_code == 422
    assert "Say why GOV-01 changes hands" in refused.content.decode()
    client.post("/owners?from=control", {"control": "GOV-01", "owner": "nobody", "because": "Kim left"})
    page = client.get("/controls/GOV-01").content.decode()
    assert "Nobody: Kim left" in page
    assert "Nobody answers for 1 control any more" in page


def test_several_are_chosen_in_the_catalogue(client, admin, kim) -> None:
    client.force_login(admin)
    page = client.get("/controls?q=GOV").content.decode()
    assert 'class="pick" type="checkbox" name="control" value="GOV-01"' in page
    assert 'action="/owners?q=GOV"' in page
    answer = client.post("/owners?q=GOV", {"control": ["GOV-01", "GOV-02"], "owner": str(kim.pk)})
    assert (answer.status_code, answer["Location"]) == (303, "/controls?q=GOV")
    assert sorted(Ownership.objects.values_list("control", "owner")) == [("GOV-01", kim.pk), ("GOV-02", kim.pk)]
    found = client.get("/controls?q=kim+lee").content.decode()
    assert "GOV-02" in found
    assert "GOV-03" not in found


def test_nothing_chosen_and_nobody_like_that_is_said(client, admin, kim) -> None:
    client.force_login(admin)
    assert "Choose at least one control" in client.post("/owners", {"owner": str(kim.pk)}).content.decode()
    assert "Choose a person" in client.post("/owners", {"control": "GOV-01"}).content.decode()
    assert client.post("/owners", {"control": "GOV-01", "owner": "9999"}).status_code == 422
    assert client.post("/owners", {"control": "NOT-01", "owner": str(kim.pk)}).status_code == 404
    assert client.get("/owners").status_code == 303
    assert not Ownership.objects.exists()


def test_in_a_system_its_owner_answers_until_somebody_is_named(client, admin, actor, kim, now) -> None:
    add_system(actor=actor, facts=system("Alpha", owner="kim@example.org", roles=("provider",)), now=now)
    client.force_login(admin)
    page = client.get("/controls/LIF-03?scope=alpha").content.decode()
    assert "as the owner of this AI system" in page
    answer = client.post("/owners?from=control&scope=alpha", {"control": "LIF-03", "owner": str(admin.pk)})
    assert answer["Location"] == "/controls/LIF-03?scope=alpha#owner"
    assert "as the owner of this AI system" not in client.get("/controls/LIF-03?scope=alpha").content.decode()


def test_an_auditor_sees_owners_and_names_none(client, noor, kim) -> None:
    client.force_login(noor)
    assert "Name an owner" not in client.get("/controls/GOV-01").content.decode()
    assert 'class="pick"' not in client.get("/controls").content.decode()
    assert client.post("/owners", {"control": "GOV-01", "owner": str(kim.pk)}).status_code == 403
    assert not Ownership.objects.exists()


def test_strangers_sign_in_first(client, organisation) -> None:
    assert client.post("/owners", {"control": "GOV-01"}).status_code == 302
