"""The curl script, run by a real shell with a curl that only writes down what it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.render.samples import TRACES, recorded, told
from tests.trace.wire import HUB, Wire, played

from pullscope.render.exports.curl import curl_script, curl_words

FAKE = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word" >> "$ASKED"; done
printf '\\n\\0' >> "$ASKED"
echo '{"token": "t-1", "access_token": "t-1"}'
"""


def run(script: str, folder: Path) -> list[list[str]]:
    """What curl was asked for, call by call."""
    (folder / "bin").mkdir()
    for name, text in {"curl": FAKE, "sha256sum": "#!/bin/sh\n"}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    shell = shutil.which("sh")
    assert shell
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "ASKED": str(folder / "asked"), "OUT": str(folder)}
    done = subprocess.run([shell], input=script, text=True, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = (folder / "asked").read_text() if (folder / "asked").exists() else ""
    return [call.split("\0")[:-1] for call in asked.split("\n\0") if call]


@pytest.mark.parametrize("trace", TRACES)
def test_asks_web_addresses_only(trace: str, tmp_path: Path) -> None:
    """Whatever is in the names, each call of curl has one address, and only curl is run."""
    calls = run(curl_script(told(TRACES[trace]())), tmp_path)

    assert all(sum(word.startswith(("http://", "https://")) for word in call) == 1 for call in calls)
    assert not any(word.startswith("@") for call in calls for word in call)
    assert not Path("/tmp/owned").exists()  # noqa: S108 - what one of the attacks would make


def test_repeats_the_pull_with_the_token_it_gets(tmp_path: Path) -> None:
    """Tokens are asked for anew and used; blobs are asked of the registry, which signs their address anew."""
    calls = run(curl_script(told(recorded("dockerd-29.7-containerd-vanity-302"))), tmp_path)
    blobs = [call for call in calls if "/blobs/" in call[-1]]

    assert len(blobs) == 7
    assert all("Authorization: Bearer t-1" in call for call in blobs)
    assert all(call[-1].startswith("https://registry-1.docker.io/v2/") for call in blobs)


def test_a_push_is_not_repeated() -> None:
    """What would change a registry is named and left out."""
    script = curl_script(told(TRACES["every-ending"]()))

    assert " -X " not in script
    assert "# not repeated" in script


def test_one_line_checks_the_digest() -> None:
    """The line of a layer ends in the sum that has to be its digest."""
    layer = next(step for step in recorded("dockerd-20.10-hub").pulls[0].steps if step.kind == "layer")
    line = " ".join(curl_words(layer))

    assert line.endswith("| sha256sum")
    assert "verify=" not in line


def test_a_push_that_a_redirect_made_a_get_is_not_repeated_either() -> None:
    """Its GET would look like the step, and fetch what the push was to write."""
    wire = Wire()
    wire.ask(
        "PUT",
        "https://docker.example.com/v2/library/app/manifests/1.0",
        302,
        location=f"{HUB}/v2/library/app/manifests/1.0",
    )
    wire.ask(
        "GET",
        f"{HUB}/v2/library/app/manifests/1.0",
        200,
        referer="https://docker.example.com/v2/library/app/manifests/1.0",
    )
    trace = played(wire)
    [step] = trace.pulls[0].steps

    assert [hop.request.method for hop in step.hops] == ["PUT", "GET"]
    assert curl_words(step) == []
    assert "not repeated: it changes something" in curl_script(told(trace))
