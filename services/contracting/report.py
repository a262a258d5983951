"""The report on a returned convention as the legal officer reads it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from services.contracting.documents import number_of
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.returned import (
    Findings,
    Outcome,
    PageState,
    Revocation,
    SignatureFound,
    SignedReturnExamined,
    reason_of,
    signed_by,
)
from shared.typeset import french_moment

OUTCOMES = {
    Outcome.CONFORMING: "Conforme",
    Outcome.FOR_A_PERSON: "À contrôler par une personne",
    Outcome.REFUSED: "Refusée",
}
PAGES = {
    PageState.SAME: "identique à la page envoyée",
    PageState.MARKED: "porte une image ou une annotation, à comparer à la page envoyée",
    PageState.CHANGED: "différente de la page envoyée",
    PageState.ADDED: "ajoutée",
    PageState.MISSING: "manquante",
}

REVOCATIONS = {
    Revocation.NOT_ASKED: "révocation du certificat non contrôlée.",
    Revocation.GOOD: "certificat non révoqué à la réception, d'après la liste ou la réponse de son autorité.",
    Revocation.REVOKED: "certificat RÉVOQUÉ à la réception.",
    Revocation.UNKNOWN: "révocation du certificat INCONNUE\u00a0: aucune liste en vigueur de son autorité.",
}
UNNAMED = "certificat SANS ORGANISATION\u00a0: une personne vérifie que son titulaire signe pour le bailleur."
ANOTHER_SIGNATORY = "Les noms DIFFÈRENT\u00a0: une personne vérifie que le titulaire signe pour le bailleur."

_PAGES_OF_HTML = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def sentences(examined: SignedReturnExamined) -> list[str]:
    """The whole report, a sentence an item: the conclusion first, then what it rests on."""
    findings = examined.findings
    received = f"Reçue le {french_moment(examined.received_at)}, examinée le {french_moment(examined.examined_at)}."
    said = [f"Conclusion\u00a0: {OUTCOMES[examined.outcome].lower()}.", received]
    if examined.faults:
        said.append(reason_of(examined))
    said.append(_origin(findings))
    said += [f"Page {one.number}\u00a0: {PAGES[one.state]}." for one in findings.pages]
    if not findings.signatures:
        said.append("Aucune signature électronique du bailleur.")
    elif examined.signatory is not None:
        said.append(_signatory(findings, examined.signatory))
    for place, signature in enumerate(findings.signatures, start=1):
        said += [f"Signature {place}\u00a0: {sentence}" for sentence in _signature(signature)]
    return said


def _signatory(findings: Findings, printed: str) -> str:
    found = ", ".join(one.signer for one in findings.signatures)
    beside = f"Signataire imprimé dans la convention\u00a0: {printed}\u00a0; au certificat\u00a0: {found}."
    return beside if signed_by(findings, printed) else f"{beside} {ANOTHER_SIGNATORY}"


def _origin(findings: Findings) -> str:
    if not findings.incremental:
        return (
            "Le fichier n'est pas celui qu'Action Logement Services a signé\u00a0: il a été numérisé ou réenregistré."
        )
    if findings.seal_intact:
        return "Le fichier est celui qu'Action Logement Services a signé, dont la signature est intacte."
    return "Le fichier est celui qu'Action Logement Services a signé, avec des ajouts que sa signature n'admet pas."


def _signature(found: SignatureFound) -> list[str]:
    organisation = f", pour {found.organisation}" if found.organisation else ""
    numbers = f" ({', '.join(found.identifiers)})" if found.identifiers else ""
    moment = f"le {french_moment(found.signed_at)}" if found.signed_at else "à un moment inconnu"
    proof = "moment prouvé par un horodatage" if found.timestamped else "moment déclaré par le signataire"
    trust = "reconnue" if found.trusted else "NON RECONNUE"
    validity = "en cours de validité" if found.in_validity else "HORS VALIDITÉ"
    judged = "à l'horodatage" if found.judged_at_stamp else "à la réception"
    return [
        f"{found.signer}{organisation}{numbers}, {moment} ({proof}).",
        "intacte." if found.intact else "ROMPUE.",
        *(["le document a été modifié ensuite."] if found.extended else []),
        f"certificat délivré par {found.issuer}, autorité {trust}, {validity} {judged}.",
        *([UNNAMED] if found.unnamed else []),
        REVOCATIONS[found.revocation],
    ]


def page(engagement: Engagement) -> str:
    """The report on the last return as an HTML page of its own, with the convention it is about."""
    examined, submitted = engagement.report, engagement.submitted
    assert examined is not None, "a return that was examined"
    assert submitted is not None, "an engagement has its deposit"
    template = _PAGES_OF_HTML.get_template("return_report.html")
    return template.render(
        examined=examined,
        convention=number_of(engagement),
        bailleur=submitted.bailleur,
        operation=submitted.operation,
        outcome=OUTCOMES[examined.outcome],
        sentences=sentences(examined)[1:],
    )
