"""The trace of a price as a page for staff."""

from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.pricing.domain.facts import OfferDrafted
from shared.lending import FREQUENCIES, PROFILES, PURPOSES, PrefinancingInterest
from shared.money import format_euros
from shared.typeset import french_day, french_moment

INTERESTS = {PrefinancingInterest.PAID: "intérêts payés", PrefinancingInterest.CAPITALISED: "intérêts capitalisés"}


def decimal_fr(number: Decimal) -> str:
    """0.029 → 0,029; as many decimals as it has."""
    return f"{number:f}".replace(".", ",")


def percent(rate: Decimal) -> str:
    return f"{decimal_fr((rate * 100).normalize())}\u00a0%"


PAGES = Environment(
    loader=PackageLoader("services.pricing"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
PAGES.filters |= {"euros": format_euros, "decimal": decimal_fr, "percent": percent, "day": french_day}
PAGES.filters |= {"moment": french_moment}


def trace_page(drafted: OfferDrafted) -> str:
    """The French page; a draft that keeps no workings shows its inputs and its result."""
    return PAGES.get_template("trace.html").render(
        offer=drafted,
        workings=drafted.workings,
        premiums={line.loan_id: line.premium_cents for line in drafted.lines},
        purposes=PURPOSES,
        frequencies=FREQUENCIES,
        profiles=PROFILES,
        interests=INTERESTS,
        schedules=_schedules(drafted),
    )


def _schedules(drafted: OfferDrafted) -> dict[str, list[tuple[int, int, int]]]:
    """By loan id, each period's outstanding, interest and repaid cents."""
    lines = drafted.workings.lines if drafted.workings else {}
    return {
        loan_id: list(zip(line.outstanding_cents, line.interest_cents, line.repaid_cents, strict=True))
        for loan_id, line in lines.items()
    }
