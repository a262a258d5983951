"""The audit: what is right is found right, from databases and from a bundle, and the first wrong thing is named."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.audit.checks import Audit, as_of, audit
from deploy.audit.source import LOOKS_AT_WHAT_IS_ANNOUNCED, PARTS, Exported, export, file_name
from services.envelope.domain.ledger import Ledger
from shared.contracts.values import Exhaustion
from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit, bundle, stamps
from shared.journal.bundle import (
    MANIFEST,
    BundleChanged,
    BundleCut,
    BundleExists,
    FileMissing,
    NoBundle,
    UnknownBundleFormat,
)
from shared.journal.stamps import StampRefused
from shared.journal.table import packed, unpacked
from tests.authority import OwnAuthority, answering, unreachable
from tests.counter import START
from tests.simulation.steps import ChangeRules, Step, Submit, TakeOver, Tell, Withdraw
from tests.simulation.world import KNOWLEDGE, Stored, play

ROOT = Path(__file__).parents[2]
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
AUTHORITY = OwnAuthority()


def played() -> Stored:
    kept = list[Stored]()
    assert play(1, HISTORY, kept) == []
    return kept[0]


PLAYED = played()


@pytest.fixture
def stored() -> Stored:
    return Stored({name: copy.deepcopy(dict(one)) for name, one in PLAYED.collections.items()}, PLAYED.started_at)


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


async def test_what_was_played_is_right_and_everything_of_it_is_read(stored):
    found = await audited(stored)
    assert found.clean
    assert found.reports["envelope"].commits == len(journal(stored, "envelope"))
    assert stored.collections["intake"]["view_dossier"]._documents
    assert stored.collections["envelope"]["snapshots"]._documents


async def test_a_fact_changed_without_its_hash_is_named_first(stored):
    documents = journal(stored, "envelope")
    documents["ledger:sim#2"]["entries"] = documents["ledger:sim#2"]["entries"].replace("amount", "amounT", 1)
    assert said(await audited(stored))[0] == ("ledger:sim#2", "empreinte")


async def test_a_missing_commit_is_named(stored):
    del journal(stored, "envelope")["ledger:sim#3"]
    assert said(await audited(stored))[0] == ("ledger:sim#4", "version")


async def test_an_amount_raised_above_the_cap_in_a_chain_made_right_again_does_not_fold(stored):
    version = version_with(stored, "envelope", "ledger:sim", "Reserved")
    rewrite(stored, "envelope", "ledger:sim", version, '"amount_cents":', '"amount_cents":9999')
    assert said(await audited(stored))[0] == (f"ledger:sim#{version}", "repli")


def say_epoch(stored: Stored, first: int, epoch: int) -> None:
    """A chain that is right, and of which one commit says another epoch."""
    documents = journal(stored, "envelope")
    before = Commit.from_document(documents[f"ledger:sim#{first}"]).prev_hash
    number = first
    while (key := f"ledger:sim#{number}") in documents:
        commit = replace(Commit.from_document(documents[key]), prev_hash=before)
        sealed = (replace(commit, epoch=epoch) if number == first else commit).sealed()
        documents[key] = sealed.document()
        before, number = sealed.hash, number + 1


def last_epoch(stored: Stored) -> tuple[int, int]:
    """The last takeover's commit, which others follow, and its epoch."""
    commits = [Commit.from_document(row) for row in journal(stored, "envelope").values()]
    last = max((commit for commit in commits if "EpochBegan" in commit.entries), key=lambda commit: commit.version)
    assert last.epoch > 1
    assert f"ledger:sim#{last.version + 1}" in journal(stored, "envelope")
    return last.version, last.epoch


async def test_a_commit_of_an_old_epoch_after_a_newer_one_is_named(stored):
    version, epoch = last_epoch(stored)
    say_epoch(stored, version + 1, epoch - 1)
    assert said(await audited(stored))[0] == (f"ledger:sim#{version + 1}", "époque")


async def test_a_commit_after_a_takeover_that_says_no_epoch_is_named(stored):
    version, _ = last_epoch(stored)
    say_epoch(stored, version + 1, 0)
    assert said(await audited(stored))[0] == (f"ledger:sim#{version + 1}", "époque")


async def test_a_commit_that_says_an_epoch_nobody_began_is_named(stored):
    version, epoch = last_epoch(stored)
    say_epoch(stored, version + 1, epoch + 1)
    assert said(await audited(stored))[0] == (f"ledger:sim#{version + 1}", "époque de l'état")


