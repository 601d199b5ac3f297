"""A web process as behind deploy/'s proxies, and each proxy in front of it on a port of this machine."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.running import ROOT, unused_port
from tests.kit.waiting import eventually
from tests.kit.web import Web, webs

HOST = "tg.example.org"
START_SECONDS = 30.0
NGINX = shutil.which("nginx") or next((path for path in ("/usr/sbin/nginx",) if Path(path).exists()), None)
CADDY = shutil.which("caddy")
MISSING = {"nginx": NGINX is None, "caddy": CADDY is None}

# What /etc/nginx/nginx.conf says around conf.d, with every path in a folder of ours.
AROUND = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path       {folder}/proxy;
    fastcgi_temp_path     {folder}/fastcgi;
    uwsgi_temp_path       {folder}/uwsgi;
    scgi_temp_path        {folder}/scgi;
    include {folder}/tgadmin.conf;
}}
"""


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Each of the pieces must be there, or the test tries something else than the file."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Certificate:
    chain: Path
    key: Path

    @classmethod
    def made(cls, folder: Path) -> Certificate:
        secret = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        now = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(secret.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .sign(secret, hashes.SHA256())
        )
        made = cls(folder / "chain.pem", folder / "key.pem")
        made.chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8
        made.key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return made


def nginx_files(folder: Path, port: int, web: int) -> list[str]:
    """Writes the configuration for these ports; the command that runs it."""
    certificate = Certificate.made(folder)
    text = replaced(
        (ROOT / "deploy" / "nginx.conf").read_text(),
        ("listen 80;", f"listen 127.0.0.1:{unused_port()};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/tgadmin/fullchain.pem", str(certificate.chain)),
        ("/etc/ssl/tgadmin/privkey.pem", str(certificate.key)),
        ("127.0.0.1:8000", f"127.0.0.1:{web}"),
    )
    (folder / "tgadmin.conf").write_text(text)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
    return [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy_files(folder: Path, port: int, web: int) -> list[str]:
    """Likewise."""
    certificate = Certificate.made(folder)
    site = f"https://{HOST}:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate.chain} {certificate.key}\n"
    text = replaced(
        (ROOT / "deploy" / "Caddyfile").read_text(),
        ("\tservers {", "\tadmin off\n\tauto_https disable_redirects\n\tservers {"),
        (f"\n{HOST} {{\n", f"\n{site}"),
        ("127.0.0.1:8000", f"127.0.0.1:{web}"),
    )
    (folder / "Caddyfile").write_text(text)
    return [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


PROXIES: dict[str, Callable[[Path, int, int], list[str]]] = {"nginx": nginx_files, "caddy": caddy_files}


@dataclass(frozen=True)
class Front:
    """A proxy that answers on ``port`` of 127.0.0.1 as HOST, and the web process behind it."""

    name: str
    port: int
    web: Web
    context: ssl.SSLContext


@contextmanager
def proxy(name: str, folder: Path, web: Web) -> Iterator[Front]:
    port = unused_port()
    command = PROXIES[name](folder, port, web.port)
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log)
    context = ssl.create_default_context(cafile=str(folder / "chain.pem"))
    front = Front(name, port, web, context)
    try:
        eventually(lambda: _answers(process, front), START_SECONDS, f"{name} answers")
        yield front
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _answers(process: subprocess.Popen[bytes], front: Front) -> bool:
    import socket

    assert process.poll() is None, "it has ended: see its log"
    try:
        with socket.create_connection(("127.0.0.1", front.port), 2) as raw:
            front.context.wrap_socket(raw, server_hostname=HOST).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Web]:
    environment = {
        "TRUSTED_PROXIES": "1",
        "ALLOWED_HOSTS": HOST,
        "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
    }
    with webs(tmp_path_factory.mktemp("web"), **environment) as (one,):
        yield one


@pytest.fixture(scope="module", params=sorted(PROXIES))
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, web: Web) -> Iterator[Front]:
    if MISSING[request.param]:
        pytest.skip(f"{request.param} is missing")
    with proxy(request.param, tmp_path_factory.mktemp(request.param), web) as one:
        yield one
