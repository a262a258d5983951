"""What a bailleur fills in. A draft may be incomplete; what is there is checked (whole cents, limits, known values)."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StrictInt

from shared.contracts.values import RateBasis
from shared.events import Value
from shared.lending import (
    MAX_PROGRESSIVITY,
    MIN_PROGRESSIVITY,
    AmortisationProfile,
    Frequency,
    LoanPurpose,
    PrefinancingInterest,
)
from shared.money import MAX_CENTS

MAX_LOANS = 10
Cents = Annotated[StrictInt, Field(ge=0, le=MAX_CENTS * 10)]
Principal = Annotated[StrictInt, Field(gt=0, le=MAX_CENTS)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
# Rates come as decimal text or numbers; 8 decimals are enough for a millionth of a per cent.
Rate = Annotated[Decimal, Field(ge=0, le=Decimal("0.15"), decimal_places=8)]
Progressivity = Annotated[Decimal, Field(ge=MIN_PROGRESSIVITY, le=MAX_PROGRESSIVITY, decimal_places=8)]


class OperationForm(Value):
    """The operation; the zone is not asked, it follows from the commune."""

    name: Text | None = None
    commune_code: Annotated[str, Field(pattern=r"^(\d{5}|2[AB]\d{3})$")] | None = None
    homes: Annotated[StrictInt, Field(gt=0, le=10_000)] | None = None
    average_surface_m2: Annotated[Decimal, Field(gt=0, le=500)] | None = None
    rent_per_m2_cents: Annotated[StrictInt, Field(gt=0, le=10_000)] | None = None


class LoanForm(Value):
    """One BdT loan line, land and building apart. `annual_rate` is the rate in the letter, 0.029 for 2.9 %."""

    loan_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    purpose: LoanPurpose
    principal_cents: Principal
    duration_years: Annotated[StrictInt, Field(ge=1, le=50)]
    frequency: Frequency
    annual_rate: Rate
    rate_basis: RateBasis
    margin: Annotated[Decimal, Field(ge=Decimal("-0.05"), le=Decimal("0.10"), decimal_places=8)] | None = None
    prefinancing_months: Annotated[StrictInt, Field(ge=0, le=24)] = 0
    prefinancing_interest: PrefinancingInterest = PrefinancingInterest.PAID
    deferral_months: Annotated[StrictInt, Field(ge=0, le=24)] = 0
    profile: AmortisationProfile = AmortisationProfile.CONSTANT_INSTALMENTS
    progressivity: Progressivity = Decimal(0)


class FinancingForm(Value):
    """How the operation is paid for; any other guarantee is declared here."""

    total_cost_cents: Cents | None = None
    equity_cents: Cents = 0
    subsidies_cents: Cents = 0
    other_guarantees: Annotated[tuple[Text, ...], Field(max_length=10)] = ()


class DraftForm(Value):
    """A dossier before its deposit, saved as a whole."""

    operation: OperationForm = OperationForm()
    loans: Annotated[tuple[LoanForm, ...], Field(max_length=MAX_LOANS)] = ()
    financing: FinancingForm = FinancingForm()
