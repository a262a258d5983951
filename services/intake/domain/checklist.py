"""What a dossier still needs before its deposit (cahier des charges 2.B, prérequis)."""

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.domain.register import Content
from services.intake.forms import DraftForm
from shared.contracts.values import Bailleur, DocumentKind, FinancingPlan, Loan, Operation, StoredDocument
from shared.errors import Refusal
from shared.lending import LoanLimits
from shared.money import MAX_CENTS, format_euros
from shared.territory import Territory


class Incomplete(Refusal):
    """The prerequisites that are missing are in `missing`."""

    type = "dossier-incomplete"
    title = "Le dossier ne peut pas encore être envoyé"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to do; `pointer` is into the draft or names a document kind."""

    code: str
    label: str
    pointer: str


OPERATION_LABELS = {
    "name": "Nom de l'opération",
    "commune_code": "Commune de l'opération",
    "homes": "Nombre de logements",
    "average_surface_m2": "Surface moyenne des logements",
    "rent_per_m2_cents": "Loyer proposé au mètre carré",
}


@dataclass(frozen=True, slots=True)
class Papers:
    """What was deposited: the newest safe document of each kind, and the kinds whose newest is still scanned."""

    safe: tuple[StoredDocument, ...] = ()
    pending: tuple[str, ...] = ()


def missing(
    draft: DraftForm, papers: Papers, limits: LoanLimits, territory: Territory, cap_cents: int = MAX_CENTS
) -> list[Missing]:
    """Everything that stands between the draft and its deposit. `cap_cents`: the campaign's; what exceeds it would
    hold up everybody behind it for nothing."""
    found = [
        Missing("operation-incomplete", label, f"/operation/{name}")
        for name, label in OPERATION_LABELS.items()
        if getattr(draft.operation, name) is None
    ]
    commune_code = draft.operation.commune_code
    if commune_code is not None:
        found += _refused(lambda: territory.commune(commune_code, pointer="/operation/commune_code"))
    found += _missing_loans(draft, limits, cap_cents)
    found += _missing_financing(draft)
    return found + _missing_documents(papers)


def _refused(check: Callable[[], object]) -> list[Missing]:
    try:
        check()
    except Refusal as refusal:
        return [Missing(refusal.type, refusal.detail, refusal.pointer or "")]
    return []


def _missing_loans(draft: DraftForm, limits: LoanLimits, cap_cents: int) -> list[Missing]:
    if not draft.loans:
        return [Missing("loans-missing", "Au moins un prêt de la Banque des Territoires", "/loans")]
    found = list[Missing]()
    names = [loan.loan_id for loan in draft.loans]
    if len(set(names)) != len(names):
        found.append(Missing("loan-ids-repeated", "Chaque prêt porte un identifiant différent", "/loans"))
    for place, loan in enumerate(draft.loans):
        found += _refused(lambda loan=loan, place=place: limits.check(loan, f"/loans/{place}"))
    if sum(loan.principal_cents for loan in draft.loans) > cap_cents:
        label = f"Les prêts dépassent ensemble le plafond de la campagne ({format_euros(cap_cents)})"
        found.append(Missing("principal-above-cap", label, "/loans"))
    return found


def _missing_financing(draft: DraftForm) -> list[Missing]:
    plan = draft.financing
    if plan.total_cost_cents is None:
        return [Missing("financing-incomplete", "Coût total de l'opération", "/financing/total_cost_cents")]
    covered = sum(loan.principal_cents for loan in draft.loans) + plan.equity_cents + plan.subsidies_cents
    if covered != plan.total_cost_cents:
        label = "Le plan de financement doit égaler le coût total (prêts, fonds propres et subventions)"
        return [Missing("financing-unbalanced", label, "/financing")]
    return []


def _missing_documents(papers: Papers) -> list[Missing]:
    kinds = {document.kind for document in papers.safe}
    found = [
        Missing("document-pending", "L'analyse de la dernière version déposée est en cours", f"/documents/{kind}")
        for kind in papers.pending
    ]
    if not kinds & {DocumentKind.OFFER_LETTER, DocumentKind.INTENT_LETTER}:
        label = "Lettre d'offre ou lettre d'intention de la Banque des Territoires"
        found.append(Missing("letter-missing", label, "/documents/offer_letter"))
    if DocumentKind.PRESENTATION not in kinds:
        found.append(
            Missing("presentation-missing", "Dossier de présentation de l'opération", "/documents/presentation")
        )
    return found


def freeze(
    bailleur: Bailleur,
    draft: DraftForm,
    papers: Papers,
    limits: LoanLimits,
    territory: Territory,
    cap_cents: int = MAX_CENTS,
) -> Content:
    """The content of a deposit, with the zone of the day. Raises: Incomplete, naming all that is missing."""
    gaps = missing(draft, papers, limits, territory, cap_cents)
    if gaps:
        raise Incomplete(
            "Complétez les éléments indiqués puis renvoyez le dossier.",
            missing=[{"code": gap.code, "label": gap.label, "pointer": gap.pointer} for gap in gaps],
        )
    form = draft.operation
    assert form.commune_code is not None
    commune = territory.commune(form.commune_code)
    operation = Operation.model_validate(
        form.model_dump()
        | {
            "commune_name": commune.name,
            "department": commune.department,
            "zone": commune.zone,
            "zoning_vintage": commune.vintage,
        }
    )
    loans = tuple(Loan.model_validate(loan.model_dump()) for loan in draft.loans)
    financing = FinancingPlan.model_validate(draft.financing.model_dump())
    return Content(bailleur, operation, loans, financing, papers.safe)
