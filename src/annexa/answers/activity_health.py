"""What `annexa doctor` says of the activity log: whether it is sealed in time, and whether its files are there."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from annexa.activity import ActivityError
from annexa.answers.activity_store import engine_store, journal_folder, objects
from annexa.answers.segments import located
from annexa.answers.surroundings import Finding
from annexa.records.activity import SealedTo, Segment

LATE: timedelta = timedelta(minutes=5)
_MOST_NAMED = 5


def sealing(now: datetime) -> Finding:
    """Whether what arrived is sealed in time."""
    positions = dict(SealedTo.objects.values_list("journal", "position"))
    waiting, oldest = 0, now
    for path in sorted(journal_folder().glob("[0-9]*.journal")):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue  # sealed meanwhile
        rest = found.st_size - positions.get(path.name, 0)
        if rest > 0:
            waiting += rest
            oldest = min(oldest, datetime.fromtimestamp(found.st_mtime, now.tzinfo))
    total = Segment.objects.aggregate(total=Sum("records"))["total"] or 0
    detail = f"{total:,} events sealed, {waiting:,} bytes wait"
    if now - oldest > LATE:
        minutes = (now - oldest) // timedelta(minutes=1)
        return Finding(
            what="activity log", state="wrong", detail=f"{detail}, for {minutes:,} minutes",
            mend="annexa logs seal --once seals it, or says why not. annexa serve and annexa worker keep it sealed.",
        )  # fmt: skip
    return Finding(what="activity log", state="good", detail=detail)


def files() -> Finding:
    """Whether every segment's file is there, as large as it was. What is in them annexa logs verify reads."""
    places = located(list(Segment.objects.all()))
    there = {one.path: one.size for one in objects().list("activity/")} if places else {}
    wrong = sorted({one.path for one in places if there.get(one.path) != one.size})
    if wrong:
        more = f" and {len(wrong) - _MOST_NAMED:,} more" if len(wrong) > _MOST_NAMED else ""
        return Finding(
            what="segments", state="wrong", detail=f"missing or cut: {', '.join(wrong[:_MOST_NAMED])}{more}",
            mend="Restore these files from a copy of the store. annexa logs verify says whether they are right.",
        )  # fmt: skip
    return Finding(what="segments", state="good", detail=f"{len(places):,} segments have their files")


def engine() -> Finding:
    """Whether the engine that monitors are to run on answers, and finds the newest file of the store whole."""
    if not settings.ENGINE:
        return Finding(what="engine", state="good", detail="monitors run in this process, on DuckDB")
    from annexa.activity.spark import tried

    newest = Segment.objects.filter(records__gt=0).order_by("-hour", "-id").first()
    same = located(list(Segment.objects.filter(system=newest.system, hour=newest.hour))) if newest else ()
    path = next((one.path for one in same if newest and one.segment.id == newest.id), "")
    events = sum(one.records for one in same if one.path == path)
    name, store = settings.ENGINE.name, engine_store(settings.ENGINE)
    try:
        version, found = tried(settings.ENGINE, store, path)
    except ActivityError as error:
        mend = "Until then runs of monitors are in error and prove nothing. The operator guide has what Spark needs."
        return Finding(what="engine", state="wrong", detail=str(error), mend=mend)
    if found != events:
        return Finding(
            what="engine", state="wrong",
            detail=f"Spark at {name} finds {found:,} events in {store}/{path}, where {events:,} are",
            mend="Say in ANNEXA_ENGINE_STORE_URL where Spark finds this store, and no copy of it.",
        )  # fmt: skip
    detail = f"Spark {version} at {name}" + (f" reads {store}" if path else "; nothing is sealed that it could read")
    return Finding(what="engine", state="good", detail=detail)
