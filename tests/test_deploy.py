"""What is in deploy/ is not run here: its form is that of its kind, and its commands are ones that pullscope has."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.dashboard import dashboard, labels_of, questions
from typer.testing import CliRunner

from pullscope.cli.main import app

DEPLOY = Path(__file__).parent.parent / "deploy"


def read(name: str) -> Any:
    """A YAML file as plain values."""
    return YAML(typ="safe").load((DEPLOY / name).read_text())


def commands() -> dict[str, list[str]]:
    """Each command of pullscope that these files would run, by where it stands."""
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    found = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert found is not None
    written = {"CMD": json.loads(found[1])}
    for number, line in enumerate(
        re.findall(r"^#   docker run .*? pullscope((?: [a-z].*?)?)(?:  +# .*)?$", dockerfile, re.MULTILINE)
    ):
        written[f"example {number + 1}"] = shlex.split(line) or written["CMD"]
    written["compose"] = read("compose.yaml")["services"]["pullscope"]["command"]
    written["daemonset"] = pod()["containers"][0]["args"]
    return written


def pod() -> dict[str, Any]:
    """The pod of the DaemonSet."""
    spec: dict[str, Any] = read("daemonset.yaml")["spec"]["template"]["spec"]
    return spec


def test_there_are_commands_to_test() -> None:
    assert len(commands()) == 6


@pytest.mark.parametrize(("where", "command"), commands().items(), ids=commands())
def test_each_command_is_understood(where: str, command: list[str]) -> None:
    """`--help` at the end stops it; an option before it that there is not is exit 2."""
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0, where


def test_nothing_is_published_beyond_the_loopback_interface() -> None:
    """Plain http is for this machine: the host's network, no port of a container, and no other address to listen on."""
    service = read("compose.yaml")["services"]["pullscope"]
    assert (service["network_mode"], "ports" in service) == ("host", False)
    assert pod()["hostNetwork"] is True
    assert "ports" not in pod()["containers"][0]
    assert not [command for command in commands().values() if "--listen-host" in command]


def test_nothing_runs_as_root() -> None:
    assert re.findall(r"^USER (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[-1] == "10001"
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert read("compose.yaml")["services"]["pullscope"]["cap_drop"] == ["ALL"]


def test_what_the_wheel_is_built_from_is_copied() -> None:
    """The Dockerfile copies what pyproject.toml names, or the image has no addons."""
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    wheel = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    missing = [
        source
        for source in ("src", *wheel["force-include"])
        if not re.search(rf"^COPY {source} ", dockerfile, re.MULTILINE)
    ]
    assert missing == []


def test_the_pod_writes_only_to_its_volumes() -> None:
    """The root is read only, so each directory that pullscope writes to has a volume that exists."""
    container = pod()["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    volumes = {volume["name"] for volume in pod()["volumes"]}
    mounted = {mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in volumes}
    assert mounted == {"/data", "/tmp"}  # noqa: S108 - a path in the pod


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "daemonset.yaml"])
def test_it_says_that_it_was_not_run(name: str) -> None:
    assert re.search(r"Not run (in CI|here)", (DEPLOY / name).read_text())


def test_the_dashboard_is_the_questions_of_the_page() -> None:
    """PULLSCOPE_REWRITE=1 writes it anew; tests/mitm/test_otlp_sender.py holds the page's names to what is sent."""
    text = json.dumps(dashboard(), indent=1) + "\n"
    if os.environ.get("PULLSCOPE_REWRITE"):
        (DEPLOY / "grafana.json").write_text(text)
    assert (DEPLOY / "grafana.json").read_text() == text


def test_each_panel_has_its_place_and_names_its_series() -> None:
    """No two panels overlap, no query is left out, and what a query tells apart is in the legend."""
    panels = dashboard()["panels"]
    assert (
        len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels) == len(questions()) > 3
    )
    for panel in panels:
        for target in panel["targets"]:
            assert all(f"{{{{{label}}}}}" in target["legendFormat"] for label in labels_of(target["expr"]))


TYPES = """import type { Dashboard, VizOrientation, BarGaugeDisplayMode } from '@grafana/schema';
const dashboard: Dashboard = DASHBOARD;
const bars: Array<{ orientation: `${VizOrientation}`; displayMode: `${BarGaugeDisplayMode}` }> = BARS;
"""


@pytest.mark.skipif(not os.environ.get("PULLSCOPE_NODE"), reason="needs node, typescript and @grafana/schema there")
@pytest.mark.parametrize("planted", [None, "refesh", "displayMode"])
def test_the_dashboard_is_of_grafanas_own_types(tmp_path: Path, planted: str | None) -> None:
    """As literals of TypeScript, which knows no other fields; a planted mistake is one."""
    made = dashboard()
    bars = [panel["options"] for panel in made["panels"] if panel["type"] == "bargauge"]
    if planted == "refesh":
        made["refesh"] = made.pop("refresh")
    elif planted:
        bars[0][planted] = "plain"
    (tmp_path / "node_modules").symlink_to(Path(os.environ["PULLSCOPE_NODE"]) / "node_modules")
    text = TYPES.replace("DASHBOARD", json.dumps(made)).replace("BARS", json.dumps(bars))
    (tmp_path / "dashboard.ts").write_text(text)
    compiler = tmp_path / "node_modules" / ".bin" / "tsc"
    words = "--noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext dashboard.ts"
    done = subprocess.run([compiler, *words.split()], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == (planted is None), done.stdout
    assert planted is None or planted in done.stdout or "plain" in done.stdout
