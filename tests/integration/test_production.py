"""What deploy/compose.yaml gives is enough: services become ready in production, on accounts that may do no more."""

import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.minioadmin import MinioAdmin

from deploy.local.process import Process, free_port
from deploy.local.real import S3_ACCESS_KEY, S3_SECRET_KEY, RealStack
from shared.errors import Unavailable
from shared.objects import MinioObjects, ObjectMissing, Retained
from tests.compose import DEPLOY, PROCESSES, SERVICES, environment_of

pytestmark = pytest.mark.real
READY_SECONDS = 60


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """Nobody else's: these processes have the real clock and would act on other tests' dossiers."""
    with RealStack(tmp_path_factory.mktemp("production")) as stack:
        yield stack


@pytest.fixture(scope="module")
def s3_account(own_stack: RealStack) -> dict[str, str]:
    """The services' account, with the policy deploy/minio/init.sh attaches."""
    given = environment_of("intake")
    endpoint, name = f"127.0.0.1:{own_stack.s3_port}", given["ALS_S3_ACCESS_KEY"]
    client = Minio(endpoint, access_key=S3_ACCESS_KEY, secret_key=S3_SECRET_KEY, secure=False)
    client.make_bucket(bucket_name="ami-garantie", object_lock=True)
    admin = MinioAdmin(endpoint=endpoint, credentials=StaticProvider(S3_ACCESS_KEY, S3_SECRET_KEY), secure=False)
    admin.user_add(name, S3_SECRET_KEY)
    admin.policy_add(name, DEPLOY / "minio" / "policy.json")
    admin.attach_policy([name], user=name)
    return {"ALS_S3_ENDPOINT": endpoint, "ALS_S3_ACCESS_KEY": name, "ALS_S3_SECRET_KEY": S3_SECRET_KEY}


@pytest.fixture
def processes(own_stack: RealStack, s3_account: dict[str, str]) -> Iterator[dict[int, Process]]:
    """Every process of compose by its port, on the stack's addresses instead of compose's."""
    addresses = s3_account | {
        "ALS_HTTP_HOST": "127.0.0.1",
        "ALS_MONGO_URL": f"mongodb://127.0.0.1:{own_stack.mongo_port}/?w=majority",
        "ALS_KAFKA_BOOTSTRAP": own_stack.bootstrap,
        "ALS_OIDC_ISSUER": own_stack.issuer,
        "ALS_OTLP_ENDPOINT": own_stack.issuer,
        "ALS_SIGNING_KEY": str(own_stack.authority.als.key),
        "ALS_SIGNING_CERTIFICATE": str(own_stack.authority.als.certificate),
        "ALS_SIGNING_PASSPHRASE": "",
        "ALS_TRUST_ROOTS": str(own_stack.authority.root),
    }
    started = dict[int, Process]()
    for name in PROCESSES:
        port = free_port()
        environment = environment_of(name) | addresses | {"ALS_HTTP_PORT": str(port)}
        command = [sys.executable, *SERVICES[name]["command"][1:]]
        started[port] = Process(f"production-{name}", command, own_stack.log(f"production-{name}"), environment)
        started[port].start()
    yield started
    for process in started.values():
        process.terminate()
    for process in started.values():
        process.stop()


def test_every_process_becomes_ready_in_production(processes):
    def ready(port: int) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    for port, process in processes.items():
        process.wait_until(lambda port=port: ready(port), READY_SECONDS)


async def hello() -> AsyncIterator[bytes]:
    yield b"hello"


async def test_the_services_account_keeps_documents_in_its_bucket_and_nowhere_else(s3_account):
    def store(bucket: str) -> MinioObjects:
        endpoint, key, secret = s3_account.values()
        return MinioObjects(endpoint, key, secret, bucket, secure=False)

    own = store("ami-garantie")
    await own.check()
    await own.put("production/hello", hello(), content_type="text/plain", limit_bytes=10)
    assert await own.read("production/hello") == b"hello"
    await own.delete("production/hello")
    with pytest.raises(ObjectMissing):
        await own.read("production/hello")
    await own.put("production/signed", hello(), content_type="text/plain", limit_bytes=10)
    await own.retain("production/signed", datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(Retained):
        await own.delete("production/signed")
    with pytest.raises(Unavailable):
        await store("another").put("hello", hello(), content_type="text/plain", limit_bytes=10)