async def test_a_number_given_twice_does_not_fold(stored):
    version = version_with(stored, "intake", "register:sim", '"deposit_number":2')
    rewrite(stored, "intake", "register:sim", version, '"deposit_number":2', '"deposit_number":1')
    assert said(await audited(stored))[0] == (f"register:sim#{version}", "repli")


async def test_a_decision_whose_cause_nobody_recorded_is_named(stored):
    version = version_with(stored, "envelope", "ledger:sim", "register:sim#1.1")
    rewrite(stored, "envelope", "ledger:sim", version, "register:sim#1.1", "register:sim#99.1")
    late = replace(stored, started_at=START + timedelta(days=1))
    assert (f"ledger:sim#{version}", "cause") in said(await audited(late))


async def test_a_cause_handled_twice_is_named(stored):
    second = version_with(stored, "envelope", "ledger:sim", "register:sim#2.1")
    rewrite(stored, "envelope", "ledger:sim", second, "register:sim#2.1", "register:sim#1.1")
    assert said(await audited(stored))[0] == (f"ledger:sim#{second}", "cause traitée une fois")


async def test_a_count_of_messages_that_is_wrong_is_named(stored):
    documents = journal(stored, "envelope")
    last = max(row["version"] for row in documents.values() if row["stream"] == "ledger:sim")
    commit = Commit.from_document(documents[f"ledger:sim#{last}"])
    documents[f"ledger:sim#{last}"] = replace(commit, sequences="{}").sealed().document()
    assert said(await audited(stored))[0] == (f"ledger:sim#{last}", "décompte des messages")


async def test_a_deposit_that_the_register_does_not_hold_under_that_number_is_named(stored):
    register = journal(stored, "intake")
    commits = [Commit.from_document(register[f"register:sim#{version}"]) for version in (1, 2)]
    one, two = (json.loads(commit.entries)[0]["events"][0]["data"]["dossier_id"] for commit in commits)
    for version, old, new in ((1, one, two), (2, two, one)):
        rewrite(stored, "intake", "register:sim", version, f'"dossier_id":"{old}"', f'"dossier_id":"{new}"')
    assert {where for where, check in said(await audited(stored)) if check.startswith("numéro du")} == {"ledger:sim"}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"status": "acte_transmitted"}, "vue"),
        ({"stream_version": 99}, "inscription"),
        ({"stream_version": 1}, "vue à jour"),
        (None, "vue"),
    ],
)
async def test_a_view_that_is_not_the_fold_of_its_stream_is_named(stored, changes, check):
    views = stored.collections["intake"]["view_dossier"]
    key = next(row["_id"] for row in views._documents.values() if row["stream_version"] > 3)
    await (views.remove(key) if changes is None else views.mark(key, changes))
    where = said(await audited(stored))
    assert any(commit.startswith(f"dossier:{key}") and named == check for commit, named in where)


