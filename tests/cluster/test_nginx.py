"""Behind nginx, as docs/nginx.conf has it: streams pass at once, over TLS, from any node."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streaming.sse import Decoder
from tests.client import Client, Reader
from tests.services import free_port
from tests.simulator import Script, Simulator
from tests.site import ROOT

from .cluster import Cluster

AROUND = """
daemon off; pid {here}/pid; error_log {here}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
    include {here}/unbroken.conf;
}}
"""


def certificate(directory: Path) -> None:
    """One for 127.0.0.1, that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "pem").write_bytes(signed.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (directory / "key").write_bytes(key.private_bytes(pem, *plain))


@pytest.fixture
def nginx(on_sqlite: Cluster) -> Iterator[tuple[int, Path]]:
    """The port of one in front of both nodes, and its certificate."""
    binary = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if binary is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    with TemporaryDirectory(prefix="unbroken-nginx-") as name:
        here = Path(name)
        certificate(here)
        example = (ROOT / "docs" / "nginx.conf").read_text()
        for theirs, ours in {
            "10.0.0.11:8000": on_sqlite.webs[0].url.removeprefix("http://"),
            "10.0.0.12:8000": on_sqlite.webs[1].url.removeprefix("http://"),
            "listen 443": f"listen 127.0.0.1:{port}",
            "/etc/ssl/chat.example.com.pem": f"{here}/pem",
            "/etc/ssl/chat.example.com.key": f"{here}/key",
        }.items():
            assert example.count(theirs) == 1
            example = example.replace(theirs, ours)
        (here / "unbroken.conf").write_text(example)
        (here / "nginx.conf").write_text(AROUND.format(here=here))
        command = [binary, "-p", name, "-c", "nginx.conf", "-e", f"{name}/error.log"]
        process = subprocess.Popen(command)
        try:
            wait_for(port, process)
            yield port, here / "pem"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("nginx did not start")


def test_it_passes_words_on_as_they_come(
    on_sqlite: Cluster, nginx: tuple[int, Path], simulator: Simulator
) -> None:
    alice: Client = on_sqlite.person()[0]
    script = Script(id=uuid4().hex, tokens=3, fault="stall", at=2)
    conversations = [alice.conversation() for _ in range(2)]
    trusting = ssl.create_default_context(cadata=(nginx[1]).read_text())
    for number, conversation in enumerate(conversations):  # two: one for each node
        line = http.client.HTTPSConnection("127.0.0.1", nginx[0], timeout=30, context=trusting)
        with closing(line):
            line.request(
                "POST",
                f"/api/v1/conversations/{conversation}/messages",
                json.dumps({"text": f"hi {script}"}),
                {
                    "Authorization": f"Bearer {alice.token}",
                    "Accept": "text/event-stream",
                    "Content-Type": "application/json",
                },
            )
            response = line.getresponse()
            assert response.status == 200, response.read()
            reader, decoder = Reader(), Decoder()
            while len(reader.text) < len(script.text(2)):
                for frame in decoder.feed(response.read1(65536)):
                    reader.take(frame)
            assert len(simulator.calls("open", script=script.id)) == 1
            alice.stop(response.headers["x-message-id"])
            response.close()
        simulator.wait_for("client_closed", script=script.id, count=number + 1)
