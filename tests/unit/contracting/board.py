"""A session of the board that takes decisions one after another."""

from datetime import date, datetime
from typing import Any

from services.contracting.domain import deliberation
from services.contracting.domain.board import AgendaItem, Decision, Presence, Session, Votes
from services.contracting.domain.deliberation import Taken
from tests.unit.contracting.cases import Case, favourable
from tests.unit.contracting.samples import (
    ALL_FOR,
    CHAIR,
    DOSSIER,
    MEMBERS,
    NOW,
    OTHER,
    PRINTING,
    SECRETARY,
    TODAY,
    document,
    sitting,
)

SHA256 = "0" * 64


def item(number: int = 12, dossier_id: str = DOSSIER, campaign_id: str = "c") -> AgendaItem:
    return AgendaItem(
        dossier_id=dossier_id,
        campaign_id=campaign_id,
        deposit_number=number,
        bailleur="Bailleur d'essai",
        operation="Résidence d'essai",
        principal_cents=425_000_000,
        premium_cents=None,
        accepted=False,
        adjourned_on=None,
    )


class Sitting:
    """A session that takes decisions one after another."""

    def __init__(self, *items: AgendaItem, day: date = TODAY, **opened: Any) -> None:
        self.session = Session()
        self.do(deliberation.open_session, sitting(day).model_copy(update=opened), items or (item(),))

    def do(self, decide, *arguments: Any) -> list:
        events = decide(self.session, *arguments)
        for event in events:
            self.session = self.session.fold(event)
        return events

    def decide(
        self,
        decision: Decision = Decision.CONFIRM,
        reason: str = "",
        votes: Votes = ALL_FOR,
        dossier_id: str = DOSSIER,
        case: Case | None = None,
        elsewhere: str | None = None,
        now: datetime = NOW,
    ) -> list:
        taken = Taken(dossier_id, decision, reason, votes)
        engagement = (case or favourable()).engagement
        return self.do(deliberation.record_decision, engagement, taken, elsewhere, SECRETARY, now)

    def attend(self, *present: str, chair_id: str | None = CHAIR) -> list:
        members = tuple(
            member.model_copy(
                update={"presence": Presence.PRESENT if member.member_id in present else Presence.EXCUSED}
            )
            for member in MEMBERS
        )
        return self.do(deliberation.record_attendance, members, chair_id, SECRETARY, NOW)

    def recuse(self, *member_ids: str, dossier_id: str = DOSSIER) -> list:
        return self.do(deliberation.record_recusals, dossier_id, member_ids, SECRETARY, NOW)

    def check_minutes(self, struck: tuple[str, ...] = ()) -> None:
        deliberation.check_minutes(self.session, struck, NOW)

    def write(self, printed: Session | None = None) -> list:
        minutes = document("minutes", "board_minutes")
        return self.do(deliberation.write_minutes, printed or self.session, minutes, PRINTING, (), SECRETARY, NOW)

    def sign(self, actor: str = OTHER, sha256: str = SHA256) -> list:
        return self.do(deliberation.sign_off, sha256, actor, NOW)


def signed() -> Sitting:
    board = Sitting()
    board.decide()
    board.write()
    board.sign()
    return board
