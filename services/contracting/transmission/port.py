"""What transmission to the Banque des Territoires promises, whatever the way."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from services.contracting.domain.facts import Channel, Proof
from shared.errors import Refusal

COMPONENT = "bdt"


class TransmissionRefused(Refusal):
    """What repeating cannot mend: a person has to look."""


class ActeNameTaken(TransmissionRefused):
    type = "acte-name-taken"
    title = "Un autre document porte déjà le nom de cet acte"

    def __init__(self, name: str) -> None:
        super().__init__(f"Le fichier {name} existe déjà avec un autre contenu.")


class ActeAltered(TransmissionRefused):
    type = "acte-altered"
    title = "Le document conservé n'est plus l'acte qui a été établi"


class BdtHostUnknown(TransmissionRefused):
    type = "bdt-host-unknown"
    title = "Le serveur de la Banque des Territoires n'est pas celui attendu"


class WayNotConfigured(TransmissionRefused):
    """An acte that was settled to go over a way goes over it: a person sets it up again."""

    type = "bdt-way-not-configured"
    title = "Une voie vers la Banque des Territoires n'est plus configurée"


@dataclass(frozen=True, slots=True)
class Acte:
    """What is transmitted; sending the same again changes nothing at the BdT."""

    dossier_id: str
    deposit_number: int
    pdf: bytes
    prepared_at: datetime

    @property
    def name(self) -> str:
        return f"{self.deposit_number:06d}-{self.dossier_id}.pdf"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()

    def manifest(self) -> bytes:
        """JSON: file, sha256, size_bytes, dossier_id, deposit_number, prepared_at."""
        described = {
            "file": self.name,
            "sha256": self.sha256,
            "size_bytes": len(self.pdf),
            "dossier_id": self.dossier_id,
            "deposit_number": self.deposit_number,
            "prepared_at": self.prepared_at.isoformat(),
        }
        return json.dumps(described, sort_keys=True, indent=2).encode() + b"\n"

    def proof(self, channel: Channel, destination: str, answer: str, sent_at: datetime) -> Proof:
        return Proof(
            channel=channel,
            destination=destination,
            name=self.name,
            sha256=self.sha256,
            size_bytes=len(self.pdf),
            answer=answer,
            sent_at=sent_at,
        )


class Transmission(Protocol):
    """One way to the BdT."""

    async def send(self, acte: Acte, now: datetime) -> Proof:
        """Return the proof once the BdT has the acte, the same bytes again included.

        Raises: Unavailable("bdt") (repeat later), TransmissionRefused.
        """
        ...

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        """The BdT's acknowledgement files that are there, by the names of the actes they are about.

        Raises: Unavailable("bdt"), TransmissionRefused.
        """
        ...


Ways = Mapping[Channel, Transmission]
"""The configured ways, each once, in the order they are tried: the drop, then mail."""


def acknowledgement_name(name: str) -> str:
    """`000012-d1.pdf` → `000012-d1.ack.json`."""
    return str(PurePosixPath(name).with_suffix(".ack.json"))


def manifest_name(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(".json"))
