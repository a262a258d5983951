"""ALS's papers with a signing key of their own."""

from pathlib import Path

from deploy.local.authority import Authority
from services.contracting.domain.facts import Payee
from services.contracting.papers import Papers
from shared.objects import ObjectStore
from shared.signing import Seal

PAYEE = Payee(name="Action Logement Services", iban="FR7630006000011234567890189")


def papers(root: Path, objects: ObjectStore, retention_days: int | None = None) -> Papers:
    return Papers(objects, Seal(Authority(root / "authority").als), PAYEE, retention_days)
