"""Papers are locked as long as they guarantee, and none is kept that cannot be signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.authority import Authority
from services.contracting.papers import Papers
from shared.errors import Unavailable
from shared.objects import DirectoryObjects
from shared.signing import Seal
from tests.unit.contracting import stationery
from tests.unit.contracting.returned_files import TERMS, engagement
from tests.unit.contracting.samples import INDEXED, NOW, document, loan
from tests.unit.contracting.stationery import GUARANTOR


async def test_without_a_retention_papers_are_kept_without_a_lock(tmp_path):
    objects = DirectoryObjects(tmp_path / "objects")
    unlocked = stationery.papers(tmp_path, objects)
    document, _ = await unlocked.acte(engagement(), NOW)
    await unlocked.retain(engagement(), document, NOW)
    await objects.delete(document.object_key)


async def test_what_guarantees_is_locked_until_the_longest_loan_has_run_and_the_retention_after_it(tmp_path):
    objects = Held(tmp_path / "objects")
    locked = stationery.papers(tmp_path, objects, retention_days=10)
    known = replace(engagement(), loans=(loan(), INDEXED))
    convention, _ = await locked.convention(known, TERMS)
    acte, _ = await locked.acte(known, NOW)
    call, _ = await locked.premium_call(known, TERMS)
    returned = document("signed").model_copy(update={"object_key": convention.object_key})
    await locked.retain(known, returned, NOW + timedelta(days=1))
    ends = datetime(2061, 6, 3, 21, 59, 59, 999_999, tzinfo=UTC)
    assert objects.until == [
        (convention.object_key, ends + timedelta(days=10)),
        (acte.object_key, ends + timedelta(days=10)),
        (call.object_key, NOW + timedelta(days=10)),
        (returned.object_key, ends + timedelta(days=11)),
    ]


class Held(DirectoryObjects):
    """Notes until when each object is locked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.until: list[tuple[str, datetime]] = []

    async def retain(self, key: str, until: datetime) -> None:
        self.until.append((key, until))
        await super().retain(key, until)


async def test_a_certificate_that_expires_while_the_service_runs_is_an_outage(tmp_path):
    objects = DirectoryObjects(tmp_path / "objects")
    old = Authority(tmp_path).issue("old", "Périmé", "900000118", not_after=NOW - timedelta(days=1))
    with pytest.raises(Unavailable) as said:
        await Papers(objects, Seal(old), stationery.PAYEE, GUARANTOR).acte(engagement(), NOW)
    assert said.value.component == "signature"
