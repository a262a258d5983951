"""What a returned convention is refused for."""

from shared.errors import Refusal


class ReturnNotExamined(Refusal):
    type = "return-not-examined"
    title = "Les signatures de ce retour n'ont pas encore été examinées"


class ReturnRefused(Refusal):
    """A returned convention that nobody can accept; `faults` and `pages` say why."""


class SignatureBroken(ReturnRefused):
    type = "signature-broken"
    title = "Une signature de la convention retournée est rompue"


class ConventionAltered(ReturnRefused):
    type = "convention-altered"
    title = "La convention retournée n'est pas celle qui a été envoyée"


class ChangedAfterSignature(ReturnRefused):
    type = "changed-after-signature"
    title = "La convention retournée a été modifiée après une signature"


class SignatureMissing(ReturnRefused):
    type = "signature-missing"
    title = "La convention retournée n'est pas signée"


class CertificateExpired(ReturnRefused):
    type = "certificate-expired"
    title = "Certificat de signature hors validité"


class CertificateRevoked(ReturnRefused):
    type = "certificate-revoked"
    title = "Certificat de signature révoqué"


class CertificateUntrusted(ReturnRefused):
    type = "certificate-untrusted"
    title = "Certificat de signature d'une autorité non reconnue"


class CertificateOfAnotherName(ReturnRefused):
    type = "certificate-of-another-name"
    title = "Certificat de signature à un autre nom"
