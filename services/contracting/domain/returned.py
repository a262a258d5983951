"""What a returned convention is worth: from what was found in the file to conforming, for a person, or refused."""

import re
import unicodedata
from enum import StrEnum

from services.contracting.domain.names import alike, words_of
from services.contracting.domain.return_refusals import (
    CertificateExpired,
    CertificateOfAnotherName,
    CertificateRevoked,
    CertificateUntrusted,
    ChangedAfterSignature,
    ConventionAltered,
    ReturnRefused,
    SignatureBroken,
    SignatureMissing,
)
from shared.contracts.values import Bailleur
from shared.events import Event, UtcDatetime, Value

# How certificates state a French company's SIREN: ETSI EN 319 412-1 (NTRFR, VATFR) and the RGS (ICD 0002).
_SIREN = re.compile(r"(?:NTRFR-|SI:FR-|VATFR-\w{2}|0002 ?)(\d{9})")
_CIVILITIES = words_of("m mme mlle madame monsieur mademoiselle")


class RevocationPolicy(StrEnum):
    """Whether revocation is asked for, and whether a certificate nobody can tell of is good enough."""

    OFF = "off"
    SOFT = "soft"
    REQUIRE = "require"


class Revocation(StrEnum):
    """What the lists of an authority say of a certificate at the moment of receipt."""

    NOT_ASKED = "not_asked"
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class PageState(StrEnum):
    """A page beside the same page of the convention that was sent."""

    SAME = "same"
    MARKED = "marked"  # holds a picture or an annotation: only a person can read it
    CHANGED = "changed"
    ADDED = "added"
    MISSING = "missing"


class Fault(StrEnum):
    """Why a return cannot be accepted; the first one that applies names the refusal."""

    SIGNATURE_BROKEN = "signature-broken"
    CONVENTION_ALTERED = "convention-altered"
    CHANGED_AFTER_SIGNATURE = "changed-after-signature"
    SIGNATURE_MISSING = "signature-missing"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_OF_ANOTHER_NAME = "certificate-of-another-name"


class Outcome(StrEnum):
    CONFORMING = "conforming"
    FOR_A_PERSON = "for_a_person"
    REFUSED = "refused"


class PageFound(Value):
    number: int
    state: PageState


class SignatureFound(Value):
    """One electronic signature that the bailleur added. `identifiers` are the certificate's organisation numbers.

    `intact`: what it signed has not changed by a bit; `extended`: something it does not allow was appended after it.
    `timestamped` tells a proven `signed_at` apart. Whether a certificate is trusted and in validity is judged at that
    moment with `judged_at_stamp`, at the receipt otherwise; its revocation at the receipt.
    """

    signer: str
    organisation: str | None
    identifiers: tuple[str, ...] = ()
    issuer: str
    signed_at: UtcDatetime | None
    timestamped: bool
    judged_at_stamp: bool = False
    intact: bool
    extended: bool
    trusted: bool
    in_validity: bool
    revocation: Revocation = Revocation.NOT_ASKED

    @property
    def sirens(self) -> frozenset[str]:
        return frozenset(found.group(1) for one in self.identifiers if (found := _SIREN.match(one)))

    @property
    def unnamed(self) -> bool:
        """Names neither a SIREN nor an organisation, as a person's own certificate: only a person can tell whose."""
        return not self.sirens and not _plain(self.organisation or "")


class Findings(Value):
    """What a returned file holds. `incremental`: it begins with the very bytes that were sent.

    `seal_intact`: nothing that ALS's signature does not allow was appended; meaningless unless incremental.
    `revocation_required`: a person looks at a certificate whose revocation is unknown.
    """

    incremental: bool
    seal_intact: bool
    pages: tuple[PageFound, ...]
    signatures: tuple[SignatureFound, ...]
    revocation_required: bool = False

    def numbers(self, *states: PageState) -> tuple[int, ...]:
        return tuple(page.number for page in self.pages if page.state in states)


class SignedReturnExamined(Event):
    """The report on a returned convention, as data; it names people and stays inside.

    `signatory` is whom the convention names as signing for the bailleur, None where it left the place free.
    """

    dossier_id: str
    document_id: str
    outcome: Outcome
    faults: tuple[Fault, ...]
    findings: Findings
    received_at: UtcDatetime
    examined_at: UtcDatetime
    signatory: str | None = None


