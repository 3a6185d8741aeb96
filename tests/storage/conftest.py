"""Storage emulators as processes on free ports: moto speaks S3, azurite Azure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from email.utils import formatdate
from pathlib import Path
from typing import Self

import pytest

AZURE_ACCOUNT = "devstoreaccount1"
# Azurite's published development key: no secret.
AZURE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "node_modules" / ".bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """A server process that is stopped at the end of its `with` block."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("the emulator did not come up")

    def __exit__(self, *_: object) -> None:
        self.process.kill()  # azurite takes 18 s to stop politely, and keeps nothing
        self.process.wait(20)


@pytest.fixture(scope="session")
def moto():
    """S3's storage options; the bucket is named 'bucket'."""
    pytest.importorskip("moto.server", reason="moto is not installed (pip install 'moto[server]')")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with Emulator(command, port):
        endpoint = f"http://127.0.0.1:{port}"
        made = urllib.request.Request(f"{endpoint}/bucket", data=b"", method="PUT")
        urllib.request.urlopen(made, timeout=30).close()
        yield {
            "endpoint": endpoint,
            "region": "us-east-1",
            "access_key_id": "moto",
            "secret_access_key": "moto",
        }


@pytest.fixture(scope="session")
def azurite():
    """Azure's storage options; the container is named 'container'."""
    program = shutil.which("azurite-blob") or shutil.which("azurite-blob", path=str(TOOLS))
    if program is None or shutil.which("node") is None:
        pytest.skip("azurite is not installed (make emulators; needs node)")
    port = free_port()
    command = [
        program,
        *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
        *("--inMemoryPersistence", "--skipApiVersionCheck", "--silent"),
    ]
    with Emulator(command, port):
        endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        make_container(endpoint)
        yield {"endpoint": endpoint, "account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY}


def make_container(endpoint: str) -> None:
    """PUT the container, signed with Azure's SharedKey."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    signed_headers = "".join(f"{name}:{value}\n" for name, value in headers.items())
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/container\nrestype:container"
    text = "PUT" + "\n" * 12 + signed_headers + resource  # eleven standard headers, all empty
    signed = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signed).decode()}"
    url = f"{endpoint}/container?restype=container"
    made = urllib.request.Request(url, method="PUT", headers=headers)
    urllib.request.urlopen(made, timeout=30).close()
