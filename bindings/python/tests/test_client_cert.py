"""The option `client_cert` against a server that requires a certificate."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from iplaygames_native import Client, IPlayGamesError, ValidationError

# The server and the client have the same self-signed certificate for 127.0.0.1. It and its key are
# used by this test only.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBnjCCAUSgAwIBAgIBATAKBggqhkjOPQQDAjAnMSUwIwYDVQQDDBxjbGllbnQg
Y2VydGlmaWNhdGUgb2YgYSB0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAnMSUwIwYDVQQDDBxjbGllbnQgY2VydGlmaWNhdGUgb2YgYSB0ZXN0
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEl8PY/Gss3RVwaONql47tCkhQbTLI
88q1pwKLynX7vrh0MHH7uQktmzBMLZ9Qjd93RlmqtzjvRmki3UHFM5WI6qNfMF0w
DAYDVR0TAQH/BAIwADAPBgNVHREECDAGhwR/AAABMB0GA1UdJQQWMBQGCCsGAQUF
BwMBBggrBgEFBQcDAjAdBgNVHQ4EFgQUs7v3ZEYHFHQfFHLbpe0zu/gWKL8wCgYI
KoZIzj0EAwIDSAAwRQIhAPtYEt2EettSs3OoB/B7wU4q+Sp4C23OUCaSbVllEIbp
AiA/kR/dXHBI45kqUN662Ci6Bh5siBpdBzpvFqKbOb4K6w==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgA1+idHI8k7QqeycD
bBWh4EtfMcKBQtRf/43XswpAZ2ChRANCAASXw9j8ayzdFXBo42qXju0KSFBtMsjz
yrWnAovKdfu+uHQwcfu5CS2bMEwtn1CN33dGWaq3OO9GaSLdQcUzlYjq
-----END PRIVATE KEY-----
"""
STATUS = b'{"success": true, "data": {"session_id": "s", "status": "active", "game": {"id": 1}}}'


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the status of a session."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(STATUS)))
        self.end_headers()
        self.wfile.write(STATUS)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "cert.pem").write_text(CERTIFICATE)
    (tmp_path / "key.pem").write_text(KEY)
    (tmp_path / "both.pem").write_text(CERTIFICATE + KEY)
    return tmp_path


@pytest.fixture
def options(files: Path) -> Iterator[dict[str, Any]]:
    """The options of a client of a server that refuses connections without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "cert.pem", files / "key.pem")
    context.load_verify_locations(files / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    # Makes the refusal a part of the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield {
        "api_key": "test-key-123",
        "base_url": f"https://127.0.0.1:{server.server_address[1]}",
        "ca_file": files / "cert.pem",
        "ca_only": True,
        "max_retries": 0,
    }
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_option_gives_the_client_certificate(files: Path, options: dict[str, Any]) -> None:
    both, pair = files / "both.pem", (files / "cert.pem", str(files / "key.pem"))
    for client_cert in (both, str(both), pair):
        with Client(**options, client_cert=client_cert) as client:
            assert client.sessions.status("s").status == "active"
    with Client(**options) as client, pytest.raises(IPlayGamesError):
        client.sessions.status("s")


@pytest.mark.parametrize(
    "client_cert", [5, b"cert.pem", ("cert.pem",), ("cert.pem", "key.pem", "password"), {}]
)
def test_a_client_certificate_that_is_no_path_or_pair_is_refused(client_cert: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Client(api_key="test-key-123", client_cert=client_cert)
    assert caught.value.parameter == "client_cert" and "password" not in str(caught.value)


def test_a_client_certificate_is_given_once(files: Path) -> None:
    with pytest.raises(ValidationError, match="together"):
        Client(
            api_key="test-key-123",
            client_cert=files / "both.pem",
            client_key_file=files / "key.pem",
        )


def test_a_file_of_a_client_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"missing\.pem"):
        Client(api_key="test-key-123", client_cert=tmp_path / "missing.pem")
