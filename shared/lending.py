"""The words and the limits of the loans that are guaranteed (DOMAIN, Words and Loans)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shared.errors import Refusal
from shared.money import MAX_CENTS, check_cents

MONTHS_PER_YEAR = 12
# A finer rate than a millionth of a per cent is a slip; the bound also keeps every interest exact in Decimal.
RATE_STEP = Decimal("1e-8")
MIN_PROGRESSIVITY, MAX_PROGRESSIVITY = Decimal("-0.03"), Decimal("0.005")


class LoanPurpose(StrEnum):
    LAND = "land"
    BUILDING = "building"


class Frequency(StrEnum):
    ANNUAL = "annual"
    HALF_YEARLY = "half_yearly"
    QUARTERLY = "quarterly"

    @property
    def periods_per_year(self) -> int:
        return {Frequency.ANNUAL: 1, Frequency.HALF_YEARLY: 2, Frequency.QUARTERLY: 4}[self]

    @property
    def months_per_period(self) -> int:
        return MONTHS_PER_YEAR // self.periods_per_year


class PrefinancingInterest(StrEnum):
    PAID = "paid"
    CAPITALISED = "capitalised"


class AmortisationProfile(StrEnum):
    """What stays constant once the deferral is over: the instalment, the principal repaid, or the instalment's
    growth from one year to the next.
    """

    CONSTANT_INSTALMENTS = "constant_instalments"
    CONSTANT_AMORTISATION = "constant_amortisation"
    PROGRESSIVE_INSTALMENTS = "progressive_instalments"


class LoanOutsideLimits(Refusal):
    """A loan line outside the campaign's limits; the pointer names the field."""

    type = "loan-outside-limits"
    title = "Prêt hors des limites de l'appel à manifestation d'intérêt"
    status = 422


class DurationOutsideLimits(LoanOutsideLimits):
    type = "loan-duration-outside-limits"
    title = "Durée du prêt hors limites"


class RateOutsideLimits(LoanOutsideLimits):
    type = "loan-rate-outside-limits"
    title = "Taux du prêt hors limites"


class PrefinancingOutsideLimits(LoanOutsideLimits):
    type = "loan-prefinancing-outside-limits"
    title = "Durée de préfinancement hors limites"


class DeferralOutsideLimits(LoanOutsideLimits):
    type = "loan-deferral-outside-limits"
    title = "Différé d'amortissement hors limites"


class DeferralLongerThanLoan(LoanOutsideLimits):
    """No period would be left to repay anything."""

    type = "loan-deferral-longer-than-loan"
    title = "Différé d'amortissement plus long que le prêt"


class DeferralNotWholePeriods(LoanOutsideLimits):
    """The deferral ends inside a period; whether it runs to its start or its end is not ours to guess."""

    type = "loan-deferral-not-whole-periods"
    title = "Différé d'amortissement incompatible avec la périodicité"


class ProgressivityOutsideLimits(LoanOutsideLimits):
    type = "loan-progressivity-outside-limits"
    title = "Progressivité des échéances hors limites"


class LoanCharacteristics(Protocol):
    """A loan line as limits see it. Rates are fractions a year: 0.029 for 2.9 %; so is the progressivity."""

    @property
    def purpose(self) -> LoanPurpose: ...
    @property
    def principal_cents(self) -> int: ...
    @property
    def duration_years(self) -> int: ...
    @property
    def frequency(self) -> Frequency: ...
    @property
    def annual_rate(self) -> Decimal: ...
    @property
    def prefinancing_months(self) -> int: ...
    @property
    def deferral_months(self) -> int: ...
    @property
    def profile(self) -> AmortisationProfile: ...
    @property
    def progressivity(self) -> Decimal: ...


def deferred_periods(
    deferral_months: int, duration_years: int, frequency: Frequency, *, pointer: str | None = None
) -> int:
    """How many whole periods are interest-only. At least one period is left to repay.

    Raises: DeferralNotWholePeriods, DeferralLongerThanLoan.
    """
    periods, rest = divmod(deferral_months, frequency.months_per_period)
    if rest:
        raise DeferralNotWholePeriods(
            f"Le différé d'amortissement doit être un multiple de {frequency.months_per_period} mois, "
            "la périodicité du prêt.",
            pointer=pointer,
        )
    if periods >= duration_years * frequency.periods_per_year:
        raise DeferralLongerThanLoan(
            "Le différé d'amortissement doit laisser au moins une échéance de remboursement.", pointer=pointer
        )
    return periods


