"""A bundle says what the databases say, and any change of it is named."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.audit.source import PARTS, Exported, export, file_name
from shared.documents import MemoryDocuments
from shared.journal import bundle
from shared.journal.bundle import (
    MANIFEST,
    BundleChanged,
    BundleCut,
    BundleExists,
    FileMissing,
    NoBundle,
    UnknownBundleFormat,
)
from tests.counter import START
from tests.simulation.world import KNOWLEDGE
from tests.unit.audit.played import audited

ROOT = Path(__file__).parents[3]


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
