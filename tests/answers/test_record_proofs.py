"""The proof of an event holds without us, as long as not one character of it is changed."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annexa.actions.sealing import seal_everything
from annexa.activity.columns import content_digests
from annexa.activity.segments import mark_of, read_table, written
from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.errors import UnknownError
from annexa.answers.record_proofs import record_proof
from annexa.answers.store import signer
from annexa.cli.main import main
from annexa.pure.events import CONTENT
from annexa.pure.ledger import LedgerError
from annexa.pure.notes import VerifierKey
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.segment_proofs import RecordProof, verify_record_proof
from annexa.records.activity import Segment
from tests.activity.making import arrive, event, events

NOW = datetime(2026, 12, 1, 0, 20, tzinfo=UTC)
GUIDE = Path(__file__).parents[2] / "docs" / "activity-format.md"
STRANGER = Actor(id="person/99", name="Sam Stranger", role="member")
ODD = event(
    3, cost=float("inf"), score=0.25, input_tokens=-(2**62), input="Ünïcode ‖ \n", features={"age": 4.5, "é": "x"},
    tool_result=None, on_behalf_of="", parent_id=b"\0\xff",
)  # fmt: skip


@pytest.fixture
def segment(db, settings, tmp_path) -> Segment:
    """Five events, the last but one of them odd."""
    settings.HOME = tmp_path
    arrive(journal_folder(), [*events(0, 3), ODD, event(4)])
    seal_everything(clock=lambda: NOW)
    return Segment.objects.get()


def key() -> VerifierKey:
    return VerifierKey.parse(signer().verifier_key)


def test_every_event_has_a_proof(segment) -> None:
    for row in range(5):
        proof = RecordProof.from_bytes(record_proof(actor=ANNEXA, segment=segment.id, row=row).to_bytes())
        shown = verify_record_proof(proof, log=key())
        assert shown.event == (ODD if row == 3 else event(row))
        assert (shown.segment, shown.row, shown.records, shown.entry, shown.size) == (segment.id, row, 5, 0, 1)


def test_what_is_not_there_has_none(segment) -> None:
    with pytest.raises(UnknownError, match="no event 5"):
        record_proof(actor=ANNEXA, segment=segment.id, row=5)
    with pytest.raises(UnknownError, match="no segment 'x'"):
        record_proof(actor=ANNEXA, segment="x", row=0)
    with pytest.raises(UnknownError, match="no segment"):
        record_proof(actor=STRANGER, segment=segment.id, row=0)


def erase(segment: Segment) -> None:
    """Forgets the content of every event, as the format allows."""
    path = Path(objects().address(segment.path))
    data = path.read_bytes()
    table = read_table(data)
    batch = table.combine_chunks().to_batches()[0]
    kept = content_digests(batch)
    for name in table.schema.names:
        if name in {*CONTENT, "salt"} or name.startswith("f_"):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, pa.nulls(table.num_rows, table.schema.field(place).type))
    table = table.set_column(table.schema.get_field_index("content_digest"), "content_digest", kept)
    path.chmod(0o644)
    path.write_bytes(bytes(written(table, mark_of(data))))


def check(proof: Path, verifier: str) -> subprocess.CompletedProcess[str]:
    """The check in the guide, run as it is written there."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return subprocess.run([sys.executable, "-c", code, proof, verifier], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("erased", [False, True])
def test_an_outsider_verifies_it_with_the_check_in_the_guide(segment, tmp_path, erased, capsys) -> None:
    """Before and after its content was erased; and so does the command."""
    if erased:
        erase(segment)
    proof = tmp_path / "proof.json"
    for row in (0, 3, 4):
        assert main(["logs", "prove", segment.id, str(row), "-o", str(proof)]) == 0
        assert ("Question" in proof.read_text()) == (not erased and row != 3)
        done = check(proof, signer().verifier_key)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Event {row} of segment {segment.id} is in the ledger")
        assert main(["verify", str(proof), "--key", signer().verifier_key]) == 0
    found = json.loads(proof.read_text())
    found["record"]["outcome"] = "error"
    proof.write_text(json.dumps(found))
    assert "not in the segment" in check(proof, signer().verifier_key).stderr
    capsys.readouterr()
    assert main(["verify", str(proof), "--key", signer().verifier_key]) == 1
    assert capsys.readouterr().out.startswith("FAILS  Entry 4 is not in the tree")
    assert main(["verify", str(proof)]) == 2
    assert main(["verify", str(proof), "--key", "nonsense"]) == 2


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_part_of_it_can_be_changed(segment, data) -> None:
    """Any value replaced by another one: the proof is refused, or it says the same as before."""
    proof = record_proof(actor=ANNEXA, segment=segment.id, row=3)
    found = json.loads(proof.to_bytes())
    places = list(_places(found, ()))
    place = data.draw(st.sampled_from(places))
    holder = found
    for step in place[:-1]:
        holder = holder[step]
    before = holder[place[-1]]
    other = data.draw(st.sampled_from([None, "", 0, 1, "00" * 32, [], {}, "x", 2**70, {"f8": "00"}, "\ud800"]))
    holder[place[-1]] = other
    try:
        shown = verify_record_proof(RecordProof.from_bytes(json.dumps(found).encode()), log=key())
    except LedgerError:
        return
    assert shown == verify_record_proof(proof, log=key()), (place, before, other)


def _places(value: object, here: tuple[object, ...]) -> list[tuple[object, ...]]:
    if isinstance(value, dict):
        return [place for name, one in value.items() for place in [(*here, name), *_places(one, (*here, name))]]
    if isinstance(value, list):
        return [place for n, one in enumerate(value) for place in _places(one, (*here, n))]
    return [here]


def test_another_ledger_proves_nothing(segment) -> None:
    """The key decides whose word counts."""
    proof = record_proof(actor=ANNEXA, segment=segment.id, row=0)
    other = VerifierKey(name=key().name, public=bytes(32))
    with pytest.raises(LedgerError):
        verify_record_proof(proof, log=other)
