"""Facts that stay inside intake."""

from enum import StrEnum

from shared.contracts.values import StoredDocument
from shared.events import Event, UtcDatetime


class DossierOpened(Event):
    """A bailleur began a dossier. Private."""

    dossier_id: str
    siren: str
    campaign_id: str
    opened_at: UtcDatetime


class DocumentUploaded(Event):
    """A document came in and waits for its scan; `pages` of a PDF. Private: it names a person's account."""

    dossier_id: str
    document: StoredDocument
    pages: int | None
    uploaded_at: UtcDatetime
    uploaded_by: str


class DocumentScanned(Event):
    """What the scanner said of an uploaded document, once. Private."""

    dossier_id: str
    document_id: str
    safe: bool
    scanned_at: UtcDatetime


class Notice(StrEnum):
    """What a bailleur is told by mail."""

    ISSUED = "issued"
    REMINDER = "reminder"


class OfferNoticeMailed(Event):
    """The mail server took a notice of the offer, or (`taken` is False) refused it for good. Private."""

    dossier_id: str
    offer_id: str
    notice: Notice
    taken: bool
    mailed_at: UtcDatetime
