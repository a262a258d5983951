"""The audit and the rebuilding of views, on services that run."""

import asyncio
import sys
from contextlib import closing

import pytest

from deploy.audit.checks import audit
from deploy.audit.knowledge import Knowledge, knowledge_of
from deploy.audit.source import Databases, Exported, export
from deploy.local.services import NAMES
from shared.documents import Database
from shared.journal import stamps
from tests.authority import OwnAuthority
from tests.integration.test_crashes import whole


@pytest.fixture(scope="module")
def knowledge() -> dict[str, Knowledge]:
    return {name: knowledge_of(name) for name in NAMES}


async def test_running_services_stand_up_to_an_audit_and_so_does_their_export(visit, knowledge, tmp_path):
    dossier = await visit.brought_to("favourable")
    await whole(visit)
    url, authority = visit.platform.stack.environment()["ALS_MONGO_URL"], OwnAuthority()
    for name in NAMES:
        with closing(Database(url, name)) as database:
            commits = database.collection("journal")
            assert await stamps.stamp(commits, database.collection("stamps"), authority.over_http())
    with closing(Databases(url, knowledge)) as databases:
        live = await audit(databases, knowledge, stamps.trusted(authority.pem))
        assert live.clean, [report.faults for report in live.reports.values()] + live.between
        await export(databases, NAMES, tmp_path / "bundle")
    copied = await audit(Exported(tmp_path / "bundle"), knowledge, stamps.trusted(authority.pem))
    assert copied.clean
    assert all(report.commits for report in copied.reports.values())
    assert f"dossier:{dossier.dossier_id}" in copied.reports["intake"].heads


async def test_views_are_made_again_while_their_service_runs(visit):
    dossier = await visit.submitted()
    url = visit.platform.stack.environment()["ALS_MONGO_URL"]
    with closing(Database(url, "intake")) as database:
        view = database.collection("view_dossier")
        before = await view.get(dossier.dossier_id)
        await view.remove(dossier.dossier_id)
        environment = visit.platform.stack.environment() | {"ALS_HTTP_PORT": "1"}
        rebuilding = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.intake", "rebuild-views", env=environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await rebuilding.communicate()
        assert rebuilding.returncode == 0
        assert "vues refaites" in said.decode()
        assert await view.get(dossier.dossier_id) == before
    assert (await visit.portal.timeline(dossier))["status"] == "submitted"


async def test_everything_can_be_published_again_while_its_service_runs(visit):
    await visit.submitted()
    environment = visit.platform.stack.environment() | {"ALS_HTTP_PORT": "1"}
    publishing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.intake", "republish", env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await publishing.communicate()
    assert publishing.returncode == 0
    assert int(said.decode().splitlines()[-1].split()[0]) > 0
    await visit.submitted()  # read behind the repetition, and decided
    await whole(visit)
    with closing(Database(environment["ALS_MONGO_URL"], "envelope")) as database:
        assert await database.collection("parked").count({}) == 0
