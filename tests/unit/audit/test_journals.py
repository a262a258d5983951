"""The audit: what is right is found right, and the first wrong thing in a journal is named."""

import json
from dataclasses import replace
from datetime import timedelta

from deploy.audit.checks import as_of
from services.envelope.domain.ledger import Ledger
from shared.journal import Commit
from tests.counter import START
from tests.simulation.world import KNOWLEDGE, Stored
from tests.unit.audit.played import audited, journal, rewrite, said, version_with


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