def faults_of(findings: Findings, bailleur: Bailleur) -> tuple[Fault, ...]:
    """Every fault there is, the gravest first.

    A hand signature leaves a picture; a file with neither picture nor electronic signature is signed by nobody.
    """
    signatures = findings.signatures
    unsigned = not signatures and not findings.numbers(PageState.MARKED)
    appended = findings.incremental and not findings.seal_intact
    found = {
        Fault.SIGNATURE_BROKEN: not all(one.intact for one in signatures),
        Fault.CONVENTION_ALTERED: bool(findings.numbers(PageState.CHANGED, PageState.ADDED, PageState.MISSING)),
        Fault.CHANGED_AFTER_SIGNATURE: appended or any(one.extended for one in signatures),
        Fault.SIGNATURE_MISSING: unsigned,
        Fault.CERTIFICATE_EXPIRED: not all(one.in_validity for one in signatures),
        Fault.CERTIFICATE_REVOKED: any(one.revocation is Revocation.REVOKED for one in signatures),
        Fault.CERTIFICATE_UNTRUSTED: any(one.intact and one.in_validity and not one.trusted for one in signatures),
        Fault.CERTIFICATE_OF_ANOTHER_NAME: bool(signatures)
        and not any(one.unnamed or names(one, bailleur) for one in signatures),
    }
    return tuple(fault for fault in Fault if found[fault])


def outcome_of(findings: Findings, faults: tuple[Fault, ...], signatory: str | None = None) -> Outcome:
    """Conforming: the very file that was sent, with nothing but sound signatures, one of them its `signatory`'s.

    Anything else needs eyes.
    """
    if faults:
        return Outcome.REFUSED
    untouched = all(page.state is PageState.SAME for page in findings.pages)
    unknown = any(one.revocation is Revocation.UNKNOWN for one in findings.signatures)
    told = not (findings.revocation_required and unknown)
    named = not any(one.unnamed for one in findings.signatures)
    theirs = signatory is None or signed_by(findings, signatory)
    sound = findings.incremental and findings.signatures and untouched and told and named and theirs
    return Outcome.CONFORMING if sound else Outcome.FOR_A_PERSON


def signed_by(findings: Findings, signatory: str) -> bool:
    """Whether a certificate bears the signatory's name; that of a seal bears its organisation's."""
    printed = words_of(signatory) - _CIVILITIES
    return any(alike(words_of(one.signer) - _CIVILITIES, printed) for one in findings.signatures)


def names(signature: SignatureFound, bailleur: Bailleur) -> bool:
    """Whether a certificate is the bailleur's: by SIREN where it states one, by the name otherwise."""
    if signature.sirens:
        return bailleur.siren in signature.sirens
    return signature.organisation is not None and _plain(signature.organisation) == _plain(bailleur.name)


def _plain(name: str) -> str:
    """Letters and digits only, without accents or case."""
    spelled = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in spelled if character.isalnum())


def refusal_of(examined: SignedReturnExamined) -> ReturnRefused:
    """The named error of a refused return, with its faults and the pages that differ."""
    assert examined.faults, "only a refused return has a refusal"
    return _REFUSALS[examined.faults[0]](
        reason_of(examined),
        faults=[fault.value for fault in examined.faults],
        pages=list(examined.findings.numbers(PageState.CHANGED, PageState.ADDED, PageState.MISSING)),
    )


def reason_of(examined: SignedReturnExamined) -> str:
    """What the bailleur reads: every fault, with the pages that differ."""
    return " ".join(_sentence(fault, examined.findings) for fault in examined.faults)


def _sentence(fault: Fault, findings: Findings) -> str:
    if fault is not Fault.CONVENTION_ALTERED:
        return SENTENCES[fault]
    labels = {PageState.CHANGED: "modifiées", PageState.ADDED: "ajoutées", PageState.MISSING: "manquantes"}
    said = [
        f"pages {label}\u00a0: {', '.join(map(str, pages))}"
        for state, label in labels.items()
        if (pages := findings.numbers(state))
    ]
    pages = "\u00a0; ".join(said)
    return f"Le document retourné n'est plus la convention envoyée ({pages})."


SENTENCES = {
    Fault.SIGNATURE_BROKEN: "Une signature électronique du document est rompue.",
    Fault.CHANGED_AFTER_SIGNATURE: "Le document a été modifié après une signature.",
    Fault.SIGNATURE_MISSING: "Le document retourné ne porte aucune signature du bailleur.",
    Fault.CERTIFICATE_EXPIRED: "Un certificat de signature n'était pas en cours de validité.",
    Fault.CERTIFICATE_REVOKED: "Un certificat de signature était révoqué à la réception.",
    Fault.CERTIFICATE_UNTRUSTED: "Un certificat de signature n'est pas délivré par une autorité reconnue.",
    Fault.CERTIFICATE_OF_ANOTHER_NAME: "Aucun certificat de signature n'est au nom du bailleur.",
}

_REFUSALS: dict[Fault, type[ReturnRefused]] = {
    Fault.SIGNATURE_BROKEN: SignatureBroken,
    Fault.CONVENTION_ALTERED: ConventionAltered,
    Fault.CHANGED_AFTER_SIGNATURE: ChangedAfterSignature,
    Fault.SIGNATURE_MISSING: SignatureMissing,
    Fault.CERTIFICATE_EXPIRED: CertificateExpired,
    Fault.CERTIFICATE_REVOKED: CertificateRevoked,
    Fault.CERTIFICATE_UNTRUSTED: CertificateUntrusted,
    Fault.CERTIFICATE_OF_ANOTHER_NAME: CertificateOfAnotherName,
}
