"""The journal: insert-only, chained streams of commits (docs/adr/0001)."""

from shared.journal.commit import Commit, Entry, canonical_json, commit_key
from shared.journal.faults import Broken, Fault
from shared.journal.journal import Appended, Journal, State, StreamKind

__all__ = [
    "Appended",
    "Broken",
    "Commit",
    "Entry",
    "Fault",
    "Journal",
    "State",
    "StreamKind",
    "canonical_json",
    "commit_key",
]
