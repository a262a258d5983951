"""What a simulation left in its databases, rewritten and audited."""

from dataclasses import replace

from deploy.audit.checks import Audit, audit
from shared.contracts.values import Exhaustion
from shared.journal import Commit
from tests.simulation.steps import ChangeRules, Step, Submit, TakeOver, Tell, Withdraw
from tests.simulation.world import KNOWLEDGE, Stored, play

HISTORY: list[Step] = [
    *[Submit(5, place) for place in range(6)],
    Tell(5, 0, engaged=True),
    Tell(5, 1, engaged=False),
    Withdraw(5, 2),
    ChangeRules(5, 2_000, Exhaustion.FIRST_FIT, 3),
    TakeOver(5, "envelope"),
    Submit(5, 6),
    Submit(5, 7),
]


def played() -> Stored:
    kept = list[Stored]()
    assert play(1, HISTORY, kept) == []
    return kept[0]


PLAYED = played()


async def audited(source, roots=()) -> Audit:
    return await audit(source, KNOWLEDGE, list(roots))


def said(found: Audit) -> list[tuple[str, str]]:
    """Where, and which check."""
    faults = [fault for report in found.reports.values() for fault in report.faults] + found.between
    return [(fault.commit, fault.check) for fault in faults]


def journal(stored: Stored, service: str) -> dict:
    return stored.collections[service]["journal"]._documents


def rewrite(stored: Stored, service: str, stream: str, version: int, old: str, new: str) -> None:
    """As somebody would who can write to the database: change a fact and make the chain right again."""
    documents = journal(stored, service)
    before, number = "0" * 64, 1
    while (key := f"{stream}#{number}") in documents:
        commit = Commit.from_document(documents[key])
        if number == version:
            assert old in commit.entries, commit.entries
            commit = replace(commit, entries=commit.entries.replace(old, new, 1))
        sealed = replace(commit, prev_hash=before).sealed()
        documents[key] = sealed.document()
        before, number = sealed.hash, number + 1


def version_with(stored: Stored, service: str, stream: str, text: str) -> int:
    """The first commit of a stream that says something."""
    commits = [Commit.from_document(row) for row in journal(stored, service).values() if row["stream"] == stream]
    return min(commit.version for commit in commits if text in commit.entries)
