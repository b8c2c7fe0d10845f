"""The proof that one event was recorded, as a file that travels: pure/segment_proofs.py says what is in it."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from annexa.activity.columns import DIGEST, LEAF, SALT, events_of
from annexa.activity.segments import flat_leaves, read_table
from annexa.answers.activity_store import objects
from annexa.answers.errors import UnknownError
from annexa.answers.ledger import entry_proof
from annexa.answers.segments import expired, located, sealed_in
from annexa.pure.permits import Actor
from annexa.pure.segment_proofs import RecordProof, tree_levels, tree_path
from annexa.records.activity import Segment
from annexa.records.ledger import LedgerEntry

if TYPE_CHECKING:
    from annexa.activity.query import Found


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
    (made,) = _proofs_in(actor, found, [row])
    return made


def proofs_of(*, actor: Actor, events: "Sequence[Found]") -> tuple[RecordProof, ...]:
    """The proofs of events that this actor was shown, in their order, those left out that are not sealed yet.

    Of whom nothing of the content was shown, nothing of it is in the proof. Cost: reads the files of their segments.
    Raises UnknownError where the entry of a segment is not this actor's to see, or not in the ledger yet.
    """
    places = sealed_in(events)
    shown = {one.leaf for one in events if one.salt}
    rows = sorted((segment.id, row, leaf) for leaf, (segment, row) in places.items())
    segments = {segment.id: segment for segment, _ in places.values()}
    found: dict[str, RecordProof] = {}
    for name, some in groupby(rows, key=lambda one: one[0]):
        here = list(some)
        for (_, _, leaf), made in zip(
            here, _proofs_in(actor, segments[name], [row for _, row, _ in here]), strict=True
        ):
            found[leaf] = made if leaf in shown else made.without_content()
    return tuple(found[one.leaf] for one in events if one.leaf in found)


def _proofs_in(actor: Actor, segment: Segment, rows: Sequence[int]) -> Iterator[RecordProof]:
    """The proofs of some rows of one segment, of which the file is read once."""
    entry = LedgerEntry.objects.filter(kind=Segment.KIND, subject=f"{Segment.KIND}/{segment.id}").first()
    if entry is None:
        raise UnknownError(
            f"The entry of segment {segment.id} waits for its place in the ledger; ask again in a second."
        )
    if gone := expired([segment]).get(segment.id):
        told = LedgerEntry.objects.filter(kind=gone.KIND, subject=f"{gone.KIND}/{gone.id}").first()
        by = f" by entry {told.position:,} of the ledger" if told else ""
        raise UnknownError(
            f"Segment {segment.id} expired on {gone.recorded_at:%d %B %Y}{by}: its events are gone, its root stays in "
            f"entry {entry.position:,}."
        )
    (place,) = located([segment])
    table = read_table(objects().get(place.path)).slice(place.first_row, segment.records)
    levels = tree_levels(flat_leaves(table.select([LEAF])))
    proof = entry_proof(actor=actor, position=entry.position)
    for row in rows:
        one = table.slice(row, 1).combine_chunks().to_batches()[0]
        yield RecordProof(
            event=events_of(one)[0],
            salt=one.column(SALT)[0].as_py() or b"", digest=one.column(DIGEST)[0].as_py() or b"",
            segment=segment.id, row=row, row_path=tree_path(levels, row),
            header=proof.header_text.encode(), body=proof.body_text.encode(), body_salt=bytes.fromhex(proof.salt),
            index=entry.position, path=tuple(bytes.fromhex(one) for one in proof.proof),
            checkpoint=proof.head.checkpoint.encode(),
        )  # fmt: skip
