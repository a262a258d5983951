"""Fictitious landlords of every eligible structure; their SIRENs have right check digits and belong to nobody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoBailleur:
    """As the identification form asks; `rating` is Banque de France's, known to staff only."""

    siren: str
    name: str
    structure: str
    department: str
    legal_category: str
    rating: str
    special_agreement: bool = False

    @property
    def contact_email(self) -> str:
        return f"garantie@{self.siren}.example"


BAILLEURS = (
    DemoBailleur("900000019", "Habitat Démonstration Île-de-France", "sa_hlm", "75", "5546", "3+"),
    DemoBailleur("900000027", "Intermédiaire Démonstration", "sa_hlm_lli_subsidiary", "92", "5599", "2"),
    DemoBailleur("900000035", "Office Démonstration Atlantique", "oph", "44", "4140", "3"),
    DemoBailleur("900000043", "Coopérative Démonstration Rhône", "coop_hlm", "69", "5547", "4+"),
    DemoBailleur("900000050", "SCIC Démonstration Méditerranée", "scic_hlm", "13", "5560", "3-"),
    DemoBailleur("900000068", "SEM Démonstration Réunion", "sem", "974", "5515", "4"),
    DemoBailleur("900000076", "Société Démonstration Alsace", "l313_20_1_2", "67", "5710", "1-"),
    DemoBailleur("900000084", "Coordination Démonstration Nord", "sac", "59", "5699", "2-", special_agreement=True),
    DemoBailleur("900000092", "Habitat Démonstration Antilles-Guyane", "sa_hlm", "972", "5546", "3"),
)
BY_SIREN = {bailleur.siren: bailleur for bailleur in BAILLEURS}
