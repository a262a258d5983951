"""An acte that leaves late is screened again first."""

from datetime import timedelta

from services.contracting.domain import premium
from shared.auth import Role
from tests.unit.contracting.office import ACTOR, problem
from tests.unit.contracting.samples import ACCOUNTANT, DOSSIER, PREMIUM_CENTS, TODAY, received, returned
from tests.unit.contracting.screening_desk import PATH, PERSON, Desk, entry, ready


class HeldDesk(Desk):
    """The acte is settled; the bank has taken a part of the premium back, and it is paid again much later."""

    async def settle_and_wait(self, days: int = 120) -> None:
        await self.office.know(ready())
        await self.owners()
        assert (await (self.run() if self.screenings.register else self.put(clear=True))).is_success
        self.bdt.rename(self.bdt.with_name("unmounted"))
        assert (await self.issue()).json()["state"] == "acte_prepared"
        await self._decide(premium.take_back, returned("p1", PREMIUM_CENTS), ACCOUNTANT)
        self.bdt.with_name("unmounted").rename(self.bdt)
        self.wait(days)
        self.publish(PERSON, on=str(TODAY + timedelta(days=days)))
        await self.engagements.transmit_pending()
        assert await self.missing() >= {"premium-paid"}
        await self._decide(premium.pay, received(PREMIUM_CENTS, "p2"))

    async def _decide(self, decide, *arguments) -> None:
        now = self.office.clock.now()
        await self.office.engagements.append(DOSSIER, lambda one: decide(one, *arguments, now), ACTOR)

    def gone(self) -> list[str]:
        return [path.name for path in self.bdt.iterdir() if path.suffix == ".pdf"]


async def test_an_acte_that_leaves_months_later_is_screened_again_first(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1
    assert (await desk.told())["acte"] == (str(TODAY + timedelta(days=120)), True)
    assert await desk.missing() == set()


async def test_an_acte_whose_parties_were_listed_meanwhile_does_not_leave(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    desk.publish(entry(12, "Essai", PRENOM=[{"Prenom": "bailleur d'"}]), on=str(TODAY + timedelta(days=120)))
    await desk.engagements.transmit_pending()
    assert (desk.gone(), await desk.missing()) == ([], {"acte-screening"})
    await desk.resolve("cleared")
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1


async def test_an_acte_waits_while_its_register_is_too_old_and_holds_up_no_other(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait()
    desk.publish(PERSON)
    await desk.engagements.transmit_pending()
    assert problem(await desk.issue()) == "freeze-register-too-old"
    assert (desk.gone(), await desk.missing()) == ([], {"acte-screening"})


async def test_without_a_register_an_acte_that_is_late_waits_for_compliance(tmp_path):
    desk = HeldDesk(tmp_path, register=False)
    await desk.settle_and_wait()
    await desk.engagements.transmit_pending()
    gate = (await desk.office.call("GET", f"{PATH}/gate", role=Role.LEGAL_OFFICER)).json()
    assert desk.gone() == []
    assert [(one["code"], one["who"]) for one in gate["missing"]] == [("acte-screening", "compliance")]
    await desk.put(clear=True, on=TODAY + timedelta(days=120))
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1


async def test_an_acte_that_leaves_within_seven_days_is_not_screened_again(tmp_path):
    desk = HeldDesk(tmp_path)
    await desk.settle_and_wait(days=7)
    await desk.engagements.transmit_pending()
    assert len(desk.gone()) == 1
    assert (await desk.told())["acte"] == (str(TODAY), True)
