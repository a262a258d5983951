"""Print a paper again from the journal: `python -m services.contracting.reprint KEY KIND`.

KEY is the dossier of a convention, a premium_call or an acte, or the session of the board's minutes.
"""

from collections.abc import Sequence
from functools import reduce

from services.contracting.documents import render_acte, render_convention, render_premium_call
from services.contracting.domain import board, engagement
from services.contracting.domain.board import BoardMinutesWritten, Session
from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement, EngagementDocument
from services.contracting.domain.facts import ActePrepared, PapersPrinted
from services.contracting.minutes import render_minutes
from shared.contracts.contracting import ConventionSent
from shared.events import Event
from shared.reprint import NeverPrinted, PrintingUnknown, Reprint, command, run

REPRINTED = (EngagementDocument.CONVENTION, EngagementDocument.PREMIUM_CALL, EngagementDocument.ACTE)
MINUTES = "minutes"


async def reprint(events: Sequence[Event], kind: EngagementDocument) -> Reprint:
    """The last paper of a kind that a dossier's events tell of. Raises: NeverPrinted, PrintingUnknown."""
    place = _last(events, ActePrepared if kind is EngagementDocument.ACTE else ConventionSent)
    before = reduce(Engagement.fold, events[:place], Engagement())
    match events[place], events[place - 1]:
        case ActePrepared(printing=recorded, prepared_at=made_at), _:
            return Reprint(await render_acte(before, made_at, recorded.guarantor, recorded.templates), recorded)
        case ConventionSent() as sent, PapersPrinted() as papers:
            agreed = Terms.model_validate(sent.model_dump(include=set(Terms.model_fields)))
            if kind is EngagementDocument.CONVENTION:
                recorded = papers.convention
                again = await render_convention(before, agreed, recorded.guarantor, recorded.templates)
                return Reprint(again, recorded)
            recorded, issuer = papers.premium_call, papers.convention.guarantor
            again = await render_premium_call(before, agreed, papers.payee, issuer, recorded.templates)
            return Reprint(again, recorded)
        case _:
            raise PrintingUnknown


async def reprint_minutes(events: Sequence[Event]) -> Reprint:
    """The last minutes that a session's events tell of. Raises: NeverPrinted."""
    place = _last(events, BoardMinutesWritten)
    before, written = reduce(Session.fold, events[:place], Session()), events[place]
    assert isinstance(written, BoardMinutesWritten)
    again = await render_minutes(before, written.struck, written.written_at, written.printing.templates)
    return Reprint(again, written.printing)


def _last(events: Sequence[Event], wanted: type[Event]) -> int:
    place = max((number for number, event in enumerate(events) if isinstance(event, wanted)), default=None)
    if place is None:
        raise NeverPrinted("Ce document n'a pas encore été édité.")
    return place


def main() -> None:
    parser = command("contracting")
    parser.add_argument("key", help="le dossier, ou la séance dont on veut le procès-verbal (minutes)")
    parser.add_argument("kind", choices=[*(kind.value for kind in REPRINTED), MINUTES])
    arguments = parser.parse_args()
    if arguments.kind == MINUTES:
        code = run(parser, arguments, MINUTES, board.KIND.stream(arguments.key), reprint_minutes)
    else:
        kind = EngagementDocument(arguments.kind)
        stream = engagement.KIND.stream(arguments.key)
        code = run(parser, arguments, kind.value, stream, lambda events: reprint(events, kind))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
