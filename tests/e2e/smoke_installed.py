"""Whether an installed pullscope works: run by the Python that has it, from a folder that is no checkout, with nothing else.

`smoke_installed.py [BIN]`: BIN is the folder of `pullscope` and `mitmdump`, by itself that of this Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

BIN = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sys.executable).parent


def said(*words: str) -> str:
    return subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True, check=True, timeout=120).stdout


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def main(folder: Path) -> None:
    version = said("pullscope", "--version").split()[1]
    addon = Path(said("pullscope", "addon-path").strip())
    assert "pullscope/addons" in addon.as_posix(), addon  # the wheel's own, and not a checkout's
    units = addon.parents[1] / "host" / "units"
    assert (units / "pullscope.service").is_file()
    assert (units / "docker.service.d" / "pullscope.conf").is_file()
    assert "complete" in said("pullscope", "demo")

    recording = folder / "out.jsonl"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = ["--set", f"confdir={folder}", "--set", f"pullscope_out={recording}"]
    # Nothing is waited for on its stdout: pipx starts Python with -E, and what it prints is kept back.
    words: list[str | Path] = [BIN / "mitmdump", "-s", addon, "--listen-port", str(port), *settings]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as mitmdump:
        assert mitmdump.stdout is not None
        end = time.monotonic() + 60
        while not listens(port):
            assert mitmdump.poll() is None, mitmdump.stdout.read()
            assert time.monotonic() < end
            time.sleep(0.1)
        through = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"})
        with contextlib.suppress(urllib.error.HTTPError):  # that port is closed
            urllib.request.build_opener(through).open("http://127.0.0.1:1/v2/app/manifests/1", timeout=60)
        mitmdump.send_signal(signal.SIGINT)
        story = mitmdump.stdout.read()
    events = [json.loads(line)["event"] for line in recording.read_text().splitlines()]
    assert events == ["recording", "requested", "failed", "end"], events
    assert "127.0.0.1:1/app:1" in story, story
    assert "upstream-unreachable" in said("pullscope", "report", str(recording))
    mitmproxy = re.search(r"Mitmproxy: (\S+)", said("mitmdump", "--version"))
    print(f"pullscope {version} works with mitmproxy {mitmproxy and mitmproxy[1]} on Python {sys.version.split()[0]}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        main(Path(name))
