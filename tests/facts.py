"""Ready-made facts for tests: one dossier, La Rochelle, two loans, its documents."""

from datetime import UTC, date, datetime
from decimal import Decimal

from services.intake.domain.facts import DocumentScanned, DocumentUploaded
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion, RiskProfileRecorded
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import (
    Bailleur,
    FinancingPlan,
    Loan,
    Operation,
    RateBasis,
    StoredDocument,
    Structure,
)
from shared.events import Event
from shared.lending import Frequency, LoanPurpose

DOSSIER = "d0551e4"
CAMPAIGN = "lli-2024"
SUBMITTED_AT = datetime(2024, 4, 29, 7, 0, 1, tzinfo=UTC)
GIVEN_AT = datetime(2024, 5, 15, 9, tzinfo=UTC)


def loan(loan_id="batiment", purpose=LoanPurpose.BUILDING, principal_cents=325_000_000, **changes) -> Loan:
    given = {
        "loan_id": loan_id,
        "purpose": purpose,
        "principal_cents": principal_cents,
        "duration_years": 35,
        "frequency": Frequency.ANNUAL,
        "annual_rate": Decimal("0.029"),
        "rate_basis": RateBasis.FIXED,
        "deferral_months": 24,
    }
    return Loan(**given | changes)


def document(document_id="doc1", kind="offer_letter") -> StoredDocument:
    return StoredDocument(
        document_id=document_id,
        kind=kind,
        filename="lettre.pdf",
        object_key=f"dossiers/{DOSSIER}/{document_id}",
        media_type="application/pdf",
        sha256="0" * 64,
        size_bytes=1,
    )


def uploaded(document: StoredDocument, dossier_id: str = DOSSIER) -> DocumentUploaded:
    return DocumentUploaded(
        dossier_id=dossier_id, document=document, pages=1, uploaded_at=SUBMITTED_AT, uploaded_by="user:portal"
    )


def scanned(document_id: str, dossier_id: str = DOSSIER, *, safe: bool = True) -> DocumentScanned:
    return DocumentScanned(dossier_id=dossier_id, document_id=document_id, safe=safe, scanned_at=SUBMITTED_AT)


def papers(dossier_id: str) -> list[Event]:
    """The documents a deposit needs, uploaded and found safe."""
    kinds = ("offer_letter", "presentation")
    return [
        fact
        for kind in kinds
        for fact in (
            uploaded(document(f"{dossier_id}-{kind}", kind), dossier_id),
            scanned(f"{dossier_id}-{kind}", dossier_id),
        )
    ]


def submitted(**changes) -> DossierSubmitted:
    loans = changes.pop("loans", (loan(), loan("foncier", LoanPurpose.LAND, 100_000_000, duration_years=50)))
    given = {
        "campaign_id": CAMPAIGN,
        "dossier_id": DOSSIER,
        "deposit_number": 1,
        "submitted_at": SUBMITTED_AT,
        "bailleur": Bailleur(siren="732829320", name="Habitat Essai", structure=Structure.SA_HLM, department="17"),
        "operation": Operation(
            name="Les Minimes",
            commune_code="17300",
            commune_name="La Rochelle",
            department="17",
            zone="B1",
            zoning_vintage=date(2025, 9, 5),
            homes=60,
            average_surface_m2=Decimal(62),
            rent_per_m2_cents=1_150,
        ),
        "loans": loans,
        "principal_cents": sum(one.principal_cents for one in loans),
        "financing": FinancingPlan(total_cost_cents=500_000_000, equity_cents=75_000_000, subsidies_cents=0),
        "documents": (document(),),
    }
    return DossierSubmitted(**given | changes)


def profile(**changes) -> RiskProfileRecorded:
    given = {
        "dossier_id": DOSSIER,
        "rating": "2",
        "scale": "since_2022",
        "rated_on": date(2024, 3, 1),
        "programme_quality": "B",
        "recorded_at": GIVEN_AT,
    }
    return RiskProfileRecorded(**given | changes)


def opinion(given: Opinion = Opinion.FAVOURABLE) -> CommitteeOpinionGiven:
    return CommitteeOpinionGiven(
        dossier_id=DOSSIER, opinion=given, session_date=date(2024, 5, 15), given_at=GIVEN_AT, reason=""
    )
