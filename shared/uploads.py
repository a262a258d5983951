"""What an upload really is: content is looked at, names and declared types are not believed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pikepdf
import puremagic

from shared.errors import Refusal

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
DOCUMENTS = frozenset({PDF})
DOCUMENTS_AND_PICTURES = frozenset({PDF, PNG, JPEG})

MAX_FILENAME = 120
MAX_PAGES = 1_000
ACTIVE_KEYS = ("/JS", "/JavaScript", "/EmbeddedFiles", "/EF")
ACTIVE_ACTIONS = ("/JavaScript", "/Launch", "/ImportData", "/SubmitForm")


class UploadRefused(Refusal):
    status = 422


class EmptyFile(UploadRefused):
    type = "file-empty"
    title = "Fichier vide"


class TypeNotAllowed(UploadRefused):
    type = "file-type-not-allowed"
    title = "Type de fichier non admis"
    status = 415


class MislabelledFile(UploadRefused):
    type = "file-mislabelled"
    title = "Le contenu ne correspond pas au type annoncé"


class EncryptedPdf(UploadRefused):
    type = "file-encrypted"
    title = "PDF protégé par un mot de passe"


class DamagedPdf(UploadRefused):
    type = "file-damaged"
    title = "PDF illisible ou incomplet"


class ActiveContent(UploadRefused):
    type = "file-active-content"
    title = "PDF contenant du code ou des fichiers joints"


class TooManyPages(UploadRefused):
    type = "file-too-many-pages"
    title = "PDF trop long"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the bytes are; `pages` for a PDF."""

    media_type: str
    pages: int | None


def inspect(path: Path, declared_type: str, allowed: frozenset[str] = DOCUMENTS) -> Inspected:
    """Look inside a file. Blocking: call it on a thread.

    Raises: EmptyFile, TypeNotAllowed, MislabelledFile, EncryptedPdf, DamagedPdf, ActiveContent, TooManyPages.
    """
    if path.stat().st_size == 0:
        raise EmptyFile("Le fichier ne contient aucune donnée.")
    declared = declared_type.split(";")[0].strip().lower()
    if declared not in allowed:
        raise TypeNotAllowed(f"Types admis : {', '.join(sorted(allowed))}.", allowed=sorted(allowed))
    found = media_type(path)
    if found != declared:
        raise MislabelledFile("Le fichier n'est pas du type annoncé : vérifiez-le et déposez-le à nouveau.")
    return Inspected(found, _pages(path) if found == PDF else None)


def media_type(path: Path) -> str:
    """The type the leading bytes show; `application/octet-stream` when nothing is recognised."""
    with path.open("rb") as opened:
        head = opened.read(1024)
    if head.startswith(b"%PDF-"):
        return PDF
    try:
        return puremagic.from_string(head, mime=True)
    except puremagic.PureError:
        return "application/octet-stream"


def _pages(path: Path) -> int:
    try:
        with pikepdf.open(path, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise EncryptedPdf("Déposez une version sans protection.")
            pages = len(pdf.pages)
            if _active(pdf):
                raise ActiveContent("Déposez une version imprimée, sans script ni pièce jointe.")
    except pikepdf.PasswordError:
        raise EncryptedPdf("Déposez une version sans mot de passe.") from None
    except pikepdf.PdfError:
        raise DamagedPdf("Le fichier est endommagé ou incomplet : déposez-le à nouveau.") from None
    if not 0 < pages <= MAX_PAGES:
        raise TooManyPages(f"Entre 1 et {MAX_PAGES} pages attendues.")
    return pages


def _active(pdf: pikepdf.Pdf) -> bool:
    """Scripts, launches or attachments anywhere: catalogue, pages, annotations, form fields."""
    return any(_acts(one) for one in pdf.objects)


def _acts(value: Any) -> bool:
    """An object with what is written inside it; those it refers to have their own turn."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            if any(key in one for key in ACTIVE_KEYS) or one.get("/S") in ACTIVE_ACTIONS:
                return True
            inside = list(one.values())
        elif isinstance(one, pikepdf.Array):
            inside = list(one)
        else:
            continue
        waiting += [part for part in inside if isinstance(part, pikepdf.Object) and not part.is_indirect]
    return False


def safe_filename(given: str, fallback: str = "document") -> str:
    """A name to keep: no path, no control character, bounded."""
    name = given.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join(character for character in name if character.isprintable() and character not in '<>:"|?*').strip(
        " ."
    )
    return cleaned[-MAX_FILENAME:] or fallback


def content_disposition(filename: str) -> str:
    """An attachment header with the name for old and new clients (RFC 6266, RFC 5987)."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
