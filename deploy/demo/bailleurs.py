"""Fictitious landlords of every eligible structure; their SIRENs have right check digits and belong to nobody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoBailleur:
    """As the identification form asks; `rating` is Banque de France's, known to staff only, and so are the `owners`."""

    siren: str
    name: str
    structure: str
    department: str
    town: str
    legal_category: str
    rating: str
    special_agreement: bool = False
    owners: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"1 place de la Démonstration, {self.town}"

    @property
    def contact_email(self) -> str:
        return f"garantie@{self.siren}.example"


# One of the made-up entries of the local register of asset freezes bears this name (deploy/local).
NAMESAKE = "Camille Exemplaire-Fictif"
BAILLEURS = (
    DemoBailleur("900000019", "Habitat Démonstration Île-de-France", "sa_hlm", "75", "75000 Paris", "5546", "3+"),
    DemoBailleur(
        "900000027", "Intermédiaire Démonstration", "sa_hlm_lli_subsidiary", "92", "92000 Nanterre", "5599", "2"
    ),
    DemoBailleur("900000035", "Office Démonstration Atlantique", "oph", "44", "44000 Nantes", "4140", "3"),
    DemoBailleur("900000043", "Coopérative Démonstration Rhône", "coop_hlm", "69", "69000 Lyon", "5547", "4+"),
    DemoBailleur("900000050", "SCIC Démonstration Méditerranée", "scic_hlm", "13", "13000 Marseille", "5560", "3-"),
    DemoBailleur("900000068", "SEM Démonstration Réunion", "sem", "974", "97400 Saint-Denis", "5515", "4"),
    DemoBailleur(
        "900000076",
        "Société Démonstration Alsace",
        "l313_20_1_2",
        "67",
        "67000 Strasbourg",
        "5710",
        "1-",
        owners=(NAMESAKE,),
    ),
    DemoBailleur(
        "900000084", "Coordination Démonstration Nord", "sac", "59", "59000 Lille", "5699", "2-", special_agreement=True
    ),
    DemoBailleur(
        "900000092", "Habitat Démonstration Antilles-Guyane", "sa_hlm", "972", "97200 Fort-de-France", "5546", "3"
    ),
)
BY_SIREN = {bailleur.siren: bailleur for bailleur in BAILLEURS}
