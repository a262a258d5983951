"""Amounts, rates and profiles in French, as contracts and offers state them."""

from decimal import Decimal

from num2words import num2words

from shared.contracts.values import Loan
from shared.lending import PROFILES, AmortisationProfile
from shared.money import MINUS

CENT = Decimal("0.01")

# Nouns, not numerals: what they count follows with « de ».
COUNTING_NOUNS = ("million", "millions", "milliard", "milliards")


def euros_in_words(amount_cents: int) -> str:
    """325000005 → « trois millions deux cent cinquante mille euros et cinq centimes »; 0 and 1 are singular."""
    assert amount_cents >= 0, "contracts state what is owed"
    euros, cents = divmod(amount_cents, 100)
    whole = _counted(euros, "euro")
    if not cents:
        return whole
    part = _counted(cents, "centime")
    return f"{whole} et {part}" if euros else f"{part} d'euro"


def profile_in_words(loan: Loan) -> str:
    """« échéances progressives (+ 1,00 % par an) »: how a loan is amortised."""
    profile = PROFILES[loan.profile]
    if loan.profile is not AmortisationProfile.PROGRESSIVE_INSTALMENTS:
        return profile
    return f"{profile} ({signed_percent(loan.progressivity)} par an)"


def signed_percent(rate: Decimal) -> str:
    """0.006 → « + 0,60 % »."""
    sign = MINUS if rate < 0 else "+"
    return f"{sign}\u00a0{percent(abs(rate))}"


def percent(rate: Decimal) -> str:
    """0.029 → « 2,90 % »: two decimals, and more where the rate has them."""
    hundredths = (rate * 100).normalize()
    shown = hundredths if hundredths != hundredths.quantize(CENT) else hundredths.quantize(CENT)
    return f"{shown:f}".replace(".", ",") + "\u00a0%"


def _counted(number: int, unit: str) -> str:
    words = num2words(number, lang="fr")
    if words.rpartition(" ")[2] in COUNTING_NOUNS:
        return f"{words} d'{unit}s"
    return f"{words} {unit}" if number < 2 else f"{words} {unit}s"
