"""The golden premiums: `python -m tests.unit.pricing.golden` works them out in exact fractions and writes golden.json.

The file is written by the second implementation alone (exact.py); the product is then held to it.
"""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from services.pricing.domain.schedule import LoanTerms
from shared.lending import AmortisationProfile, Frequency, PrefinancingInterest
from shared.money import MAX_CENTS
from tests.unit.pricing import exact

FILE = Path(__file__).with_name("golden.json")
PAID, CAPITALISED = PrefinancingInterest
CONSTANT, AMORTISATION, PROGRESSIVE = AmortisationProfile


def case(
    principal_cents: int,
    years: int,
    frequency: Frequency,
    rate: str,
    bp: str,
    *,
    prefinancing: int = 0,
    interest: PrefinancingInterest = PAID,
    deferral: int = 0,
    profile: AmortisationProfile = CONSTANT,
    progressivity: str = "0",
    discount: str = "0.03",
) -> dict[str, Any]:
    return {
        "principal_cents": principal_cents,
        "duration_years": years,
        "frequency": frequency,
        "annual_rate": rate,
        "rate_bp": bp,
        "prefinancing_months": prefinancing,
        "prefinancing_interest": interest,
        "deferral_months": deferral,
        "profile": profile,
        "progressivity": progressivity,
        "discount_rate": discount,
    }


def cases() -> list[dict[str, Any]]:
    """The reference line, every profile at every frequency with and without a deferral, and the edges."""
    found = [case(325_000_000, 35, Frequency.ANNUAL, "0.029", "20", deferral=24)]
    for number, (profile, frequency, interest) in enumerate(
        product(AmortisationProfile, Frequency, (PAID, CAPITALISED))
    ):
        progressivity = ("-0.03", "-0.01", "0.005")[number % 3] if profile is PROGRESSIVE else "0"
        found.append(
            case(
                123_456_789 + 7_654_321 * number,
                (15, 25, 35, 40, 50)[number % 5],
                frequency,
                ("0.029", "0.0345", "0.01875")[number % 3],
                ("8", "12.5", "45", "63")[number % 4],
                prefinancing=(number * 5) % 25,
                interest=interest,
                deferral=12 * (number % 3),
                profile=profile,
                progressivity=progressivity,
            )
        )
    found += [
        case(250_000_000, 30, frequency, "0", "35", profile=profile, prefinancing=12, interest=CAPITALISED)
        for profile in AmortisationProfile
        for frequency in Frequency
    ]
    found += [
        case(1, 1, Frequency.ANNUAL, "0", "5000", discount="0"),
        case(1, 40, Frequency.QUARTERLY, "0.15", "9999", profile=AMORTISATION),
        case(MAX_CENTS, 50, Frequency.QUARTERLY, "0.15", "60", prefinancing=24, interest=CAPITALISED, deferral=24),
        case(MAX_CENTS, 50, Frequency.QUARTERLY, "0.15", "60", profile=AMORTISATION, deferral=24),
        case(
            MAX_CENTS, 40, Frequency.HALF_YEARLY, "0.02", "60", profile=PROGRESSIVE, progressivity="-0.03", deferral=6
        ),
        case(
            99_999_999, 40, Frequency.QUARTERLY, "0.034", "22", profile=PROGRESSIVE, progressivity="0.005", deferral=3
        ),
        case(
            99_999_999, 2, Frequency.QUARTERLY, "0.034", "22", profile=PROGRESSIVE, progressivity="-0.02", deferral=21
        ),
        case(100, 100, Frequency.QUARTERLY, "0.00000001", "10000", discount="0.99"),
        case(7_777_777, 50, Frequency.HALF_YEARLY, "0.12345678", "33.25", deferral=18, discount="0.0175"),
        case(60_000, 3, Frequency.ANNUAL, "0.05", "0.25", prefinancing=1, discount="0.5"),
    ]
    return found


def terms(given: dict[str, Any]) -> LoanTerms:
    return LoanTerms(
        principal_cents=given["principal_cents"],
        duration_years=given["duration_years"],
        frequency=Frequency(given["frequency"]),
        annual_rate=Decimal(given["annual_rate"]),
        prefinancing_months=given["prefinancing_months"],
        prefinancing_interest=PrefinancingInterest(given["prefinancing_interest"]),
        deferral_months=given["deferral_months"],
        profile=AmortisationProfile(given["profile"]),
        progressivity=Decimal(given["progressivity"]),
    )


def exact_cents(given: dict[str, Any]) -> int:
    return exact.premium_cents(terms(given), Fraction(given["rate_bp"]), Fraction(given["discount_rate"]))


def main() -> None:
    lines = [json.dumps(one | {"premium_cents": exact_cents(one)}) for one in cases()]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
