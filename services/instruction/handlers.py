"""What instruction hears: deposits, reservations, supplements."""

from services.instruction.usecases import Instruction
from shared.contracts.envelope import Promoted, Released, ReservationRefused, Reserved, Waitlisted
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced, SupplementLodged
from shared.inbox import Handlers

GROUP = "instruction.review"

HEARD = (
    DossierSubmitted,
    DossierWithdrawn,
    LoansReduced,
    SupplementLodged,
    Reserved,
    Waitlisted,
    Promoted,
    Released,
    ReservationRefused,
)


def handlers(instruction: Instruction) -> Handlers:
    return dict.fromkeys(HEARD, instruction.note)