class Looked(MemoryDocuments):
    """An outbox, and what happens at one of the looks at it."""

    def __init__(self, look: int, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.looks, self._look, self._happens = 0, look, happens

    async def find(self, query, **options):
        self.looks += 1
        if self.looks == self._look:
            await self._happens()
        async for row in super().find(query, **options):
            yield row


async def left_behind(stored: Stored, look: int, *, missing: bool = False) -> tuple[Looked, str]:
    """A stream whose view is behind, or missing, and which stays announced; it is drawn at one of the looks."""
    views = stored.collections["intake"]["view_dossier"]
    row = next(row for row in views._documents.values() if row["stream_version"] > 3)
    key, drawn = row["_id"], dict(row)
    outbox = stored.collections["intake"]["outbox"] = Looked(look, lambda: views.put(drawn))
    streams = {"streams": ["dossier:beside", f"dossier:{key}"], "since": [1, 2]}
    await outbox.put({"_id": "one", "owner": "somebody", "beat": 1} | streams)
    await (views.remove(key) if missing else views.mark(key, {"stream_version": 1}))
    return outbox, key


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("look", [1, 3])
async def test_a_view_that_follows_while_its_stream_is_announced_is_right(stored, monkeypatch, look, missing):
    monkeypatch.setattr("deploy.audit.source.SWEEP_SECONDS", 0)
    await left_behind(stored, look, missing=missing)
    assert said(await audited(stored)) == []


async def test_a_view_that_does_not_follow_is_named_although_its_stream_stays_announced(stored, monkeypatch):
    monkeypatch.setattr("deploy.audit.source.SWEEP_SECONDS", 0)
    outbox, key = await left_behind(stored, 0)
    found = said(await audited(stored))
    assert (f"dossier:{key}", "vue à jour") in found
    assert outbox.looks == LOOKS_AT_WHAT_IS_ANNOUNCED + 1


async def test_a_view_of_no_stream_is_named(stored):
    await stored.collections["intake"]["view_dossier"].put({"_id": "nobody", "stream_version": 1})
    assert said(await audited(stored)) == [("dossier:nobody#1", "inscription")]


async def test_a_snapshot_that_is_not_the_fold_is_named_and_an_unreadable_one_ignored(stored):
    snapshots = stored.collections["envelope"]["snapshots"]
    row = snapshots._documents["ledger:sim"]
    await snapshots.put(row | {"head": row["head"].replace('"decided":', '"decided":1')})
    assert [check for _, check in said(await audited(stored))] == ["instantané"]
    await snapshots.put(row | {"head": "cut"})
    assert (await audited(stored)).clean


def reservations_page(stored: Stored) -> tuple[str, list[str]]:
    """A page the ledger's snapshot names, and its rows."""
    documents = stored.collections["envelope"]["snapshots"]._documents
    directory = json.loads(documents["ledger:sim"]["head"])["state"]["reservations"]
    key = f"{directory['prefix']}/{directory['rows'][0]}"
    return key, unpacked(documents[key]["rows"]).decode().split("\n")


async def test_a_page_of_a_snapshot_that_is_not_the_fold_is_named(stored):
    key, (first, *others) = reservations_page(stored)
    changed = "\n".join([first.replace(",1,", ",9,", 1), *others])
    await stored.collections["envelope"]["snapshots"].put({"_id": key, "rows": packed(changed.encode())})
    assert [check for _, check in said(await audited(stored))] == ["instantané"]


async def test_an_index_that_does_not_find_the_rows_is_named(stored):
    documents = stored.collections["envelope"]["snapshots"]._documents
    for key, document in documents.items():
        if "index" in document and key.startswith("ledger:sim/reservations/"):
            documents[key] = document | {"index": packed(b"")}
    assert [check for _, check in said(await audited(stored))] == ["instantané"]


async def test_a_snapshot_without_one_of_its_pages_is_ignored(stored):
    await stored.collections["envelope"]["snapshots"].remove(reservations_page(stored)[0])
    assert (await audited(stored)).clean


# -- as it stood -------------------------------------------------------------------------------------------------


async def test_the_envelope_as_it_stood_has_the_figures_of_then(stored):
    moments = sorted(row["recorded_at"] for row in journal(stored, "envelope").values())
    seen = []
    for moment in (moments[0], moments[len(moments) // 2], moments[-1]):
        report = await as_of(stored, "envelope", KNOWLEDGE["envelope"], START.fromisoformat(moment))
        assert report.clean
        seen += [head.state.decided for head in report.heads.values() if isinstance(head.state, Ledger)]
    assert seen == sorted(seen)
    assert seen[-1] == 8


# -- bundles -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def exported(stored, tmp_path) -> Path:
    await export(stored, KNOWLEDGE, tmp_path / "bundle")
    return tmp_path / "bundle"


async def test_a_bundle_says_what_the_databases_say(stored, exported):
    ours, theirs = await audited(stored), await audited(Exported(exported))
    assert theirs.clean
    assert {name: report.commits for name, report in theirs.reports.items()} == {
        name: report.commits for name, report in ours.reports.items()
    }


@pytest.mark.parametrize(
    ("service", "part"),
    [("intake", "journal"), ("intake", "views"), ("envelope", "journal"), ("envelope", "snapshots")],
)
def test_a_file_cut_in_the_middle_is_said_to_be_cut(exported, service, part):
    file = exported / file_name(service, part)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleCut, match=file.name):
        Exported(exported)


@pytest.mark.parametrize("place", [0, 0.3, 0.999])
def test_one_byte_changed_is_said_to_be_changed(exported, place):
    file = exported / file_name("envelope", "journal")
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleChanged, match=file.name):
        Exported(exported)


def test_every_byte_of_the_manifest_counts(exported):
    manifest = exported / MANIFEST
    content = manifest.read_bytes().rstrip()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        manifest.write_bytes(changed)
        with pytest.raises(bundle.BundleError):
            Exported(exported)
    manifest.write_bytes(content[:-10])
    with pytest.raises(NoBundle):
        Exported(exported)


def test_what_is_missing_or_of_another_version_is_named(exported, tmp_path):
    with pytest.raises(NoBundle):
        Exported(tmp_path)
    (exported / file_name("intake", "views")).unlink()
    with pytest.raises(FileMissing):
        Exported(exported)
    (exported / MANIFEST).write_text('{"manifest": {"format": 99}, "sha256": ""}')
    with pytest.raises(UnknownBundleFormat):
        Exported(exported)


async def test_nothing_is_written_over(stored, exported):
    with pytest.raises(BundleExists):
        await export(stored, KNOWLEDGE, exported)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, with no setting of the project."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALS_")}
    command = [sys.executable, "-m", "deploy.audit", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


async def test_the_command_verifies_a_bundle_with_no_server_and_no_settings(stored, tmp_path):
    for name in ("instruction", "pricing", "contracting"):
        stored.collections[name] = {part: MemoryDocuments() for part in ("journal", "outbox", *PARTS)}
    every = KNOWLEDGE | {name: replace(KNOWLEDGE["envelope"], renders={}) for name in stored.collections}
    del stored.collections["offices"], every["offices"]
    await export(stored, every, tmp_path / "b")
    right = run("verify", str(tmp_path / "b"))
    assert (right.returncode, right.stdout.splitlines()[-1]) == (0, "Tout concorde."), right.stdout + right.stderr
    then = run("verify", str(tmp_path / "b"), "--at", (START + timedelta(seconds=32)).isoformat())
    assert then.returncode == 0, then.stderr
    assert "Réservé" in then.stdout
    assert "Liste d'attente" in then.stdout
    (tmp_path / "b" / file_name("envelope", "journal")).write_bytes(b"")
    wrong = run("verify", str(tmp_path / "b"))
    assert (wrong.returncode, wrong.stdout.split(" ")[0]) == (1, "BundleCut")


# -- time stamps -------------------------------------------------------------------------------------------------


async def stamp(stored: Stored, authority=None) -> int:
    there = stored.collections["envelope"]
    return await stamps.stamp(there["journal"], there["stamps"], authority or AUTHORITY.over_http())


async def test_a_stamp_covers_what_grew_and_holds_under_its_authority(stored):
    assert await stamp(stored) == 2
    assert await stamp(stored) == 0
    documents = journal(stored, "envelope")
    head = Commit.from_document(documents["campaign:sim#1"])
    documents["ledger:other#1"] = replace(head, stream="ledger:other").sealed().document()
    assert await stamp(stored) == 1
    found = await audited(stored, stamps.trusted(AUTHORITY.pem))
    assert (found.clean, found.stamps["envelope"]) == (True, 2)


async def test_a_journal_rewritten_after_its_stamp_is_found_out_although_its_chain_is_right(stored):
    await stamp(stored)
    last = version_with(stored, "envelope", "ledger:sim", "Withdrawn")
    rewrite(stored, "envelope", "ledger:sim", last, "DossierWithdrawn", "DossierWithdrown")
    assert "empreinte horodatée" in [check for _, check in said(await audited(stored))]


async def test_a_stamp_of_an_authority_nobody_trusts_is_a_fault(stored):
    await stamp(stored)
    found = await audited(stored, stamps.trusted(OwnAuthority().pem))
    assert said(found) == [("horodatage 00000001", "jeton")]


@pytest.mark.parametrize(
    ("field", "old", "new", "checks"),
    [
        ("covered", "ledger", "Ledger", {"empreinte", "jeton", "inscription"}),
        ("digest", "", "0", {"empreinte"}),
        ("token", "M", "N", {"jeton"}),
        ("covered", '"previous":"0', '"previous":"1', {"empreinte", "jeton", "chaînage"}),
    ],
)
async def test_a_stamp_that_was_changed_is_a_fault(stored, field, old, new, checks):
    await stamp(stored)
    rows = stored.collections["envelope"]["stamps"]
    (row,) = rows._documents.values()
    await rows.put(row | {field: row[field].replace(old, new, 1)})
    assert {check for _, check in said(await audited(stored))} == checks


async def test_a_stamp_that_was_removed_is_missed(stored):
    await stamp(stored)
    rows = stored.collections["envelope"]["stamps"]
    (row,) = rows._documents.values()
    await rows.remove(row["_id"])
    await rows.put(row | {"_id": "00000002"})
    assert ("horodatage 00000002", "rang") in said(await audited(stored))


async def test_an_authority_that_is_away_or_refuses_leaves_no_stamp(stored):
    for authority, error in (
        (unreachable(), Unavailable),
        (answering(503), Unavailable),
        (answering(403), StampRefused),
        (answering(200, b"no stamp"), StampRefused),
    ):
        with pytest.raises(error):
            await stamp(stored, authority)
    assert await stored.collections["envelope"]["stamps"].count({}) == 0
