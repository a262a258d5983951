"""How an acte reaches the Banque des Territoires: a directory, an SFTP or an S3 drop, mail, or both (docs/adr/0013)."""

from services.contracting.transmission.bucket import BdtBucket
from services.contracting.transmission.directory import BdtDirectory
from services.contracting.transmission.mail import BdtMail
from services.contracting.transmission.port import (
    Acte,
    ActeAltered,
    ActeNameTaken,
    BdtHostUnknown,
    Transmission,
    TransmissionRefused,
    WayNotConfigured,
    Ways,
    acknowledgement_name,
)
from services.contracting.transmission.sftp import BdtSftp

__all__ = [
    "Acte",
    "ActeAltered",
    "ActeNameTaken",
    "BdtBucket",
    "BdtDirectory",
    "BdtHostUnknown",
    "BdtMail",
    "BdtSftp",
    "Transmission",
    "TransmissionRefused",
    "WayNotConfigured",
    "Ways",
    "acknowledgement_name",
]
