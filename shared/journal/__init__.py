"""The journal: insert-only, chained streams of commits (docs/adr/0001)."""

from shared.journal.commit import Commit, canonical_json, commit_key
from shared.journal.entries import Alike, Entry
from shared.journal.faults import Broken, Fault
from shared.journal.head import State, StreamKind
from shared.journal.journal import Appended, AppendedAll, AtOnce, DecideEach, Journal
from shared.journal.table import Table

__all__ = [
    "Alike",
    "Appended",
    "AppendedAll",
    "AtOnce",
    "Broken",
    "Commit",
    "DecideEach",
    "Entry",
    "Fault",
    "Journal",
    "State",
    "StreamKind",
    "Table",
    "canonical_json",
    "commit_key",
]
