"""What `pullscope report` tells of a recording, and questions that many tests put to it.

The answers are compared with what the stand-in wrote down and with digests that the tests computed, never with another
output of the code under test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.images import Built
from tests.e2e.parts import ROOT, Proxy
from tests.e2e.standin import Hub

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The JSON report (docs/report-format.md)."""

    document: Json

    @property
    def pulls(self) -> list[Json]:
        pulls: list[Json] = self.document["pulls"]
        return pulls

    @property
    def pull(self) -> Json:
        """The only one."""
        [pull] = self.pulls
        return pull

    def of(self, repository: str) -> list[Json]:
        return [pull for pull in self.pulls if pull["repository"] == repository]

    @property
    def exchanges(self) -> Counter[tuple[str, str, str, int | None]]:
        """Every hop, wherever it was put."""
        hops = [hop for pull in self.pulls for step in pull["steps"] for hop in step["hops"]]
        return Counter(
            (hop["method"], hop["host"], urlsplit(hop["url"]).path, hop["status"])
            for hop in [*hops, *self.document["unattributed"]]
        )


def report(source: Path, *options: str) -> Report:
    """Asks the command, as a user would; it need not be installed."""
    code = "from pullscope.cli.main import main; main()"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))}
    done = subprocess.run(
        [sys.executable, "-c", code, "report", source, "--format", "json", *options],
        env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Report(document=json.loads(done.stdout))


def kinds(pull: Json) -> Counter[str]:
    return Counter(step["kind"] for step in pull["steps"])


def steps(pull: Json, kind: str) -> list[Json]:
    return [step for step in pull["steps"] if step["kind"] == kind]


def chain(step: Json) -> list[tuple[str, int | None]]:
    """Role and status of each hop."""
    return [(hop["role"], hop["status"]) for hop in step["hops"]]


def exchanges_of(standin: Hub) -> Counter[tuple[str, str, str, int | None]]:
    return Counter((seen.method, seen.host, seen.path, seen.status) for seen in standin.seen)


def assert_fetched(pull: Json, built: Built) -> None:
    """The pull is complete, and has a verified step for each blob of the platform's manifest, with its size."""
    assert pull["outcome"] == "complete"
    fetched = [*steps(pull, "manifest"), *steps(pull, "config"), *steps(pull, "layer")]
    assert {step["digest"]: (step["size"], step["verified"]) for step in fetched} == {
        digest: (size, True) for digest, size in built.sizes.items()
    }
    total = len(built.layers)
    layers = pull["layers"]
    assert (layers["total"], layers["fetched"], layers["already_present"], layers["verified"]) == (
        total,
        total,
        0,
        total,
    )


def assert_no_secret(proxy: Proxy, standin: Hub, *documents: object) -> None:
    """None of the tokens and signatures that were given out is in what pullscope wrote or printed."""
    assert standin.secrets
    written = [file.read_text() for file in proxy.recording.parent.iterdir() if file != proxy.flows]
    everything = "\n".join([proxy.program.output, *written, *(json.dumps(document) for document in documents)])
    assert [secret for secret in standin.secrets if secret in everything] == []
