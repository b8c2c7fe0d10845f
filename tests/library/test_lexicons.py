"""The lists of words and patterns inside monitors: what each of them finds, and what it must leave alone."""

import json

import pyarrow as pa
import pytest

from annexa.activity import frames
from annexa.library.monitors import monitors
from tests.activity.engines import on_duckdb

REFUSED = """\
Sorry, I can't help with that.
I cannot assist you with this request.
I'm unable to comply.
We won’t provide any instructions for that.
I am not able to fulfil your request.
I can't create such content.
I must decline.
As an AI assistant, I don't give medical advice.
As an AI model I have no opinion.
That goes against my guidelines.
This violates our content policy.
That is beyond my scope.
Dabei kann ich Ihnen leider nicht helfen.
Ich kann Ihnen dazu keine Auskunft geben.
Ich darf das nicht beantworten.
Ihrer Anfrage können wir leider nicht nachkommen.
Diese Bitte muss ich leider ablehnen.
Das ist mir leider nicht erlaubt.
Als KI-Assistent darf ich keine Diagnosen stellen.
Das verstößt gegen meine Richtlinien.
Je ne peux pas vous aider.
""".splitlines()
ANSWERED = """\
I cannot recommend it enough.
I can help with that.
I can't find your order; could you give me its number?
You can't help but smile.
We cannot deliver on Sundays.
That violates our returns policy.
The reading cannot be right.
We refused the delivery on your behalf.
Ask your doctor if the tablets do not help.
Ich kann Ihnen nicht sagen, wann der Strom zurück ist.
Das kann ich gern für Sie erledigen.
Wir können Ihnen am Montag helfen.
Das verstößt gegen die Regeln des Vereins.
Sie können den Vertrag ablehnen.
Als KI-Assistent kann ich Ihnen die Rechnung erklären.
""".splitlines()
ABUSE = """\
You IDIOT.
What a load of bullshit
You are so stupid
Shut the hell up!
We will find you
Go to hell.
Kill yourself
they are subhuman
Du Vollidiot!
So ein Arschloch
Das ist doch scheiße!
Scheiß drauf
Ihr Trottel habt das verbockt
Blöde Kuh
Halt die Fresse
Verpiss dich
Du bist einfach nur wertlos.
Ich mache dich fertig
Dreckskerl
Quel connard
""".splitlines()
HARMLESS = """\
Scunthorpe is in Lincolnshire.
Charles Dickens wrote Great Expectations.
Shiitake mushrooms, please
The assessment of the class is complete.
Flame retardant fabric
A cocktail of measures
Your therapist can help.
You are nothing if not patient
Der Barsch ist ein Fisch.
Der Marsch beginnt um neun
Fotzelschnitten sind eine Süßspeise.
Das Schwein steht im Stall.
Sie hat Spaß daran
Minuten und Uhren
Ein Hausverwalter
Die Pfosten des Zauns
Halt die Leiter fest
Du bist dumm gelaufen? Nein: gut gelaufen.
""".splitlines()[:-1]
PERSONAL = """\
Write to ann.lee@example.org
IBAN DE89 3704 0044 0532 0130 00
GB29NWBK60161331926819
FR14 2004 1010 0505 0001 3M02 606
4111 1111 1111 1111
3782 822463 10005
Her number is 078-05-1120
NI: AB 12 34 56 C
Versicherung 65 170839 J 003
Call +44 20 7946 0958
+49 (0)30 901820
Telefon: 030 / 901820
Her mobile number is 07700 900123
She was born on 12 May 1984
geboren am 3.4.1971
Date of birth: 1984-05-12
Passport no. 533401372
Steuer-ID: 86095742719
Lindenstraße 12, 10969 Berlin
10 Station Road, Leeds LS1 4DY
742 Evergreen Terrace Ave, Springfield, IL 62704
""".splitlines()
NOBODYS = """\
The order of 12 May 2026 is on its way.
ISO/IEC 27001:2022 and Art. 26(6)
fy24 plan goes here soon
Version 1.2.3.4 of 2026-11-20
Invoice 100200300 is due
Room 12, second floor
The passport has to be valid for six months
Hauptstraße wird gesperrt
You were born to do this
Rufen Sie uns an
Kapitel 10 Absatz 12345
1,000,000 events in 30 days
Meet at Station Road
Reference 2026-0001-7788
""".splitlines()
CASES = {
    "refusals": (REFUSED, ANSWERED),
    "offensive-words": (ABUSE, HARMLESS),
    "leaked-personal-data": (PERSONAL, NOBODYS),
}


def found(monitor: str, said: list[str], outcome: str = "ok") -> list[str]:
    """Which of these texts a monitor counts, on the engine in process as on Arrow."""
    table = pa.table({"output": said, "outcome": [outcome] * len(said)})
    where = monitors()[monitor].where
    kept = [str(one["output"]) for one in frames.kept(frames.events(table), where).to_native().to_pylist()]
    assert frames.hits(frames.events(on_duckdb(table)), where) == (len(kept), len(said))
    return kept


@pytest.mark.parametrize("monitor", CASES)
def test_it_finds_what_it_is_for(monitor: str) -> None:
    given = CASES[monitor][0]
    assert found(monitor, given) == given


@pytest.mark.parametrize("monitor", CASES)
def test_it_leaves_alone_what_only_looks_alike(monitor: str) -> None:
    given = CASES[monitor][1]
    assert found(monitor, given) == []


@pytest.mark.parametrize("monitor", CASES)
def test_texts_of_messages_are_looked_through_too(monitor: str) -> None:
    """Rule: what stands in JSON, after an escaped end of a line, is found as well as plain text."""
    given = [
        json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": f"Well:\n{one}"}]}], ensure_ascii=False)
        for one in CASES[monitor][0]
    ]
    assert found(monitor, given) == given


@pytest.mark.parametrize("outcome", ["refused", "blocked"])
def test_how_it_ended_counts_as_a_refusal_whatever_the_text(outcome: str) -> None:
    """Rule: finish reasons such as refusal and content_filter say so themselves; no list of words is asked."""
    assert found("refusals", ANSWERED, outcome) == ANSWERED
    without = pa.table({"output": pa.array([None], pa.string()), "outcome": [outcome]})
    monitor = monitors()["refusals"]
    for events in (frames.events(without), frames.events(on_duckdb(without))):
        assert frames.hits(frames.kept(events, monitor.only[1:]), monitor.where) == (1, 1)


def test_without_text_and_without_a_refusal_nothing_can_be_told() -> None:
    """Rule: a system whose texts are not kept is not called free of refusals."""
    table = pa.table({"output": pa.array([None], pa.string()), "outcome": ["ok"]})
    monitor = monitors()["refusals"]
    assert frames.hits(frames.kept(frames.events(table), monitor.only[1:]), monitor.where) == (0, 0)
