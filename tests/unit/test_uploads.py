"""An upload is what its bytes are; names and declared types are not believed."""

from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Permissions, String

from shared.uploads import (
    DOCUMENTS_AND_PICTURES,
    JPEG,
    MAX_FILENAME,
    MAX_PAGES,
    PDF,
    PNG,
    ActiveContent,
    DamagedPdf,
    EmptyFile,
    EncryptedPdf,
    Inspected,
    MislabelledFile,
    TooManyPages,
    TypeNotAllowed,
    content_disposition,
    inspect,
    media_type,
    safe_filename,
)

PNG_BYTES = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 30
JPEG_BYTES = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 30
SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def printed(path: Path, pages: int = 1, root: dict | None = None, **saving) -> Path:
    pdf = Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
    for key, value in (root or {}).items():
        pdf.Root[key] = value
    pdf.save(path, **saving)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "upload"


# -- what the bytes are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", ["application/pdf", "Application/PDF; charset=binary", " application/pdf "])
def test_a_pdf_is_taken_with_its_number_of_pages(file, declared):
    assert inspect(printed(file, pages=3), declared) == Inspected(PDF, 3)


@pytest.mark.parametrize(("content", "declared"), [(PNG_BYTES, PNG), (JPEG_BYTES, JPEG)])
def test_a_picture_is_taken_where_pictures_are(file, content, declared):
    assert inspect(written(file, content), declared, DOCUMENTS_AND_PICTURES) == Inspected(declared, None)
    with pytest.raises(TypeNotAllowed) as refused:
        inspect(file, declared)
    assert refused.value.facts == {"allowed": [PDF]}


def test_an_empty_file_is_refused_whatever_it_is_called(file):
    with pytest.raises(EmptyFile):
        inspect(written(file, b""), PDF)


@pytest.mark.parametrize("declared", ["text/html", "application/octet-stream", ""])
def test_a_type_that_is_not_admitted_is_refused(file, declared):
    with pytest.raises(TypeNotAllowed):
        inspect(printed(file), declared)


@pytest.mark.parametrize("content", [PNG_BYTES, b"<html>%PDF-1.7</html>", b"MZ\x90\x00", b"\x00", b"hello"])
def test_a_file_that_is_not_what_it_says_is_refused(file, content):
    with pytest.raises(MislabelledFile):
        inspect(written(file, content), PDF, DOCUMENTS_AND_PICTURES)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"%PDF-1.4", PDF), (PNG_BYTES, PNG), (JPEG_BYTES, JPEG), (b"\x00\x01\x02", "application/octet-stream")],
)
def test_the_leading_bytes_tell_the_type(file, content, expected):
    assert media_type(written(file, content)) == expected


# -- inside a PDF ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["secret", ""])
def test_a_protected_pdf_is_refused_with_or_without_a_password_to_open_it(file, user):
    protection = pikepdf.Encryption(owner="owner", user=user, allow=Permissions(extract=False))
    with pytest.raises(EncryptedPdf):
        inspect(printed(file, encryption=protection), PDF)


@pytest.mark.parametrize("keep", [9, 200, -40])
def test_an_incomplete_pdf_is_refused(file, keep):
    whole = printed(file).read_bytes()
    with pytest.raises(DamagedPdf):
        inspect(written(file, whole[:keep]), PDF)


@pytest.mark.parametrize(
    "root",
    [
        {"/OpenAction": SCRIPT},
        {"/OpenAction": Dictionary(S=Name.Launch)},
        {"/AA": Dictionary(WC=SCRIPT)},
        {"/Names": Dictionary(JavaScript=Dictionary(Names=Array([String("a"), SCRIPT])))},
        {"/Names": Dictionary(EmbeddedFiles=Dictionary(Names=Array()))},
        {"/JavaScript": SCRIPT},
        {"/AcroForm": Dictionary(Fields=Array([Dictionary(T=String("a"), AA=Dictionary(K=SCRIPT))]))},
        {"/Anything": Array([Dictionary(Type=Name.Annot, A=Dictionary(S=Name.SubmitForm))])},
        {"/Anything": Dictionary(Type=Name.Filespec, EF=Dictionary())},
    ],
    ids=[
        "script on opening",
        "launch",
        "script on closing",
        "named script",
        "attachment",
        "script",
        "script of a field",
        "annotation that sends",
        "file in an annotation",
    ],
)
def test_a_pdf_that_acts_is_refused(file, root):
    with pytest.raises(ActiveContent):
        inspect(printed(file, root=root), PDF)


@pytest.mark.parametrize(
    "root",
    [
        {"/OpenAction": Array([0, Name.Fit])},
        {"/OpenAction": Dictionary(S=Name.GoTo)},
        {"/Names": Dictionary(Dests=Dictionary(Names=Array()))},
    ],
)
def test_a_pdf_that_only_shows_a_page_is_taken(file, root):
    assert inspect(printed(file, root=root), PDF).pages == 1


@pytest.mark.parametrize("pages", [0, MAX_PAGES + 1])
def test_a_pdf_has_pages_and_not_too_many(file, pages):
    with pytest.raises(TooManyPages):
        inspect(printed(file, pages), PDF)


def test_the_longest_pdf_is_taken(file):
    assert inspect(printed(file, MAX_PAGES), PDF).pages == MAX_PAGES


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("lettre d'offre.pdf", "lettre d'offre.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\plan.pdf", "plan.pdf"),
        ('a<b>:"|?*.pdf', "ab.pdf"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        (" . ", "document"),
        ("", "document"),
        ("dossier/", "document"),
        ("é" * 200 + ".pdf", "é" * (MAX_FILENAME - 4) + ".pdf"),
    ],
)
def test_a_name_is_kept_without_its_path_and_bounded(given, kept):
    assert safe_filename(given) == kept


@given(st.text(max_size=300))
def test_whatever_the_name_it_can_be_kept_and_sent(given):
    kept = safe_filename(given)
    assert 0 < len(kept) <= MAX_FILENAME
    assert kept.isprintable()
    assert not set('/\\<>:"|?*') & set(kept)
    header = content_disposition(kept)
    assert header.isascii()
    assert header.count('"') == 2


def test_an_attachment_has_a_name_for_old_clients_and_for_new_ones():
    assert content_disposition("Résumé.pdf") == (
        "attachment; filename=\"R_sum_.pdf\"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"
    )
