"""`annexa classify` answers with the promised shape and codes, from the record or from a file."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from annexa.actions.classification import answer_classification
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.cli.main import main
from annexa.library.classification import classifications
from annexa.pure.systems import SystemFacts

pytestmark = pytest.mark.django_db

LAW = "eu-ai-act"
RANKING = {
    key: list(said) if isinstance(said, tuple) else said
    for key, said in next(
        one for one in classifications()[LAW].examples if one.name == "An employer ranks applicants with a bought tool"
    ).answers.items()
}


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the command in this process: code, output, errors."""
    monkeypatch.setattr("django.setup", lambda: None)

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["classify", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def facts(tmp_path: Path):
    """Writes a file of answers."""

    def write(text: str, name: str = "answers.json") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_json_has_the_promised_shape(run, facts) -> None:
    code, out, err = run("--facts", facts(json.dumps(RANKING)), "--at", "2026-11-21", "--format", "json")
    assert (code, err) == (0, "")
    (one,) = json.loads(out)["regimes"]
    assert (one["id"], one["roles"], one["class"]) == (LAW, ["deployer", "employer_deployer"], "high-risk")
    assert one["in_force"]["classes"] == []
    assert {"rule", "cites", "answer"} <= one["because"][0].keys()
    duty = next(found for found in one["duties"] if found["id"] == "Art.26(1)")
    assert {"id", "title", "binding_from", "because"} == duty.keys()
    assert duty["binding_from"] == "2027-12-02"
    assert one["open_questions"] == []


def test_open_questions_come_in_the_order_of_asking(run, facts) -> None:
    code, out, _ = run(
        "--facts", facts('form = "system"\nunion = ["user"]\nexcluded = []\n', "a.toml"), "--format", "json"
    )
    assert code == 0
    put = [one["id"] for one in json.loads(out)["regimes"][0]["open_questions"]]
    assert put == [one.id for one in classifications()[LAW].questions if one.id in put]
    assert len(put) > 1


def test_the_table_says_outcome_why_duties_and_what_is_open(run, facts) -> None:
    code, out, _ = run("--facts", facts(json.dumps(RANKING)), "--at", "2027-12-02")
    assert code == 0
    for words in (
        "in-scope: The Regulation applies",
        "employer_deployer",
        "high-risk by annex-iii",
        "Art.26(1)",
        "2027-12-02",
    ):
        assert words in out
    assert "nothing: no further answer" in out
    code, out, _ = run("--facts", facts('union = "yes"', "a.toml"), "--regime", "nis2")
    assert "security-authority: Is it a public authority" in out


def test_several_laws_stand_in_one_file(run, facts) -> None:
    text = '[eu-ai-act]\nform = "neither"\n[nis2]\nunion = false\n'
    code, out, _ = run("--facts", facts(text, "both.toml"), "--format", "json")
    assert code == 0
    assert [one["outcome"] for one in json.loads(out)["regimes"]] == ["not-an-ai-system", "not-covered"]


def test_a_system_is_classified_by_its_latest_answers(run, actor, admin, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Ranking"), now=now)
    code, out, _ = run("ranking")
    assert code == 0
    assert out.count("nothing answered yet") == 2
    early = now - timedelta(days=30)
    answer_classification(actor=actor, person=admin, tree=LAW, scope="ranking", given=RANKING, seen="", now=early)
    code, out, _ = run("ranking", "--format", "json", "--regime", LAW)
    (one,) = json.loads(out)["regimes"]
    assert (code, one["revision"], one["class"], one["settled"]) == (0, 1, "high-risk", True)
    _, out, _ = run("ranking", "--format", "json", "--at", (early - timedelta(days=1)).date().isoformat())
    assert json.loads(out)["regimes"][0]["revision"] is None


def test_the_organisation_is_asked_about_its_own_laws(run, organisation) -> None:
    code, out, _ = run("organisation", "--format", "json")
    assert (code, [one["id"] for one in json.loads(out)["regimes"]]) == (0, ["gdpr", "nis2"])


@pytest.mark.parametrize(
    ("text", "argv", "says"),
    [
        ('{"form": "toaster", "colour": 1}', ("--regime", LAW), "form: is 'toaster'; it is one of system, model"),
        ('{"form": "toaster", "colour": 1}', ("--regime", LAW), "colour: is not a question of EU AI Act"),
        ('{"union": "yes"}', (), "these answers fit several laws"),
        ('{"form": "neither"}', ("--regime", "x"), "There are no questions of 'x'"),
        ("not = = toml", (), "neither as TOML nor as JSON"),
        ("[1]", (), "it has no table of answers"),
        ('{"form": "neither"}', ("--at", "soon"), "'soon' is not a date"),
    ],
)
def test_wrong_answers_are_2_and_all_named(run, facts, text, argv, says) -> None:
    code, out, err = run("--facts", facts(text), *argv)
    assert (code, out) == (2, "")
    assert says.casefold() in err.casefold()


def test_what_there_is_not_is_2_and_an_unreadable_file_3(run, organisation, tmp_path) -> None:
    assert run("nowhere")[0] == 2
    assert run("organisation", "--regime", LAW)[0] == 2
    assert run("--facts", str(tmp_path / "missing.json"))[0] == 3


# --- the whole register


@pytest.fixture
def systems(actor, now):
    """Two systems in use and one that is not."""
    for facts in (
        SystemFacts(name="Own", stage="operation", built="in-house", personal_data="no"),
        SystemFacts(name="Bare, and more"),
        SystemFacts(name="Gone", stage="retirement"),
    ):
        add_system(actor=actor, facts=facts, now=now)


def test_every_system_in_use_gets_a_line_for_each_law_and_the_totals_are_said_aside(run, systems) -> None:
    code, out, err = run("--all-systems", "--at", "2026-11-21")
    head, *lines = [line.split() for line in out.splitlines()]
    assert (code, head) == (0, ["system", "regime", "roles", "class", "outcome", "settled", "open", "may_follow",
                                "open_questions"])  # fmt: skip
    assert [line[:2] for line in lines] == [
        [slug, law] for slug in ("bare-and-more", "own") for law in ("eu-ai-act", "us-co-sb26-189")
    ]
    assert lines[0][2:] == ["no", "1", "62", "form"]
    assert lines[3][2:] == ["not-covered", "yes", "0", "0"]
    assert err.splitlines() == [
        "EU AI Act on 2026-11-21: 0 settled, 2 open; most often open: form (2).",
        "Colorado SB 26-189 on 2026-11-21: 1 settled, 1 open; most often open: colorado (1).",
    ]


def test_json_of_all_is_complete(run, systems) -> None:
    code, out, _ = run("--all-systems", "--format", "json", "--regime", "us-co-sb26-189")
    found = json.loads(out)
    assert (code, {*found}) == (0, {"at", "regimes", "systems"})
    (regime,) = found["regimes"]
    assert (regime["id"], regime["systems"], regime["settled"], regime["open"]) == ("us-co-sb26-189", 2, 1, 1)
    assert regime["open_questions"][0]["id"] == "colorado"
    known = {one["id"]: one for one in regime["presumptions"]}
    bare, own = found["systems"]
    assert (bare["open_questions"], bare["may_follow"]) == (
        ["colorado"], ["computes", "decisions", "influences", "part"],
    )  # fmt: skip
    assert (own["settled"], own["confirm"], own["next_question"], own["stage"]) == (
        True, ["computes"], "computes", "unanswered",
    )  # fmt: skip
    assert own["from_record"][0]["question"] == "computes"
    assert all(name in known for one in own["from_record"] for name in one["presumptions"])


def test_csv_of_all_has_the_same_systems_and_plain_cells(run, systems) -> None:
    code, out, _ = run("--all-systems", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    whole = json.loads(run("--all-systems", "--format", "json")[1])["systems"]
    assert (code, [(row["system"], row["regime"]) for row in rows]) == (
        0, [(one["system"], one["regime"]) for one in whole],
    )  # fmt: skip
    assert {*rows[0]} == {*whole[0]}
    assert rows[0]["name"] == "Bare, and more"
    assert rows[2]["from_record"] == "stage=released, part=develops, profiles=no"


def test_an_empty_register_is_no_error(run, organisation) -> None:
    code, out, err = run("--all-systems", "--format", "json")
    assert (code, json.loads(out)["systems"]) == (0, [])
    assert "EU AI Act on" in err
    assert run("--all-systems", "--format", "csv")[0] == run("--all-systems")[0] == 0


def test_what_does_not_go_together_is_refused(run, systems, facts, capsys) -> None:
    assert run("own", "--format", "csv")[0] == 2
    code, _, err = run("--all-systems", "--regime", "gdpr")
    assert code == 2
    assert "known are eu-ai-act, us-co-sb26-189" in err
    with pytest.raises(SystemExit, match="2"):
        run("--all-systems", "own")


def test_one_system_says_what_follows_from_its_record_and_what_contradicts_it(run, systems, admin, now) -> None:
    answer_classification(
        actor=actor_of(admin), person=admin, tree=LAW, scope="own", given={"stage": "laboratory"}, seen="", now=now
    )
    code, out, _ = run("own")
    said = " ".join(out.split())
    assert code == 0
    assert "conflict stage is answered laboratory; the record says released [stage=operation]" in said
    assert "record part=develops and perhaps more [built=in-house, stage=operation]: Your own people built it" in said
    assert "record computes=no [personal_data=no]: The act looks only at" in said
