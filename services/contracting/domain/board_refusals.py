"""What a session of the board says no to."""

from shared.errors import Refusal


class SessionAlreadyOpen(Refusal):
    type = "session-already-open"
    title = "Cette séance est déjà ouverte"


class SessionNotHeldYet(Refusal):
    type = "session-not-held-yet"
    title = "La séance n'a pas encore eu lieu"


class MemberNamedTwice(Refusal):
    type = "member-named-twice"
    title = "Un membre est nommé deux fois"
    status = 422


class BoardTooLarge(Refusal):
    type = "board-too-large"
    title = "Trop de membres pour ce conseil"
    status = 422


class UnknownMember(Refusal):
    type = "unknown-member"
    title = "Membre inconnu"
    status = 422


class ChairNotPresent(Refusal):
    type = "chair-not-present"
    title = "Le président de séance est excusé"
    status = 422


class ChairNotNamed(Refusal):
    type = "chair-not-named"
    title = "Le président de séance n'est pas désigné"


class DossierNamedTwice(Refusal):
    type = "dossier-named-twice"
    title = "Un dossier est nommé deux fois"
    status = 422


class NotOnAgenda(Refusal):
    type = "not-on-agenda"
    title = "Ce dossier n'est pas à l'ordre du jour"


class NoQuorum(Refusal):
    """`deciding`, `minimum_present`: how many decide the dossier and how many it takes."""

    type = "no-quorum"
    title = "Le quorum n'est pas atteint"


class RecusedMember(Refusal):
    type = "recused-member"
    title = "Un membre déporté ne vote pas"


class MemberNotPresent(Refusal):
    type = "member-not-present"
    title = "Un membre excusé ne vote pas"


class VotesIncomplete(Refusal):
    """`missing`: the members whose vote is awaited."""

    type = "votes-incomplete"
    title = "Il manque des votes"
    status = 422


class DecisionNotCarried(Refusal):
    type = "decision-not-carried"
    title = "La majorité n'est pas réunie"


class AgendaNotFinished(Refusal):
    """`missing`: the deposit numbers that await a decision."""

    type = "agenda-not-finished"
    title = "L'ordre du jour n'est pas épuisé"


class DecisionUnsettled(Refusal):
    """`reason`: what the decision is refused for since presence or recusals were corrected."""

    type = "decision-unsettled"
    title = "Une décision ne tient plus"


class MinutesNotWritten(Refusal):
    type = "minutes-not-written"
    title = "Le procès-verbal n'est pas établi"


class MinutesOutdated(Refusal):
    type = "minutes-outdated"
    title = "Ce procès-verbal n'est plus celui de la séance"


class DecisionFinal(Refusal):
    type = "decision-final"
    title = "Les décisions de la séance sont définitives"
