"""ALS's papers with a signing key of their own."""

from pathlib import Path

from deploy.local.authority import Authority
from services.contracting.domain.facts import Guarantor, Payee
from services.contracting.papers import Papers
from shared.objects import ObjectStore
from shared.signing import Seal

PAYEE = Payee(name="Action Logement Services", iban="FR7630006000011234567890189")

GUARANTOR = Guarantor(
    legal_form="société d'essai",
    capital_cents=12_345_600,
    seat="1 rue de l'Essai, Paris",
    registration="900 000 100 RCS Essai",
    representative="son représentant",
    capacity="mandataire social",
)


def papers(root: Path, objects: ObjectStore, retention_days: int | None = None) -> Papers:
    return Papers(objects, Seal(Authority(root / "authority").als), PAYEE, GUARANTOR, retention_days)
