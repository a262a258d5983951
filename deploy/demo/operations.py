"""The operations of the scenario, in deposit order: real communes, realistic loans, one story each."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from deploy.demo.bailleurs import BAILLEURS, DemoBailleur


class Story(StrEnum):
    """What happens to an operation; ACTE is the whole way."""

    ACTE = "acte"
    OTHER_GUARANTEE = "other_guarantee"
    SUPPLEMENT = "supplement"
    UNFAVOURABLE = "unfavourable"
    EXPIRE = "expire"
    DECLINE = "decline"
    BOARD_REFUSED = "board_refused"
    ACCEPT_AFTER_BOARD = "accept_after_board"
    PAY_IN_TWO = "pay_in_two"
    SIGN_BY_HAND = "sign_by_hand"
    WITHDRAW = "withdraw"


LAND_SHARE = Decimal("0.26")
LOAN_SHARE = Decimal("0.82")
EQUITY_SHARE = Decimal("0.12")


@dataclass(frozen=True, slots=True)
class DemoOperation:
    """`principal_keur`: both loans together, thousands of euros."""

    name: str
    commune_code: str
    bailleur: DemoBailleur
    homes: int
    surface_m2: int
    rent_per_m2_cents: int
    principal_keur: int
    story: Story = Story.ACTE
    quality: str = "B"
    land_years: int = 50
    building_years: int = 35
    deferral_months: int = 24
    frequency: str = "quarterly"

    @property
    def land_cents(self) -> int:
        return int(self.principal_keur * LAND_SHARE) * 100_000

    @property
    def building_cents(self) -> int:
        return self.principal_keur * 100_000 - self.land_cents

    @property
    def principal_cents(self) -> int:
        return self.land_cents + self.building_cents

    def loans(self) -> list[dict[str, Any]]:
        common = {
            "frequency": self.frequency,
            "annual_rate": "0.034",
            "rate_basis": "livret_a",
            "margin": "0.004",
            "prefinancing_months": 12,
            "prefinancing_interest": "capitalised",
            "deferral_months": self.deferral_months,
        }
        return [
            common
            | {
                "loan_id": "foncier",
                "purpose": "land",
                "principal_cents": self.land_cents,
                "duration_years": self.land_years,
            },
            common
            | {
                "loan_id": "bati",
                "purpose": "building",
                "principal_cents": self.building_cents,
                "duration_years": self.building_years,
            },
        ]

    def financing(self) -> dict[str, Any]:
        total = int(self.principal_cents / LOAN_SHARE)
        equity = int(total * EQUITY_SHARE)
        others = ["Garantie de la commune à 50 %"] if self.story is Story.OTHER_GUARANTEE else []
        return {
            "total_cost_cents": total,
            "equity_cents": equity,
            "subsidies_cents": total - self.principal_cents - equity,
            "other_guarantees": others,
        }

    def form(self) -> dict[str, Any]:
        """The draft as the portal saves it."""
        return {
            "operation": {
                "name": self.name,
                "commune_code": self.commune_code,
                "homes": self.homes,
                "average_surface_m2": str(self.surface_m2),
                "rent_per_m2_cents": self.rent_per_m2_cents,
            },
            "loans": self.loans(),
            "financing": self.financing(),
        }


IDF, INTER, ATLANTIQUE, RHONE, MED, REUNION, ALSACE, NORD, ANTILLES = BAILLEURS

# How a story that gets no acte ends: the dossier's public status.
ENDS = {
    Story.OTHER_GUARANTEE: "ineligible",
    Story.UNFAVOURABLE: "unfavourable",
    Story.EXPIRE: "offer_expired",
    Story.DECLINE: "offer_declined",
    Story.BOARD_REFUSED: "board_refused",
    Story.WITHDRAW: "withdrawn",
}

OPERATIONS = (
    DemoOperation("Les Terrasses de Tolbiac", "75113", IDF, 168, 58, 1_850, 36_400, quality="A"),
    DemoOperation("Rives de Seine", "92012", INTER, 142, 61, 1_790, 33_150, Story.SUPPLEMENT),
    DemoOperation("Le Mail des Mèches", "94028", IDF, 96, 60, 1_380, 16_200, Story.OTHER_GUARANTEE),
    DemoOperation("Les Ateliers de la Part-Dieu", "69383", RHONE, 150, 59, 1_340, 30_800, frequency="annual"),
    DemoOperation("Cap Joliette", "13202", MED, 158, 62, 1_310, 29_700, Story.PAY_IN_TWO),
    DemoOperation("Bastide Niel", "33063", ATLANTIQUE, 148, 60, 1_330, 28_600, Story.ACCEPT_AFTER_BOARD),
    DemoOperation("Prairie-au-Duc", "44109", ATLANTIQUE, 152, 61, 1_320, 29_350, quality="A"),
    DemoOperation("Euraflandres Sud", "59350", NORD, 90, 57, 1_360, 15_900, Story.UNFAVOURABLE, "C"),
    DemoOperation("Deux Rives", "67482", ALSACE, 149, 63, 1_300, 29_100, frequency="half_yearly"),
    DemoOperation("Port Marianne", "34172", MED, 155, 60, 1_320, 29_900),
    DemoOperation("Guillaumet", "31555", ATLANTIQUE, 151, 61, 1_290, 29_250, quality="A"),
    DemoOperation("Baud-Chardonnet", "35238", ATLANTIQUE, 88, 59, 1_300, 15_800, Story.DECLINE),
    DemoOperation("Grand Arénas", "06088", MED, 153, 58, 1_390, 30_400),
    DemoOperation("Les Minimes", "17300", ATLANTIQUE, 140, 62, 1_270, 27_900),
    DemoOperation("Les Trésums", "74010", RHONE, 138, 60, 1_350, 28_700, frequency="half_yearly"),
    DemoOperation("La Trinité", "97411", REUNION, 146, 64, 1_140, 27_600, land_years=40),
    DemoOperation("Savane des Tamarins", "97415", REUNION, 84, 65, 1_200, 15_700, Story.EXPIRE, "C"),
    DemoOperation("Hibiscus", "97302", ANTILLES, 144, 66, 1_120, 26_900, land_years=40),
    DemoOperation("Morne Pitault", "97209", ANTILLES, 141, 64, 1_130, 26_400, building_years=40),
    DemoOperation("Quai de la Corse", "29019", ATLANTIQUE, 86, 61, 1_110, 16_100, Story.BOARD_REFUSED),
    DemoOperation("Sansonnet", "57463", ALSACE, 145, 63, 1_120, 27_050, Story.SIGN_BY_HAND),
    DemoOperation("Fonderie", "68224", ALSACE, 82, 62, 1_100, 15_650, Story.WITHDRAW),
    DemoOperation("Estaing", "63113", RHONE, 139, 63, 1_100, 26_250, deferral_months=12),
    # From here the envelope has run out: the head of the waiting list waits for what returns.
    DemoOperation("Capucins", "49007", ATLANTIQUE, 130, 62, 1_110, 24_100),
    DemoOperation("Beaublanc", "87085", ATLANTIQUE, 138, 63, 1_060, 25_300, building_years=30, deferral_months=0),
    DemoOperation("Brèche Sud", "79191", ATLANTIQUE, 118, 64, 1_010, 21_600),
    DemoOperation("Rives du Thouet", "23096", RHONE, 145, 65, 900, 27_400, quality="C"),
    DemoOperation("Dijon Gare", "21231", RHONE, 112, 61, 1_100, 20_900),
)
CAP_CENTS = 60_000_000_000
