"""The servers every contender talks to: Debian's nginx with fixed answers, and the small one in
`server.c`."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

STARTED = (
    '{"success": true, "data": {"session_id": "abc123", "session_token": "d4f5g6h7j8k9...", '
    '"game_url": "https://game-provider.com/play/session123", "expires_at": "2024-01-01T12:00:00Z"}}'
)


def status_of(session_id):
    """The status answer for a session. Our library refuses an answer for another session."""
    return (
        f'{{"success": true, "data": {{"session_id": "{session_id}", "status": "active", "player_id": "player_456", '
        '"game": {"id": 123, "title": "Book of Dead"}, "started_at": "2024-01-01T10:00:00Z", '
        '"last_activity": "2024-01-01T10:05:00Z"}}'
    )


ENDED = '{"success": true, "message": "Session ended successfully"}'

# Bodies of these sizes are the status of the sessions `size-SIZE`.
SIZES = [200, 1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000]

CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    log_format wire "$server_port $request_length $bytes_sent";
    default_type application/json;
    keepalive_timeout 1h;
    keepalive_time 24h;
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 1024;
    tcp_nodelay on;
    sendfile on;
    open_file_cache max=100 inactive=1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_session_timeout 1h;
    server {{
        listen 127.0.0.1:{http} backlog=8192;
        listen 127.0.0.1:{https} ssl backlog=8192;
        listen 127.0.0.1:{h2} ssl http2 backlog=8192;
        location = /api/v1/game-sessions/start {{ return 201 '{started}'; }}
        location ~ ^/api/v1/game-sessions/size-([0-9]+)/status$ {{ alias {folder}/$1.json; }}
        location = /api/v1/game-sessions/wire/status {{
            access_log {folder}/wire.log wire;
            return 200 '{wire}';
        }}
        location ~ /status$ {{ return 200 '{status}'; }}
        location ~ /end$ {{ return 200 '{ended}'; }}
    }}
}}
"""


def free_ports(count):
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


def document_of(size):
    """A status answer of exactly so many bytes."""
    status = status_of(f"size-{size}")
    head = status.removesuffix("}}") + ', "note": "'
    return head + "x" * (size - len(head) - 3) + '"}}' if size > len(head) + 3 else status


def certificates(folder):
    """A CA of our own, and a certificate for 127.0.0.1 and localhost."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(
        "req",
        "-x509",
        *curve,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "30",
        "-subj",
        "/CN=bench CA",
        "-addext",
        "keyUsage=critical,keyCertSign",
    )
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl(
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "30",
        "-extfile",
        "names",
    )


class Nginx:
    """nginx on free loopback ports. `urls` has "http", "https" (HTTP/1.1) and "h2"; `ca` is their
    CA's file."""

    def __init__(self, folder, cpus=None):
        self.folder = Path(folder)
        self.cpus = cpus
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        certificates(self.folder)
        for size in SIZES:
            (self.folder / f"{size}.json").write_text(document_of(size))
        self.ca = self.folder / "ca.pem"
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        for attempt in range(5):
            http, https, h2 = free_ports(3)
            self._configure(http, https, h2)
            self.process = subprocess.Popen(
                [program, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                preexec_fn=self._settle,
            )
            if self._listens(http):
                break
            # Somebody took a port between the look and the listening: once more.
            why = self.process.stderr.read().decode()
        else:
            raise SystemExit(f"nginx does not start: {why}")
        self.urls = {
            "http": f"http://127.0.0.1:{http}",
            "https": f"https://127.0.0.1:{https}",
            "h2": f"https://127.0.0.1:{h2}",
        }

    def _configure(self, http, https, h2):
        import resource

        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        (self.folder / "nginx.conf").write_text(
            CONFIG.format(
                folder=self.folder,
                files=files,
                connections=min(files - 100, 65536),
                http=http,
                https=https,
                h2=h2,
                started=STARTED,
                status=status_of("abc123"),
                wire=status_of("wire"),
                ended=ENDED,
            )
        )

    def _settle(self):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)

    def _listens(self, port):
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def wire(self, transport):
        """Bytes of each request and answer, as nginx counts them, of the calls for the session
        "wire"."""
        port = self.urls[transport].rpartition(":")[2]
        lines = [line.split() for line in (self.folder / "wire.log").read_text().splitlines()]
        return [(int(request), int(answer)) for seen, request, answer in lines if seen == port]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


class Held:
    """The small server: it can hold answers back (see `server.c`), or give them after a pause or a
    delay."""

    def __init__(self, program, pause_us=0, delay_us=0, cpus=None):
        self.process = subprocess.Popen(
            [str(program), str(pause_us), str(delay_us)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: cpus and os.sched_setaffinity(0, cpus),
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
