"""What the ledger says no to."""

from shared.errors import Refusal


class UnknownCampaign(Refusal):
    type = "unknown-campaign"
    title = "Campagne inconnue"


class InvalidNumber(Refusal):
    type = "invalid-number"
    title = "Numéro hors limites"


class CommandConflict(Refusal):
    """The same dossier or number came before with another content (ARCHITECTURE, Invariant 4)."""

    type = "command-conflict"
    title = "Commande contradictoire"


class NumberAlreadyDecided(Refusal):
    type = "number-already-decided"
    title = "Numéro déjà décidé"


class NotReserved(Refusal):
    type = "not-reserved"
    title = "Aucune réservation pour ce dossier"
