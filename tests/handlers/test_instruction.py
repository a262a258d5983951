"""What instruction hears reaches its reviews."""

from collections.abc import AsyncIterator

import pytest

from services.instruction.handlers import HEARD
from services.instruction.main import create_app
from services.instruction.settings import InstructionSettings
from shared.contracts.envelope import Promoted, Released, ReservationRefused, Reserved, Waitlisted
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from tests.facts import DOSSIER
from tests.handlers.bench import Bench, bench, local

REVIEW = f"review:{DOSSIER}"


@pytest.fixture
async def instruction(monkeypatch) -> AsyncIterator[Bench]:
    async with bench(monkeypatch, create_app, local(InstructionSettings)) as made:
        yield made


def test_everything_handled_is_heard_here(instruction: Bench):
    assert set(instruction.inbox.handlers) == set(HEARD)


@pytest.mark.parametrize("cls", HEARD)
async def test_a_fact_is_noted_in_the_review(instruction: Bench, cls):
    await instruction.hear(cls)
    assert await instruction.journal(REVIEW) == [cls.__name__]


@pytest.mark.parametrize(
    ("heard", "stage"),
    [
        ((DossierSubmitted, Reserved), "to_assign"),
        ((Reserved, LoansReduced, DossierSubmitted), "to_assign"),
        ((DossierSubmitted, Waitlisted), "waiting"),
        ((DossierSubmitted, Waitlisted, Promoted), "to_assign"),
        ((DossierSubmitted, ReservationRefused), "closed"),
        ((DossierSubmitted, Reserved, Released), "closed"),
        ((DossierSubmitted, Reserved, DossierWithdrawn), "closed"),
    ],
)
async def test_the_queue_shows_where_the_dossier_stands(instruction: Bench, heard, stage):
    await instruction.hear(*heard)
    assert await instruction.journal(REVIEW) == [cls.__name__ for cls in heard]
    assert (await instruction.view("review", DOSSIER))["stage"] == stage


async def test_a_fact_heard_twice_counts_once_and_names_its_cause(instruction: Bench):
    cause = await instruction.hear_twice(Reserved, REVIEW)
    assert (cause.actor, cause.causation) == ("service:instruction", "test:envelope.reservation.v1#1.1")