def check_progressivity(profile: AmortisationProfile, progressivity: Decimal, *, pointer: str | None = None) -> None:
    """Between −3 % and +0.5 % a year, and only where instalments are progressive.

    Raises: ProgressivityOutsideLimits.
    """
    if profile is not AmortisationProfile.PROGRESSIVE_INSTALMENTS:
        if progressivity != 0:
            raise ProgressivityOutsideLimits(
                "Une progressivité ne se conçoit que pour des échéances progressives.", pointer=pointer
            )
        return
    within = progressivity.is_finite() and MIN_PROGRESSIVITY <= progressivity <= MAX_PROGRESSIVITY
    if not within or progressivity != progressivity.quantize(RATE_STEP):
        raise ProgressivityOutsideLimits(
            "La progressivité annuelle doit être comprise entre −3\u00a0% et +0,5\u00a0%, à huit décimales au plus.",
            pointer=pointer,
        )


@dataclass(frozen=True, slots=True)
class LoanLimits:
    """What a campaign accepts. Durations are of the amortisation phase, deferral included."""

    max_principal_cents: int = MAX_CENTS
    max_building_years: int = 40
    max_land_years: int = 50
    max_prefinancing_months: int = 24
    max_deferral_months: int = 24
    max_annual_rate: Decimal = Decimal("0.15")

    def check(self, loan: LoanCharacteristics, pointer: str = "") -> None:
        """Refuse the first thing that is outside; `pointer` is the line's, e.g. `/loans/0`.

        Raises: AmountOutOfRange, DurationOutsideLimits, RateOutsideLimits, PrefinancingOutsideLimits,
        DeferralOutsideLimits, DeferralNotWholePeriods, DeferralLongerThanLoan, ProgressivityOutsideLimits.
        """
        check_cents(
            loan.principal_cents,
            minimum_cents=1,
            maximum_cents=self.max_principal_cents,
            pointer=f"{pointer}/principal_cents",
        )
        longest = self.max_land_years if loan.purpose is LoanPurpose.LAND else self.max_building_years
        if not 1 <= loan.duration_years <= longest:
            raise DurationOutsideLimits(
                f"La durée d'amortissement doit être comprise entre 1 et {longest} ans.",
                pointer=f"{pointer}/duration_years",
            )
        self._check_rate(loan.annual_rate, f"{pointer}/annual_rate")
        if not 0 <= loan.prefinancing_months <= self.max_prefinancing_months:
            raise PrefinancingOutsideLimits(
                f"Le préfinancement doit être compris entre 0 et {self.max_prefinancing_months} mois.",
                pointer=f"{pointer}/prefinancing_months",
            )
        if not 0 <= loan.deferral_months <= self.max_deferral_months:
            raise DeferralOutsideLimits(
                f"Le différé d'amortissement doit être compris entre 0 et {self.max_deferral_months} mois.",
                pointer=f"{pointer}/deferral_months",
            )
        deferred_periods(
            loan.deferral_months, loan.duration_years, loan.frequency, pointer=f"{pointer}/deferral_months"
        )
        check_progressivity(loan.profile, loan.progressivity, pointer=f"{pointer}/progressivity")

    def _check_rate(self, annual_rate: Decimal, pointer: str) -> None:
        if not (annual_rate.is_finite() and 0 <= annual_rate <= self.max_annual_rate):
            highest = f"{(self.max_annual_rate * 100).normalize():f}".replace(".", ",")
            raise RateOutsideLimits(
                f"Le taux annuel doit être compris entre 0\u00a0% et {highest}\u00a0%.", pointer=pointer
            )
        if annual_rate != annual_rate.quantize(RATE_STEP):
            raise RateOutsideLimits("Le taux annuel compte trop de décimales.", pointer=pointer)


# What French readers see of a loan.
PURPOSES = {LoanPurpose.LAND: "Prêt foncier", LoanPurpose.BUILDING: "Prêt bâti (travaux)"}
# The names of a dossier's lines on every paper, each with its place among those of its purpose; the land comes first.
LINES = {LoanPurpose.LAND: "Foncier", LoanPurpose.BUILDING: "Bâti"}
FREQUENCIES = {
    Frequency.ANNUAL: "annuelle",
    Frequency.HALF_YEARLY: "semestrielle",
    Frequency.QUARTERLY: "trimestrielle",
}
PROFILES = {
    AmortisationProfile.CONSTANT_INSTALMENTS: "échéances constantes",
    AmortisationProfile.CONSTANT_AMORTISATION: "amortissement constant",
    AmortisationProfile.PROGRESSIVE_INSTALMENTS: "échéances progressives",
}
