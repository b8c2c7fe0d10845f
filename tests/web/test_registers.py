"""The pages of every register: found, filtered, opened, changed, and refused to who may not."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.actions.registers import add_record, change_record, import_register
from annexa.actions.systems import add_system
from annexa.answers.actors import actor_of
from annexa.answers.register_files import plan_register
from annexa.pure.checks import BY_REGISTER
from annexa.pure.permits import ANNEXA, Permit, Place, knows, may
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from annexa.records.registers import TABLES
from annexa.web.record_forms import RecordForm
from annexa.web.registers import OWN
from tests.strategies.entries import required
from tests.web.test_access import WHO

every = pytest.mark.parametrize("register", REGISTERS.values(), ids=lambda one: one.noun)


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def three(actor, now) -> None:
    """Three assets, one of which has ended."""
    for values in (
        {"name": "Score model", "kind": "model", "unit": "Retail", "owner": "mei@example.org", "trained_on": ("loans",),
         "classification": "confidential", "purpose": "Ranks  <b>loans</b>"},
        {"name": "Old log", "kind": "monitoring log", "ended_on": now.date() - timedelta(days=3)},
        {"name": "Loans", "kind": "training dataset", "personal_data": "none", "unit": "Markets"},
    ):  # fmt: skip
        values = {**values, "trained_on": values.get("trained_on", ()) if TABLES["asset"].objects.exists() else ()}
        add_record(actor=actor, register=ASSETS, entry=ASSETS.make(values), now=now)


def minimal(register: Register, **more: object) -> dict[str, object]:
    """What a browser sends for a form in which only what is required was filled."""
    answers = {one.name: "unknown" for one in register.fields if one.kind == "answer"}
    return {**answers, **required(register), "name": "First one", **more}


def names(response) -> list[str]:
    return [line.row.name for line in response.context["rows"]]


# --- every register


@every
def test_it_works(signed_in, organisation, register) -> None:
    """Rule: from empty to listed, opened, changed and exported with nothing but the declaration."""
    empty = signed_in.get(f"/{register.plural}").content.decode()
    assert f"No {register.many} yet" in empty
    assert f'href="/{register.plural}/add"' in empty
    assert signed_in.get(f"/{register.plural}/add").status_code == 200
    made = signed_in.post(f"/{register.plural}/add", minimal(register))
    assert (made.status_code, made.url) == (303, f"/{register.plural}/first-one")
    page = signed_in.get(made.url)
    assert page.status_code == 200
    assert "Version 1" in page.content.decode()
    form = signed_in.get(f"{made.url}/edit").context["form"]
    more = {"seen": form["seen"].value(), "name": "Second name", "because": "Renamed"}
    changed = signed_in.post(f"{made.url}/edit", minimal(register, **more))
    assert (changed.status_code, changed.url) == (303, made.url)
    page = signed_in.get(made.url).content.decode()
    assert "Renamed" in page
    assert re.search("<del>First one</del>.*<ins>Second name</ins>", page)
    assert names(signed_in.get(f"/{register.plural}?q=SECOND")) == ["Second name"]
    for kind in ("csv", "xlsx", "json"):
        assert signed_in.get(f"/{register.plural}/export?format={kind}").status_code == 200


@every
def test_the_form_asks_everything_there_is_and_says_what_it_is_for(register, db) -> None:
    form = RecordForm(register, who=ANNEXA)
    assert set(form.fields) == {"seen", *register.field}
    asked = [one for group in form.asked_in_groups() for one in (*group.short, *group.long)]
    assert sorted(one.name for one in asked) == sorted(register.field)
    assert all(one.help_text for one in asked)


@every
def test_everything_that_is_wrong_is_said_at_once(signed_in, organisation, register) -> None:
    wrong = {one.name: "2026-02-31" for one in register.fields if one.kind == "date"}
    wrong |= {one.name: "ghost" for one in register.leading}
    response = signed_in.post(f"/{register.plural}/add", minimal(register, **wrong, name=" "))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"name", *wrong}
    page = response.content.decode()
    assert all(f'href="#id_{one}"' in page and f'id="id_{one}"' in page for one in ("name", *wrong))
    assert not TABLES[register.noun].objects.exists()


@every
def test_it_is_in_the_navigation_and_no_facet_is_called_as_an_address_is(signed_in, organisation, register) -> None:
    assert f'href="/{register.plural}"' in signed_in.get("/registers").content.decode()
    assert not OWN & {one.name for one in register.facets}


def _alike() -> dict[object, str]:
    """A register for each way in which it may say who sees and changes it."""
    found: dict[object, str] = {}
    for one in REGISTERS.values():
        found.setdefault((one.change, "unit" in one.field, one.open_to, tuple(one.seen_by.items())), one.noun)
    return found


@pytest.mark.parametrize(
    "register",
    [pytest.param(one, marks=() if one.noun in _alike().values() else pytest.mark.slow) for one in REGISTERS.values()],
    ids=lambda one: one.noun,
)
def test_only_who_may_gets_in(here, register) -> None:
    """Rule: whatever a register is, its pages let in who reads there, and its forms who may change it there."""
    for persona in WHO:
        client = here.client(persona)
        statuses = [
            client.get(f"/{register.plural}{rest}").status_code
            for rest in ("/chatbot", "/zanzibar-vault", "/chatbot/edit", "/zanzibar-vault/edit")
        ]
        assert statuses == _expected(here, persona, register), persona


def _expected(here, persona: str, register: Register) -> list[int]:
    if persona not in here.people:
        return [302] * 4
    who = actor_of(here.people[persona])
    places = [Place(unit=unit) if "unit" in register.field else Place() for unit in ("Retail", "Vaults")]
    open_here = bool(register.open_to) and isinstance(may(who, register.open_to), Permit)
    seen = [knows(who, places[0]) or open_here, knows(who, places[1]) and not register.open_to]
    may_change = [isinstance(may(who, register.change, place), Permit) for place in places]
    return [
        *(200 if one else 404 for one in seen),
        *(404 if not one else 200 if change else 403 for one, change in zip(seen, may_change, strict=True)),
    ]


def test_links_to_what_somebody_may_not_know_of_are_neither_told_nor_lost(here) -> None:
    client = here.client("unit owner")
    for where in ("/assets/chatbot", "/assets/chatbot/edit"):
        page = client.get(where).content.decode()
        assert "Chatbot" in page
        assert "zanzibar" not in page.lower()
    row = TABLES["asset"].objects.get(slug="chatbot")
    data = minimal(ASSETS, name="Chatbot", unit="Retail", seen=row.changed_at.isoformat(), systems=["chatbot"])
    assert client.post("/assets/chatbot/edit", data).status_code == 303
    row.refresh_from_db()
    assert (sorted(row.systems), row.purpose) == (["chatbot", "zanzibar-vault"], "")


# --- the list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Loans", "Score model"]),
        ("ended=1", ["Loans", "Old log", "Score model"]),
        ("unowned=1", ["Loans"]),
        ("unowned=1&ended=1", ["Loans", "Old log"]),
        ("q=RANKS+scor", ["Score model"]),
        ("kind=model&kind=training+dataset&unit=Retail", ["Score model"]),
        ("classification=", ["Loans"]),
        ("classification=&classification=confidential", ["Loans", "Score model"]),
        ("personal_data=none", ["Loans"]),
        ("by=trained_on&to=loans", []),
        ("sort=-name", ["Score model", "Loans"]),
        ("sort=owner", ["Loans", "Score model"]),
        ("sort=nonsense&page=-3&size=7&kind=dragon&by=name&to=x", ["Loans", "Score model"]),
        ("page=99999999", ["Loans", "Score model"]),
        ("q=%00%27%22%25_", []),
    ],
)
def test_filters_search_and_order(signed_in, three, query, found) -> None:
    response = signed_in.get(f"/assets?{query}")
    assert (response.status_code, names(response)) == (200, found)


def test_the_first_sentence_and_the_views_count(signed_in, three) -> None:
    response = signed_in.get("/assets")
    assert "2 assets</b>, one has no owner; one more has ended" in response.content.decode()
    assert [(tab.label, tab.count, tab.current) for tab in response.context["tabs"]] == [
        ("All", 2, True), ("No owner", 1, False), ("With ended", 3, False)
    ]  # fmt: skip


def test_filters_in_force_can_be_dropped(signed_in, three) -> None:
    response = signed_in.get("/assets?classification=&classification=public&q=a&page=1")
    dropped = {one.label: one.url for one in response.context["dropped"]}
    assert dropped["Classification: not given"] == "/assets?classification=public&q=a"
    assert dropped["Classification: public"] == "/assets?classification=&q=a"
    assert dropped["“a”"] == "/assets?classification=&classification=public"
    page = signed_in.get("/assets?q=nowhere").content.decode()
    assert "No asset matches" in page
    assert "Without the filters there are 3" in page


def test_htmx_gets_only_what_changes(signed_in, three) -> None:
    response = signed_in.get("/assets?kind=model", headers={"HX-Request": "true"})
    assert response.content.decode().startswith('<div id="register"')
    assert "HX-Request" in response.headers["Vary"]


def test_pages_of_25_50_and_100_and_units_that_fold(signed_in, organisation, actor, now) -> None:
    data = "Name,Kind,Unit\n" + "\n".join(f"Asset {i:03},model,Unit {i % 13:02}" for i in range(130))
    planned = plan_register(actor=actor, register=ASSETS, data=data.encode(), name="x.csv")
    import_register(actor=actor, planned=planned, now=now)
    response = signed_in.get("/assets")
    assert len(names(response)) == 25
    assert names(signed_in.get("/assets?page=2"))[0] == "Asset 025"
    assert len(names(signed_in.get("/assets?size=100&page=2"))) == 30
    units = next(one for one in response.context["filters"] if one.name == "unit")
    assert (len(units.options), units.more) == (8, 5)
    units = next(one for one in signed_in.get(units.more_url).context["filters"] if one.name == "unit")
    assert (len(units.options), units.more) == (13, 0)


def test_an_export_is_what_the_filter_leaves(signed_in, three) -> None:
    response = signed_in.get("/assets/export?format=json&kind=model")
    assert [one["Name"] for one in response.json()] == ["Score model"]
    assert "assets-" in response.headers["Content-Disposition"]


def test_a_card_leaves_out_what_is_not_given_but_says_that_nobody_owns_the_record(signed_in, three) -> None:
    """On a narrow screen a row is a card: every fact keeps its heading, and empty ones take no room."""
    shown = signed_in.get("/assets").content.decode()
    for line in re.findall(r"<tr>.*?</tr>", shown, re.S)[1:]:
        cells = re.findall(r"<td( [^>]*)>(.*?)</td>", line, re.S)
        assert {one for one, _ in cells if "pick-cell" not in one and "data-label=" not in one} == set()
        said = {re.search('data-label="(.*?)"', one)[1]: (one, text) for one, text in cells if "data-label" in one}
        for one, text in said.values():
            assert ('class="void"' in one) == (text == "–")
        assert 'class="void"' not in said["Owner"][0]
    assert 'class="void"' in shown
    assert "No owner" in shown


def test_texts_cannot_hurt_the_page(signed_in, three, actor, now) -> None:
    entry = ASSETS.make({"name": "<script>alert(1)</script>", "kind": "model", "unit": '"><img src=x>'})
    made = add_record(actor=actor, register=ASSETS, entry=entry, now=now)
    for url in ("/assets", f"/assets/{made.slug}", f"/assets/{made.slug}/edit", "/assets/score-model", "/assets/add"):
        page = signed_in.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b>loans" not in page


# --- one record


@pytest.fixture
def linked(three, actor, now):
    """The model is trained on the loans and used by an AI system."""
    add_system(actor=actor, facts=SystemFacts(name="Loan desk"), now=now)
    row = TABLES["asset"].objects.get(slug="score-model")
    entry = ASSETS.replaced(row.entry, {"trained_on": ("loans",), "systems": ("loan-desk",)})
    return change_record(
        actor=actor, register=ASSETS, slug=row.slug, entry=entry, seen=row.changed_at, now=now + timedelta(hours=1)
    )


def test_a_page_leads_to_what_it_leads_to_and_to_what_leads_to_it(signed_in, linked) -> None:
    page = signed_in.get("/assets/score-model").content.decode()
    assert '<a href="/assets/loans">Loans</a>' in page
    assert '<a href="/systems/loan-desk">Loan desk</a>' in page
    back = signed_in.get("/assets/loans")
    assert '<a href="/assets/score-model">Score model</a>' in back.content.decode()
    (led,) = back.context["led"]
    assert led.title == "Assets: trained on"
    assert names(signed_in.get(led.url)) == ["Score model"]


def test_versions_are_compared(signed_in, linked, actor, now) -> None:
    entry = ASSETS.replaced(linked.entry, {"location": "Dublin"})
    change_record(
        actor=actor, register=ASSETS, slug=linked.slug, entry=entry, seen=linked.changed_at, now=now + timedelta(days=1)
    )
    response = signed_in.get("/assets/score-model?from=1&to=3")
    assert response.context["compared"]["changes"] == (
        ("Location", "", "Dublin"), ("AI systems", "", "loan-desk"), ("Trained on", "", "loans"),
    )  # fmt: skip
    assert signed_in.get("/assets/score-model?from=1&to=9").context["compared"] is None
    assert "do not differ" in signed_in.get("/assets/score-model?from=2&to=2").content.decode()


def test_an_unknown_record_is_404(signed_in, organisation) -> None:
    assert signed_in.get("/assets/nothing").status_code == 404
    assert signed_in.get("/assets/nothing/edit").status_code == 404


# --- the form


def test_links_are_typed_by_name_or_slug(signed_in, linked) -> None:
    data = minimal(
        ASSETS, uses=["LOANS", "", "score-model", "loans"], hosted_by=["", "Score Model"], systems=["loan desk"]
    )
    assert signed_in.post("/assets/add", data).status_code == 303
    made = TABLES["asset"].objects.get(slug="first-one")
    assert (made.uses, made.hosted_by, made.systems) == (["loans", "score-model"], "score-model", ["loan-desk"])
    page = signed_in.get("/assets/first-one/edit").content.decode()
    assert '<input type="checkbox" name="uses" value="loans" checked>Loans' in page
    data = minimal(ASSETS, seen=made.changed_at.isoformat(), uses=["score-model"])  # boxes that were cleared
    assert signed_in.post("/assets/first-one/edit", data).status_code == 303
    made.refresh_from_db()
    assert (made.uses, made.hosted_by, made.systems) == (["score-model"], "", [])


def test_a_name_of_two_is_not_guessed_and_what_was_typed_is_kept(signed_in, linked, actor, now) -> None:
    add_record(actor=actor, register=ASSETS, entry=ASSETS.make({"name": "loans", "kind": "model"}), now=now)
    response = signed_in.post("/assets/add", minimal(ASSETS, uses=["Score model", "Loans ltd"], purpose="Long <text>"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "Uses leads to “Loans ltd”, which is not there" in page
    assert 'name="uses" value="Loans ltd"' in page
    assert 'value="score-model" checked>Score model' in page
    assert "Long &lt;text&gt;" in page


def test_what_holds_between_fields_is_asked(signed_in, organisation) -> None:
    response = signed_in.post("/assets/add", minimal(ASSETS, privileges="all", owner="x@@y"))
    assert response.context["form"].errors["owner"] == ["Owner has an @ but is not an e-mail address."]
    response = signed_in.post("/assets/add", minimal(ASSETS, privileges="all"))
    assert response.context["form"].errors["privileges"] == ["Privileges is given although the asset is not an agent."]
    signed_in.post("/assets/add", minimal(ASSETS, reference="A-1"))
    response = signed_in.post("/assets/add", minimal(ASSETS, reference="a-1"))
    assert "First one has this reference already" in response.content.decode()


def test_an_address_may_begin_the_form(signed_in, linked) -> None:
    page = signed_in.get("/assets/add?systems=loan-desk&kind=model&name=Begun&colour=red").content.decode()
    assert 'value="Begun"' in page
    assert '<input type="checkbox" name="systems" value="loan-desk" checked>Loan desk' in page
    assert '<option value="model" selected>' in page


def test_a_change_of_somebody_else_is_shown_beside_ours(signed_in, linked, actor, now) -> None:
    seen = linked.changed_at.isoformat()
    theirs = ASSETS.replaced(linked.entry, {"location": "Theirs"})
    change_record(
        actor=actor, register=ASSETS, slug=linked.slug, entry=theirs, seen=linked.changed_at,
        now=now + timedelta(hours=2),
    )  # fmt: skip
    ours = minimal(ASSETS, name="Score model", location="Ours", seen=seen)
    response = signed_in.post("/assets/score-model/edit", ours)
    assert response.status_code == 409
    assert ("Location", "Theirs", "Ours") in response.context["differences"]
    assert TABLES["asset"].objects.get(slug="score-model").location == "Theirs"
    again = {**ours, "seen": response.context["form"]["seen"].value()}
    assert signed_in.post("/assets/score-model/edit", again).status_code == 303
    assert signed_in.post("/assets/score-model/edit", {**ours, "seen": "rubbish"}).status_code == 409


# --- many at once


def test_ticked_records_are_given_the_same_and_nothing_else(signed_in, linked) -> None:
    url = "/assets/bulk?slug=loans&slug=score-model&slug=ghost"
    assert "ghost is not" not in signed_in.get(url).content.decode()
    url = "/assets/bulk?slug=loans&slug=score-model&kind=model"
    page = signed_in.get(url)
    assert "<b>2 assets</b> are chosen" in page.content.decode()
    assert "Change 2 assets</button>" in page.content.decode()
    data = {"chosen": page.context["mark"], "set": ["location", "protection"], "location": "Dublin",
            "protection": ["logged"], "because": "Moved"}  # fmt: skip
    done = signed_in.post(url, data)
    assert (done.status_code, done.url) == (303, "/assets?kind=model&sort=-changed")
    assert "2 of 2 assets changed" in signed_in.get(done.url).content.decode()
    for slug in ("loans", "score-model"):
        row = TABLES["asset"].objects.get(slug=slug)
        assert (row.location, row.protection) == ("Dublin", ["logged"])
    assert row.trained_on == ["loans"]


def test_all_that_the_filter_leaves_is_a_second_step(signed_in, linked) -> None:
    page = signed_in.get("/assets/bulk?slug=loans")
    assert page.context["everything"] == 2
    page = signed_in.get(page.context["everything_url"])
    assert (page.context["chosen"], page.context["everything"]) == (2, 0)
    data = {"chosen": page.context["mark"], "set": ["owner"], "owner": "mei@example.org"}
    url = page.wsgi_request.get_full_path()
    assert signed_in.post(url, {**data, "chosen": "another"}).status_code == 409
    assert signed_in.post(url, data).status_code == 303
    assert set(TABLES["asset"].objects.filter(ended_on=None).values_list("owner", flat=True)) == {"mei@example.org"}


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({}, "set", "Tick what the records are given."),
        ({"set": ["name"], "name": "Same"}, "set", "not one of the available choices"),
        ({"set": ["owner"], "owner": "x@@y"}, "owner", "has an @ but is not"),
        ({"set": ["kind"], "kind": ""}, "kind", "Kind is missing"),
        ({"set": ["owner"], "location": "Dublin"}, "location", "Tick Location, or leave it as it was."),
        ({"set": ["uses"], "uses": ["ghost"]}, "uses", "which is not there"),
        ({"set": ["in_use_since"], "in_use_since": "soon"}, "in_use_since", "Write a date"),
        ({"set": ["privileges"], "privileges": "all"}, "privileges", "the asset is not an agent"),
    ],
)
def test_what_is_wrong_for_one_changes_none(signed_in, linked, data, field, sentence) -> None:
    url = "/assets/bulk?slug=loans&slug=score-model"
    plain = {"chosen": signed_in.get(url).context["mark"]}
    before = list(TABLES["asset"].objects.values_list("changed_at", flat=True))
    response = signed_in.post(url, {**plain, **data})
    assert response.status_code == 422
    assert sentence in str(response.context["form"].errors[field])
    assert list(TABLES["asset"].objects.values_list("changed_at", flat=True)) == before


def test_nobody_changes_what_they_may_not_change(here) -> None:
    assert here.client("auditor").get("/assets/bulk?slug=chatbot").status_code == 403
    assert "pick" not in here.client("auditor").get("/assets").content.decode()
    client = here.client("unit owner")
    page = client.get("/assets/bulk?slug=chatbot&slug=zanzibar-vault")
    assert "Zanzibar" not in page.content.decode()
    data = {"chosen": page.context["mark"], "set": ["location"], "location": "Dublin"}
    assert client.post("/assets/bulk?slug=chatbot&slug=zanzibar-vault", data).status_code == 422
    assert not TABLES["asset"].objects.filter(location="Dublin").exists()


def test_nothing_chosen_and_too_many_are_told(signed_in, linked, monkeypatch) -> None:
    assert "Nothing is chosen" in signed_in.get("/assets/bulk").content.decode()
    monkeypatch.setattr("annexa.web.bulk.MOST_AT_ONCE", 1)
    assert "Too many to change at once" in signed_in.get("/assets/bulk?these=filter").content.decode()


# --- files


@every
def test_an_export_comes_back_and_says_that_nothing_changed(signed_in, organisation, register) -> None:
    signed_in.post(f"/{register.plural}/add", minimal(register))
    for kind in ("csv", "xlsx", "json"):
        data = signed_in.get(f"/{register.plural}/export?format={kind}").content
        url = signed_in.post(f"/{register.plural}/import", {"file": SimpleUploadedFile(f"x.{kind}", data)}).url
        assert "Everything in the file is in the register already" in signed_in.get(url).content.decode()


def test_a_file_is_looked_at_before_it_is_taken(signed_in, linked) -> None:
    data = "Name,Kind,Trained on,Remarks\nRank model,model,Loans; Score model,größe\nDragon,dragon,ghost,\n".encode()
    url = signed_in.post("/assets/import", {"file": SimpleUploadedFile("a.csv", data)}).url
    page = signed_in.get(url).content.decode()
    for text in ("Import assets", "Rank model", "Remarks", "dragon", "ghost", "Rows of the file"):
        assert text in page
    good = data.partition(b"Dragon")[0]
    url = signed_in.post("/assets/import", {"file": SimpleUploadedFile("a.csv", good)}).url
    response = signed_in.get(f"{url}?c.purpose=3")
    assert "Import one asset" in response.content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', response.content.decode())[1]
    done = signed_in.post(f"{url}?c.purpose=3", {"seen": seen})
    assert (done.status_code, done.url) == (303, "/assets?sort=-changed")
    made = TABLES["asset"].objects.get(slug="rank-model")
    assert (made.trained_on, made.purpose) == (["loans", "score-model"], "größe")
    assert signed_in.post(url, {"seen": seen}).status_code == 409


def test_an_upload_for_one_register_is_none_for_another(signed_in, organisation) -> None:
    url = signed_in.post("/assets/import", {"file": SimpleUploadedFile("a.csv", b"Name,Kind\nA,model\n")}).url
    assert signed_in.get(url.replace("/assets/", "/suppliers/")).status_code == 404


# --- the guide, and what records prove


@every
def test_the_guide_tells_of_every_field_clause_and_check(signed_in, organisation, register) -> None:
    page = unescape(signed_in.get(f"/{register.plural}/about").content.decode())
    said = [register.says, *register.asked_by, *(text for one in register.fields for text in (one.label, one.help))]
    for text in (*said, *(one.says for one in BY_REGISTER.get(register.noun, ()))):
        assert text in page


def test_a_record_says_what_it_proves_and_until_when(signed_in, organisation, actor, now, at) -> None:
    old = SUPPLIERS.make({"name": "Chat Ltd", "tier": "critical", "assessment": "adequate",
                          "assessed_on": now.date() - timedelta(days=30)})  # fmt: skip
    made = add_record(actor=actor, register=SUPPLIERS, entry=old, now=now)
    proves = {one.check.name: one for one in signed_in.get(f"/suppliers/{made.slug}").context["proves"]}
    assert proves
    assert any(one.until is None for one in proves.values())
    assert any(one.until and one.until > now and not one.ever for one in proves.values())
    page = signed_in.get(f"/suppliers/{made.slug}").content.decode()
    assert "falls short" in page
    assert 'href="/suppliers/about"' in page


def test_the_passport_of_a_system_lists_what_leads_to_it(signed_in, linked, actor, now) -> None:
    entry = SUPPLIERS.make({"name": "Chat Ltd", "systems": ("loan-desk",)})
    add_record(actor=actor, register=SUPPLIERS, entry=entry, now=now)
    page = signed_in.get("/systems/loan-desk").content.decode()
    assert '<a href="/assets/score-model">Score model</a>' in page
    assert '<a href="/suppliers/chat-ltd">Chat Ltd</a>' in page
