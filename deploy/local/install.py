"""Installs the real servers natively: `python -m deploy.local.install`. Idempotent; the first build takes minutes."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MINIO_MODULE = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
INSTALL_SECONDS = 40 * 60
FERRETDB_MODULE = "github.com/FerretDB/FerretDB"
# FerretDB 1.24, archived upstream, with four faults corrected (docs/adr/0005); file, its text, and what replaces it.
# What takes more than a few lines is a file in ferretdb/added, put into the source where it lies there.
FERRETDB_CORRECTIONS = (
    # An index on `_id` is made of one expression and asked by another: SQLite reads the whole collection.
    (
        "internal/backends/sqlite/metadata/metadata.go",
        """IDColumn = DefaultColumn + "->'$._id'\"""",
        """IDColumn = DefaultColumn + `->"_id"`""",
    ),
    # A command of many updates keeps a connection for each to its end; past the 100 of the pool, all wait for ever.
    (
        "internal/handler/msg_update.go",
        """common.UpdateDocument(ctx, c, "update", iter, &u)\n""",
        """common.UpdateDocument(ctx, c, "update", iter, &u)\n\t\tcloser.Close()\n""",
    ),
    # Replacements of one command are each looked up and committed alone, a millisecond each: added/…/replacements.go.
    (
        "internal/handler/msg_update.go",
        "\tfor _, u := range params.Updates {\n",
        """\tif matched, modified, upserted, err := h.replaceTogether(ctx, db, params); upserted != nil {
\t\treturn matched, modified, upserted, err
\t}

\tfor _, u := range params.Updates {\n""",
    ),
    # Documents asked for by several `_id`s are looked for in the whole collection, as nothing but one `_id` is.
    (
        "internal/backends/sqlite/collection.go",
        """\t\tcase string, types.ObjectID:
\t\t\twhereClause""",
        """\t\tcase *types.Document:
\t\t\tin, _ := v.(*types.Document).Get("$in")
\t\t\tids, ok := in.(*types.Array)
\t\t\tfor i := 0; ok && i < ids.Len(); i++ {
\t\t\t\tif _, ok = must.NotFail(ids.Get(i)).(string); ok {
\t\t\t\t\targs = append(args, string(must.NotFail(sjson.MarshalSingleValue(must.NotFail(ids.Get(i))))))
\t\t\t\t}
\t\t\t}
\t\t\tif ok && v.(*types.Document).Len() == 1 && ids.Len() > 0 {
\t\t\t\tmarks := strings.Repeat(", ?", ids.Len())[2:]
\t\t\t\twhereClause = fmt.Sprintf(` WHERE %s IN (%s)`, metadata.IDColumn, marks)
\t\t\t} else {
\t\t\t\targs = nil
\t\t\t}
\t\tcase string, types.ObjectID:
\t\t\twhereClause""",
    ),
)


class ToolMissing(Exception):
    """A build tool is not on this machine."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the servers are."""

    kafka_libs: Path
    ferretdb: Path
    minio: Path


def cache_directory() -> Path:
    """`ALS_STACK_CACHE`, or the user's cache; outside the tree."""
    given = os.environ.get("ALS_STACK_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(given) if given else base / "ami-garantie"


def install() -> Installed:
    """Build what is not in the cache. Raises: ToolMissing, subprocess.CalledProcessError."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(3) as pool:
        steps = [pool.submit(step, cache) for step in (_minio, _ferretdb, _kafka)]
        minio, ferretdb, kafka = (step.result() for step in steps)
    return Installed(kafka, ferretdb, minio)


def _tool(name: str, needed_for: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(f"« {name} » manque : nécessaire pour {needed_for} (make test-real).")
    return found


def _run(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=os.environ | (env or {}), check=True, timeout=INSTALL_SECONDS)


def _say(what: str) -> None:
    print(f"installation : {what} (une seule fois)", file=sys.stderr, flush=True)


def _kafka(cache: Path) -> Path:
    return _jars(cache, "Apache Kafka", "4.1.0", HERE / "kafka" / "pom.xml", cache / "kafka-4.1.0")


def verapdf() -> Path:
    """The directory of veraPDF's archive. Raises: ToolMissing, subprocess.CalledProcessError."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    return _jars(cache, "veraPDF", "1.28.2", HERE / "verapdf" / "pom.xml", cache / "verapdf-1.28.2")


def _jars(cache: Path, title: str, version: str, pom: Path, libs: Path) -> Path:
    """What a pom names, in `libs`."""
    if not libs.exists():
        maven = _tool("mvn", title)
        _tool("java", title)
        _say(f"{title} {version}")
        fresh = libs.with_name(f"{libs.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _run([maven, "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"], cache)
        fresh.rename(libs)
    return libs


def _ferretdb(cache: Path) -> Path:
    """FerretDB with four faults of its source corrected: see `FERRETDB_CORRECTIONS`."""
    binary = cache / "ferretdb-1.24.0-4"
    if not binary.exists():
        go = _tool("go", "FerretDB")
        _say("FerretDB 1.24.0")
        fresh, build = cache / "ferretdb.new", cache / "ferretdb.build"
        shutil.rmtree(build, ignore_errors=True)
        shutil.copytree(HERE / "ferretdb", build)
        found = subprocess.run(
            [go, "mod", "download", "-json", FERRETDB_MODULE],
            cwd=build,
            stdout=subprocess.PIPE,
            check=True,
            timeout=INSTALL_SECONDS,
        )
        source = build / "source"
        shutil.copytree(json.loads(found.stdout)["Dir"], source, copy_function=shutil.copyfile)
        _run(["chmod", "-R", "u+w", str(source)], build)  # directories of Go's cache are not to be written in
        shutil.copytree(build / "added", source, dirs_exist_ok=True)
        for file, wrong, right in FERRETDB_CORRECTIONS:
            text = (source / file).read_text()
            assert text.count(wrong) == 1, f"{file} is not as it was"
            (source / file).write_text(text.replace(wrong, right))
        _run([go, "mod", "edit", "-replace", f"{FERRETDB_MODULE}=./source"], build)
        _run([go, "build", "-o", str(fresh), "."], build)
        shutil.rmtree(build)
        fresh.rename(binary)
    return binary


def _minio(cache: Path) -> Path:
    binary = cache / "minio-20260212"
    if not binary.exists():
        go = _tool("go", "MinIO")
        _say("MinIO")
        fresh = cache / "minio.new"
        _run([go, "install", MINIO_MODULE], cache, {"GOBIN": str(fresh)})
        (fresh / "minio").rename(binary)
        fresh.rmdir()
    return binary


if __name__ == "__main__":
    print(install())
