"""What a PDF must be to last and to be read aloud: PDF/A-2a, tagged, titled, in French, its fonts inside."""

import io
from collections.abc import Iterator

import pikepdf


def check_archival(pdf: bytes, title: str) -> None:
    """The identification and structure of PDF/A-2a (ISO 19005-2), and a title that begins with `title`."""
    with pikepdf.open(io.BytesIO(pdf)) as opened, opened.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["dc:title"].startswith(title)
        assert str(opened.Root.Lang) == "fr-FR"
        assert opened.Root.MarkInfo.Marked
        assert opened.Root.StructTreeRoot.K
        assert opened.Root.OutputIntents
        fonts = [one for one in objects(opened) if one.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all("/FontFile3" in one or "/FontFile2" in one for one in fonts)


def objects(opened: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary | pikepdf.Stream]:
    return (one for one in opened.objects if isinstance(one, pikepdf.Dictionary | pikepdf.Stream))


def unfonted(pdf: bytes) -> bytes:
    """The same file with its fonts named and no longer inside."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for one in objects(opened):
            for name in ("/FontFile2", "/FontFile3"):
                if one.get("/Type") == "/FontDescriptor" and name in one:
                    del one[name]
        opened.save(out)
    return out.getvalue()
