"""The activity log: what AI systems did, taken in, kept, sealed, searched and watched.

ActivityError                 the activity log cannot do what was asked
├── BacklogError              more waits to be sealed than may wait; try later
├── BusyError                 too many look into the log at once; try later
├── EngineError               the engine that monitors are to count on cannot do it (engines.py)
│   └── EngineGoneError       it cannot be reached, or went away
├── FetchError                files of the log cannot be had from the bucket, or are on their way still; try later
├── JournalError              the journal of what arrived cannot be written or read
├── QueryError                the log cannot be searched as was asked
└── SegmentError              the file of a segment is not what it is to be
"""


class ActivityError(Exception):
    """The activity log cannot do what was asked; says what, where and what to do."""


class BacklogError(ActivityError):
    """More waits to be sealed than may wait; try later."""


class JournalError(ActivityError):
    """The journal of what arrived cannot be written or read."""


class BusyError(ActivityError):
    """Too many look into the log at once; try later."""


class FetchError(ActivityError):
    """Files of the log cannot be had from the bucket, or are on their way still; try later."""


class QueryError(ActivityError):
    """The log cannot be searched as was asked."""


class SegmentError(ActivityError):
    """The file of a segment is not what it is to be."""
