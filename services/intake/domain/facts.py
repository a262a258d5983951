"""Facts that stay inside intake."""

from shared.events import Event, UtcDatetime


class DossierOpened(Event):
    """A bailleur began a dossier. Private."""

    dossier_id: str
    siren: str
    campaign_id: str
    opened_at: UtcDatetime
