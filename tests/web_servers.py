"""nginx, Apache and Caddy as Debian has them, each as a process of a test on a given port.

No system service, no file outside the test's folder. Configuration as the generated README.txt
tells people to write it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = Path("/usr/lib/apache2/modules")
# A header line of the owner's own, with the rule that hides others from img2dataset.
OWN = "max-snippet: 20"


@dataclass(frozen=True)
class Made:
    """The generated files of one server, where there are any."""

    headers: Path | None = None
    gone: Path | None = None


@contextmanager
def serving(name: str, root: Path, port: int, made: Made, folder: Path) -> Iterator[str]:
    """Serve `root` on loopback with the server called `name`; its base address."""
    folder.mkdir(parents=True, exist_ok=True)
    command = COMMANDS[name](root, port, made, folder)
    # Debian keeps servers where only root looks by itself.
    paths = f"{os.environ.get('PATH', '')}:/usr/sbin"
    program = shutil.which(command[0], path=paths)
    if program is None:
        pytest.skip(f"{name} is not installed (apt-get install {PACKAGES[name]})")
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, *command[1:]],
            stdout=out,
            stderr=out,
            cwd=folder,
            env={"PATH": paths, "HOME": str(folder)},
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}: {log.read_text('utf-8', 'replace')}")


def _nginx(root: Path, port: int, made: Made, folder: Path) -> list[str]:
    headers = f"include {made.headers};" if made.headers else ""
    maps = f"include {made.gone};" if made.gone else ""
    gone = "if ($optout_gone) { return 410; }" if made.gone else ""
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
        events {{}}
        http {{
            {places} access_log off; include /etc/nginx/mime.types; {maps}
            server {{
                listen 127.0.0.1:{port}; root {root}; {headers} {gone}
                location ~ \\.(jpg|png|webp)$ {{
                    add_header X-Robots-Tag "{OWN}";
                    {headers}
                }}
            }}
        }}
        """,
        "utf-8",
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _apache(root: Path, port: int, made: Made, folder: Path) -> list[str]:
    pieces = [path.read_text("utf-8") for path in (made.gone, made.headers) if path]
    (root / ".htaccess").write_text("\n".join(pieces), "utf-8")
    modules = ("mpm_event", "authz_core", "dir", "mime", "headers", "rewrite")
    load = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in modules)
    (folder / "apache.conf").write_text(
        f"""
        {load}
        ServerName 127.0.0.1
        Listen 127.0.0.1:{port}
        PidFile {folder}/apache.pid
        DefaultRuntimeDir {folder}
        Mutex file:{folder} default
        ErrorLog {folder}/error.log
        TypesConfig /etc/mime.types
        User www-data
        Group www-data
        DocumentRoot {root}
        <Directory {root}>
            AllowOverride All
            Require all granted
            DirectoryIndex index.html
            <FilesMatch "\\.(jpg|png|webp)$">
                Header add X-Robots-Tag "{OWN}"
            </FilesMatch>
        </Directory>
        """,
        "utf-8",
    )
    return ["apache2", "-d", str(folder), "-f", str(folder / "apache.conf"), "-X"]


def _caddy(root: Path, port: int, made: Made, folder: Path) -> list[str]:
    lines = "\n".join(f"import {path}" for path in (made.headers, made.gone) if path)
    (folder / "Caddyfile").write_text(
        f"""{{
            admin off
            auto_https off
            default_bind 127.0.0.1
        }}
        :{port} {{
            root * {root}
            @pictures path *.jpg *.png *.webp
            header @pictures X-Robots-Tag "{OWN}"
            {lines}
            file_server
        }}
        """,
        "utf-8",
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS: Mapping[str, Callable[[Path, int, Made, Path], list[str]]] = {
    "nginx": _nginx,
    "apache": _apache,
    "caddy": _caddy,
}
PACKAGES = {"nginx": "nginx-light", "apache": "apache2", "caddy": "caddy"}
SERVERS = tuple(COMMANDS)
