"""A service killed between insert, publish and ack: after its restart there is one effect, and nothing is missing."""

import asyncio

import pytest

from deploy.demo.client import Unexpected, awaited
from shared.crash import Step
from tests.platform import whole

KILLED = -9
DEATH_SECONDS = 60


async def dead(services, name: str) -> None:
    """Until the process has died of its own crash point."""

    async def ended():
        return True if services[name].exit_code is not None else None

    await awaited(ended, f"{name} dies at its step", DEATH_SECONDS)
    assert services[name].exit_code == KILLED


async def submit_until_answered(visit, dossier) -> int:
    """As a portal does: repeat the deposit until it is answered."""

    async def attempt():
        try:
            return await visit.portal.submit(dossier)
        except (TimeoutError, Unexpected, OSError):
            return None
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore")):
                return None
            raise

    return await awaited(attempt, "the deposit is answered", DEATH_SECONDS)


@pytest.mark.parametrize("step", list(Step))
async def test_intake_killed_at_a_step_still_gives_one_number_and_one_reservation(visit, step):
    services = visit.platform.services
    dossier = await visit.ready()
    before = (await visit.offices.figures())["last_number"]
    services["intake"].stop()
    services.launch("intake", ALS_CRASH_AT=step)
    attempt = asyncio.create_task(submit_until_answered(visit, dossier))
    await dead(services, "intake")
    services.launch("intake")
    await asyncio.to_thread(services.wait_ready, "intake")
    number = await attempt
    assert number == await visit.portal.submit(dossier) == before + 1
    await visit.until(dossier, envelope="reserved", status="submitted")
    timeline = await visit.portal.timeline(dossier)
    assert [entry["label"] for entry in timeline["entries"]].count("Dossier envoyé") == 1
    await whole(visit)


@pytest.mark.parametrize("step", list(Step))
async def test_the_envelope_killed_at_a_step_still_reserves_once(visit, step):
    services = visit.platform.services
    dossier = await visit.ready()
    before = await visit.offices.figures()
    services["envelope"].stop()
    services.launch("envelope", ALS_CRASH_AT=step)
    await visit.portal.submit(dossier)
    await dead(services, "envelope")
    services.launch("envelope")
    await asyncio.to_thread(services.wait_ready, "envelope")
    await visit.until(dossier, envelope="reserved")
    after = await visit.offices.figures()
    assert after["reserved_cents"] == before["reserved_cents"] + dossier.operation.principal_cents
    assert after["last_number"] == before["last_number"] + 1
    assert after["epoch"] > before["epoch"]
    await whole(visit)


async def test_every_service_restarted_at_once_goes_on_where_it_was(visit):
    services = visit.platform.services
    dossier = await visit.brought_to("favourable")
    for name in services.ports:
        services.kill(name)
    for name in services.ports:
        services.launch(name)
    for name in services.ports:
        await asyncio.to_thread(services.wait_ready, name)
    await visit.offices.issue_offer(dossier)
    await visit.until(dossier, status="offer_issued")
    await whole(visit)
