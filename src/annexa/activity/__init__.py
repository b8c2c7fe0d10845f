"""The activity log: what AI systems did, taken in, kept, sealed, searched and watched.

ActivityError                 the activity log cannot do what was asked
├── BacklogError              more waits to be sealed than may wait; try later
└── JournalError              the journal of what arrived cannot be written or read
"""


class ActivityError(Exception):
    """The activity log cannot do what was asked; says what, where and what to do."""


class BacklogError(ActivityError):
    """More waits to be sealed than may wait; try later."""


class JournalError(ActivityError):
    """The journal of what arrived cannot be written or read."""
