"""Every paper the product makes is the PDF/A-2a it claims to be, before and after it is signed: veraPDF says so."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.install import ToolMissing, verapdf
from services.contracting.domain.engagement import EngagementDocument
from services.contracting.minutes import render_minutes
from services.contracting.papers import ALS_FIELD
from services.pricing.documents import render_offer
from shared.signing import Evidence, Seal
from shared.typeset import PDF_STANDARD
from tests.archival import unfonted
from tests.stamping import stamping
from tests.unit.contracting.officer import Officer
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.test_contracting_editions import held
from tests.unit.pricing.samples import LAST, drafted

pytestmark = pytest.mark.real
COMMAND = "org.verapdf.apps.GreenfieldCliWrapper"
CLAIMED = PDF_STANDARD.removeprefix("a-")
ACCESSIBLE = "ua1"
# ISO 14289-1: saying that a file conforms, and showing its title in the window. Signature fields could not keep the
# claim: pyHanko adds theirs without a place in the structure.
UNCLAIMED = ["5-1", "7.1-10"]
CHECK_SECONDS = 120


@pytest.fixture(scope="module")
def archive() -> Path:
    if shutil.which("java") is None:
        pytest.skip("java is not installed: veraPDF runs on it")
    try:
        return verapdf()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
async def papers(tmp_path) -> dict[str, bytes]:
    """One of each kind, by name."""
    (tmp_path / "officer").mkdir()
    officer = Officer(tmp_path / "officer")
    await officer.bring_to_acte()
    signed = {str(kind): await officer.kept(kind) for kind in EngagementDocument}
    lasting = Evidence(officer.authority.root, officer.authority.revocation_list(at=NOW))
    printed = await render_minutes(held(), ("d3",), NOW)
    with stamping(officer.authority, NOW) as url:
        seal = Seal(officer.authority.als, url, lasting)
        stamped = await seal.sign(printed, at=NOW, field=ALS_FIELD, reason="Essai")
    return signed | {
        "offer": await render_offer(drafted(), NOW, LAST, 10),
        "minutes": printed,
        "signed with a time stamp and its evidence": stamped,
        "printed convention": signed["convention"].split(b"%%EOF")[0] + b"%%EOF",
    }


def broken_rules(archive: Path, folder: Path, papers: dict[str, bytes], flavour: str = CLAIMED) -> dict[str, list[str]]:
    """The rules of a standard (clause and test) that each paper breaks; a paper that breaks none is left out."""
    paths = {folder / f"{place}.pdf": name for place, name in enumerate(papers)}
    for path, name in paths.items():
        path.write_bytes(papers[name])
    done = subprocess.run(
        ["java", "-cp", f"{archive}/*", COMMAND, "--format", "text", "-v", "-f", flavour, *paths],
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )
    found, passed, name = dict[str, list[str]](), set[str](), ""
    for line in done.stdout.splitlines():
        verdict, told = line.split(maxsplit=1)
        if line.startswith(" "):
            found[name].append(told)
        elif (name := paths[Path(told.rsplit(maxsplit=1)[0])]) and verdict == "PASS":
            passed.add(name)
        else:
            found[name] = []
    assert passed | found.keys() == papers.keys(), done.stdout + done.stderr
    return found


async def test_every_paper_is_the_archive_it_claims_to_be(archive, papers, tmp_path):
    assert broken_rules(archive, tmp_path, papers) == {}


async def test_what_is_printed_can_be_read_aloud_though_it_does_not_claim_the_standard(archive, papers, tmp_path):
    printed = {name: papers[name] for name in ("offer", "minutes", "premium_call", "printed convention")}
    found = broken_rules(archive, tmp_path, printed, ACCESSIBLE)
    assert {name: sorted(rules) for name, rules in found.items()} == dict.fromkeys(printed, UNCLAIMED)


async def test_a_font_that_is_not_in_the_file_is_found(archive, papers, tmp_path):
    """What this test would say of a paper that is none."""
    assert broken_rules(archive, tmp_path, {"offer": unfonted(papers["offer"])}) == {"offer": ["6.2.11.4.1-1"]}
