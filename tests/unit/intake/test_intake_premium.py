"""What a landlord sees of the premium when money of it goes back."""

from datetime import UTC, date, datetime

import pytest

from services.intake.domain.dossier import Dossier
from services.intake.domain.status import PublicStatus
from services.intake.handlers import about_a_dossier
from shared.contracts.contracting import (
    ConventionSigned,
    PremiumPaid,
    PremiumPaymentRecorded,
    PremiumPaymentReversed,
)

NOW = datetime(2024, 6, 3, 8, tzinfo=UTC)
ON = date(2024, 6, 3)
PAID = (
    ConventionSigned(dossier_id="d1", document_id="s1", checked_at=NOW),
    PremiumPaymentRecorded(
        dossier_id="d1", payment_id="p1", amount_cents=1_200, received_on=ON, outstanding_cents=0, overpaid_cents=200
    ),
    PremiumPaid(dossier_id="d1", premium_cents=1_000, paid_at=NOW),
)


def gone(amount_cents: int, outstanding_cents: int) -> PremiumPaymentReversed:
    return PremiumPaymentReversed(
        dossier_id="d1",
        payment_id="p1",
        amount_cents=amount_cents,
        reversed_on=ON,
        outstanding_cents=outstanding_cents,
        overpaid_cents=0,
        reversed_at=NOW,
    )


@pytest.mark.parametrize(
    ("reversal", "status", "left"),
    [
        (gone(200, 0), PublicStatus.PREMIUM_PAID, 1_000),
        (gone(1_200, 1_000), PublicStatus.CONVENTION_SIGNED, 0),
    ],
)
def test_the_premium_is_paid_only_while_it_is_whole(reversal, status, left):
    dossier = Dossier()
    for event in (*PAID, reversal):
        dossier = dossier.fold(event)
    assert (dossier.status, dossier.paid_cents) == (status, left)
    assert dossier.entries[-1].at == NOW
    assert dossier.fold(PAID[-1]).status is PublicStatus.PREMIUM_PAID


def test_a_reversal_is_heard():
    assert PremiumPaymentReversed in about_a_dossier()
