"""Values that several events carry."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.events import UtcDatetime, Value
from shared.lending import AmortisationProfile, Frequency, LoanPurpose, PrefinancingInterest


class Structure(StrEnum):
    """The eligible legal structures (cahier des charges 1, seven bullets, the first holding two)."""

    SA_HLM = "sa_hlm"
    SA_HLM_LLI_SUBSIDIARY = "sa_hlm_lli_subsidiary"
    OPH = "oph"
    COOP_HLM = "coop_hlm"
    SCIC_HLM = "scic_hlm"
    SEM = "sem"
    L313_20_1_2 = "l313_20_1_2"
    SAC = "sac"


class DocumentKind(StrEnum):
    OFFER_LETTER = "offer_letter"
    INTENT_LETTER = "intent_letter"
    PRESENTATION = "presentation"
    SUPPLEMENT = "supplement"


class RateBasis(StrEnum):
    FIXED = "fixed"
    LIVRET_A = "livret_a"


class Exhaustion(StrEnum):
    """What happens to a deposit that finds no room (DOMAIN, Campaign rules, `on_exhaustion`)."""

    STRICT_WAITLIST = "strict_waitlist"
    FIRST_FIT = "first_fit"
    CLOSE = "close"


class Signatory(Value):
    """Who signs for an organisation, and the function they sign in."""

    name: str
    capacity: str


class Bailleur(Value):
    """The landlord as it stood at the deposit; `seat` is the address it registered with and `signatory` who it said
    signs its conventions, where they are known.
    """

    siren: str
    name: str
    structure: Structure
    department: str
    seat: str | None = None
    signatory: Signatory | None = None


class Operation(Value):
    """The building programme. `rent_per_m2_cents` is monthly, charges excluded; `zoning_vintage` dates the zone."""

    name: str
    commune_code: str
    commune_name: str
    department: str
    zone: str
    zoning_vintage: date
    homes: int
    average_surface_m2: Decimal
    rent_per_m2_cents: int


class Loan(Value):
    """One BdT loan line. Rates are fractions a year (0.029 for 2.9 %); `annual_rate` is the rate in the letter.

    `progressivity` is by how much instalments grow a year (−0.01 for −1 %), where they are progressive.
    """

    loan_id: str
    purpose: LoanPurpose
    principal_cents: int
    duration_years: int
    frequency: Frequency
    annual_rate: Decimal
    rate_basis: RateBasis
    margin: Decimal | None = None
    prefinancing_months: int = 0
    prefinancing_interest: PrefinancingInterest = PrefinancingInterest.PAID
    deferral_months: int = 0
    profile: AmortisationProfile = AmortisationProfile.CONSTANT_INSTALMENTS
    progressivity: Decimal = Decimal(0)


class FinancingPlan(Value):
    """How the operation is paid for. Any other guarantee makes it ineligible (cahier des charges 3)."""

    total_cost_cents: int
    equity_cents: int
    subsidies_cents: int
    other_guarantees: tuple[str, ...] = ()


class StoredDocument(Value):
    """A document in the object store: its write-once key, its bytes' SHA-256 (hex) and their number."""

    document_id: str
    kind: str
    filename: str
    object_key: str
    media_type: str
    sha256: str
    size_bytes: int
    version: int = 1


class Printing(Value):
    """How a paper was printed, to print it again: template version, typesetter, SHA-256 before any signature."""

    templates: str
    engine: str
    sha256: str


class PremiumLine(Value):
    """What a landlord sees of one line's price; neither rate nor step (DOMAIN rule 11)."""

    loan_id: str
    purpose: LoanPurpose
    principal_cents: int
    premium_cents: int


class CampaignRules(Value):
    """One version of a campaign's rules (DOMAIN, Campaign rules); in force from `effective_at`."""

    campaign_id: str
    version: int
    label: str
    cap_cents: int = Field(gt=0)
    opens_at: UtcDatetime
    effective_at: UtcDatetime
    reserve_at: Literal["submission"] = "submission"
    on_exhaustion: Exhaustion = Exhaustion.STRICT_WAITLIST
    released_amounts_return: bool = True
    offer_validity_business_days: int = Field(10, ge=1, le=250)
    convention_return_days: int = Field(60, ge=1)
    premium_due_days: int = Field(30, ge=1)
    correction_keeps_rank: Literal[True] = True
