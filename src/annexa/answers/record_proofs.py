"""The proof that one event was recorded, as a file that travels: pure/segment_proofs.py says what is in it."""

from annexa.activity.columns import DIGEST, LEAF, SALT, events_of
from annexa.activity.segments import flat_leaves, read_table
from annexa.answers.activity_store import objects
from annexa.answers.errors import UnknownError
from annexa.answers.ledger import entry_proof
from annexa.answers.segments import expired, located
from annexa.pure.permits import Actor
from annexa.pure.segment_proofs import RecordProof, tree_levels, tree_path
from annexa.records.activity import Segment
from annexa.records.ledger import LedgerEntry


def record_proof(*, actor: Actor, segment: str, row: int) -> RecordProof:
    """The proof of the event in one row (from 0) of a segment, up to the latest checkpoint.

    Cost: reads the file that the segment is in. Raises UnknownError; VaultError, SegmentError where that file is not
    what was sealed.
    """
    found = Segment.objects.visible_to(actor).filter(id=segment).first()
    if found is None:
        raise UnknownError(f"There is no segment {segment!r}.")
    if not 0 <= row < found.records:
        raise UnknownError(f"Segment {segment} has {found.records:,} events, from 0; there is no event {row}.")
    entry = LedgerEntry.objects.filter(kind=Segment.KIND, subject=f"{Segment.KIND}/{found.id}").first()
    if entry is None:
        raise UnknownError(f"The entry of segment {segment} waits for its place in the ledger; ask again in a second.")
    if gone := expired([found]).get(found.id):
        told = LedgerEntry.objects.filter(kind=gone.KIND, subject=f"{gone.KIND}/{gone.id}").first()
        by = f" by entry {told.position:,} of the ledger" if told else ""
        raise UnknownError(
            f"Segment {segment} expired on {gone.recorded_at:%d %B %Y}{by}: its events are gone, its root stays in "
            f"entry {entry.position:,}."
        )
    (place,) = located([found])
    table = read_table(objects().get(place.path)).slice(place.first_row, found.records)
    levels = tree_levels(flat_leaves(table.select([LEAF])))
    one = table.slice(row, 1).combine_chunks().to_batches()[0]
    proof = entry_proof(actor=actor, position=entry.position)
    return RecordProof(
        event=events_of(one)[0],
        salt=one.column(SALT)[0].as_py() or b"", digest=one.column(DIGEST)[0].as_py() or b"",
        segment=found.id, row=row, row_path=tree_path(levels, row),
        header=proof.header_text.encode(), body=proof.body_text.encode(), body_salt=bytes.fromhex(proof.salt),
        index=entry.position, path=tuple(bytes.fromhex(one) for one in proof.proof),
        checkpoint=proof.head.checkpoint.encode(),
    )  # fmt: skip
