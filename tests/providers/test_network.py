"""The sockets under the SDKs: TLS, bounded buffers, stale connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streaming.providers import transport
from streaming.providers.network import HIGH_WATER, Network
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script
from tests.simulator.calls import Calls
from tests.simulator.server import Connection

from .conftest import KEY
from .listening import listen

#: One read of asyncio's may come on top of what waits already.
ONE_READ = 256 * 1024


@asynccontextmanager
async def listening(
    serve: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Any asyncio protocol on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Flood(asyncio.Protocol):
    """Sends as long as it is taken."""

    sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.paused = False
        self.pour()

    def pour(self) -> None:
        while not self.paused and not self.transport.is_closing():
            self.transport.write(b"x" * 65536)
            Flood.sent += 65536

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self.pour()


async def test_it_stops_reading_what_nobody_takes() -> None:
    async with listening(Flood) as port:
        stream = await Network().connect_tcp("127.0.0.1", port)
        first = await stream.read(1)
        wire = stream._wire
        while wire.transport.is_reading():  # noqa: ASYNC110 - asyncio tells nobody
            await asyncio.sleep(0)
        assert len(wire.arrived) <= HIGH_WATER + ONE_READ
        taken = len(first)
        while taken < 4 * 1024 * 1024:
            taken += len(await stream.read(65536))
        await stream.aclose()


async def test_it_reads_what_came_before_the_end() -> None:
    class Short(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"the end")
            transport.close()

    async with listening(Short) as port:
        stream = await Network().connect_tcp("127.0.0.1", port)
        text = b""
        while piece := await stream.read(3):
            assert len(piece) <= 3
            text += piece
        assert text == b"the end"
        assert stream.get_extra_info("is_readable")
        await stream.aclose()


async def test_it_sends_more_than_the_socket_takes_at_once() -> None:
    received = bytearray()
    done = asyncio.get_running_loop().create_future()

    class Sink(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            received.extend(data)
            if len(received) == 8 * 1024 * 1024 and not done.done():
                done.set_result(None)

    async with listening(Sink) as port:
        stream = await Network().connect_tcp("127.0.0.1", port)
        for _ in range(8):
            await stream.write(b"y" * 1024 * 1024, timeout=30)
        await done
        await stream.aclose()


# ------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for ``localhost`` that only this test trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(transport, "tls", lambda: context)


@asynccontextmanager
async def secured(certificate: Path) -> AsyncIterator[str]:
    """The simulator behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    calls, connections = Calls(), set[Connection]()
    async with listening(lambda: Connection(calls, connections), context) as port:
        yield f"https://localhost:{port}/v1"


@pytest.mark.usefixtures("trusting")
async def test_it_speaks_tls(certificate: Path) -> None:
    async with secured(certificate) as base_url:
        provider = OpenAIProvider(api_key=KEY, base_url=base_url)
        script = Script(tokens=300, alphabet="hostile", tps=1000)
        assert (await listen(provider, script)).text() == script.text()
        assert (await listen(provider, script)).text() == script.text()
        await provider.close()


async def test_it_trusts_nobody_without_a_certificate_that_it_knows(certificate: Path) -> None:
    async with secured(certificate) as base_url:
        provider = OpenAIProvider(api_key=KEY, base_url=base_url)
        error = (await listen(provider, Script())).error
        assert error is not None
        assert error.code == "unreachable"
        assert "TLS" in error.message
        await provider.close()


@pytest.mark.usefixtures("trusting")
async def test_it_notices_a_certificate_of_another_host(certificate: Path) -> None:
    async with secured(certificate) as base_url:
        elsewhere = base_url.replace("localhost", "127.0.0.1")
        provider = OpenAIProvider(api_key=KEY, base_url=elsewhere)
        error = (await listen(provider, Script())).error
        assert error is not None
        assert "TLS" in error.message
        await provider.close()
