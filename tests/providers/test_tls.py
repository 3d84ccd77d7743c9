"""TLS to a provider: whom it trusts, and what is said when it does not."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streaming.providers import transport
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script
from tests.simulator.calls import Calls
from tests.simulator.server import Connection

from .conftest import KEY
from .listening import listen
from .test_connection import listening


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
