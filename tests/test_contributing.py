"""CONTRIBUTING's pages on findings, clients, forms, registries and routes, tried: one of each is added to a copy of the source.

Each addition touches no more files of the source than its page says. A platform is tried in
tests/worlds/vanity/test_new_platform.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pullscope

ROOT = Path(__file__).parents[1]


class Copy:
    """The source, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "src"
        shutil.copytree(
            Path(pullscope.__file__).parent, self.folder / "pullscope", ignore=shutil.ignore_patterns("__pycache__")
        )

    def add(self, file: str, text: str, before: str = "") -> None:
        """A new file, or text before the only place that says `before`."""
        path = self.folder / "pullscope" / file
        if not before:
            path.write_text(text)
            return
        then = path.read_text()
        assert then.count(before) == 1, (file, before)
        path.write_text(then.replace(before, f"{text}{before}"))

    def run(self, code: str) -> str:
        """What Python prints that imports it."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": f"{self.folder}:{ROOT}", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


RULE = '''
@row(needs=Fact.TROUBLE, severities="error", suffers="all", remedy="ask a registry")
def teapot(case: Case) -> Iterator[Found]:
    """An answer says 418.

    RFC 2324, 2.3.2: example/teapot#418.
    """
    said = [step for step in case.bad if step.last.status == 418]
    if said:
        host = said[0].last.host
        yield Found(said, f"{host} said 418: it is a teapot.", f"ask a registry instead of {host}")


'''
CONVERSATION = """
teapot: example/teapot#418, docker
A teapot in the place of a registry.
HEAD REG/v2/team/app/manifests/1.0 > 418
GET REG/v2/team/app/manifests/1.0 > 418 text body="I am a teapot"
= error:teapot says "said 418" "instead of registry.example.com" never "log in"
"""


def test_a_finding_is_a_rule_with_its_row(copy: Copy, tmp_path: Path) -> None:
    """Its conversation finds another code before, and then this one alone; it is in the table, without being registered."""
    (tmp_path / "reports.txt").write_text(CONVERSATION)
    look = (
        "from pathlib import Path; from tests.trace.findings.reports import read; from tests.trace.wire import played\n"
        "from pullscope.trace.findings.table import ROWS\n"
        f"[report] = read(Path({str(tmp_path)!r})).values()\n"
        "found = [found for pull in played(report.play()).pulls for found in pull.findings]\n"
        "print('teapot' in ROWS, [found.code for found in found], all(any(words in f'{found.message} {found.fix}' "
        "for found in found) for words in report.says))"
    )

    assert copy.run(look) == "False ['request-failed'] False\n"
    before = '@row(needs=Fact.BLOB, suffers="docker", remedy="send no Content-Encoding"'
    copy.add("trace/findings/content.py", RULE, before=before)
    assert copy.run(look) == "True ['teapot'] True\n"


def test_a_client_by_its_name_is_one_row(copy: Copy) -> None:
    """Its version is read, and what its row says is known wherever families are told apart."""
    row = '    "img": Family(products=("img",), process=_COMMAND),\n'
    copy.add("oci/agents.py", row, before='    "curl": Family(')

    said = copy.run(
        "from pullscope.oci.agents import COMMANDS, identify; print(identify('img/v0.5.11'), 'img' in COMMANDS)"
    )
    assert said == "img 0.5.11 True\n"


CLIENT = """
from pullscope.worlds.clients.docker_classic import DockerClassic


def img(reference, login, present):
    return DockerClassic(reference=reference, login=login, present=present).pull()
"""


def test_a_client_that_can_be_spoken_like_is_a_file_and_a_row(copy: Copy) -> None:
    """`vanity try`, `check` and `demo` know it, and the lesson's tables have it."""
    copy.add("worlds/clients/img.py", CLIENT)
    copy.add(
        "worlds/clients/client_catalog.py",
        "from pullscope.worlds.clients.img import img\n",
        before="from pullscope.worlds.clients.regctl",
    )
    copy.add("worlds/clients/client_catalog.py", '    "img": img,\n', before='    "docker-classic": _model(')
    copy.add("worlds/clients/client_catalog.py", "img: img\n    source not compared\n", before="docker-classic: docker")

    said = copy.run(
        "from pullscope.cli.explain import demo_pulls\n"
        "print([(one.client, one.through) for one in demo_pulls().tried if one.client == 'img'])"
    )
    assert said == "[('img', None)]\n"


def test_a_form_of_the_report_is_a_file_and_a_row(copy: Copy) -> None:
    """`report --format` offers it, says so in its help, and writes it."""
    copy.add(
        "render/exports/names.py",
        "def names(told):\n    return ''.join(f'{pull.reference}\\n' for pull in told.pulls)\n",
    )
    copy.add(
        "render/formats.py",
        '    "names": Form(what="names", reader="cut", by="exports.names:names"),\n',
        before='    "curl": Form(',
    )
    recording = Path(__file__).parent / "data" / "demo" / "direct.jsonl"

    said = copy.run(
        f"import sys; from pullscope.cli.main import main\n"
        f"sys.argv = ['pullscope', 'report', '--format', 'names', {str(recording)!r}]; main()"
    )
    assert said == "docker.io/timonback/zephykus:latest\n"


def test_a_registry_is_two_rows(copy: Copy) -> None:
    """It is played, pulled from, and known by its host."""
    copy.add(
        "oci/known_registries.py",
        "depot: Depot\n    hosts registry\\.depot\\.example\n",
        before="docker-hub: Docker Hub\n",
    )
    seen = "https://depot.example 2026-11"
    own = f'[depot]\nhost = "registry.depot.example"\nanonymous = {{ is = "open, no token", seen = "{seen}" }}\n\n'
    copy.add("worlds/registries/registries.toml", own, before="[docker-hub]\n")

    said = copy.run(
        "from pullscope.oci.known_registries import known_registry\n"
        "from pullscope.worlds.clients.drive import pull\n"
        "from pullscope.worlds.hub.scenario import play, start_of\n"
        "from pullscope.worlds.registries.table import registry\n"
        "played = play(registry('depot'))\n"
        "ran = pull(start_of('docker-classic', login=False)(played.reference), played.world)\n"
        "print(known_registry('registry.depot.example').name, played.reference, ran.outcome.pulled)"
    )
    assert said == "Depot registry.depot.example/timonback/zephykus:latest True\n"


def test_a_route_is_two_rows(copy: Copy) -> None:
    """It is read from the URL, and is the kind of step that its row says."""
    copy.add("oci/routes.py", '    RENAMES = "renames"\n', before='    NONE = "none"')
    path = '("/renames", Endpoint.RENAMES, r"/v2/(?P<repository>.+)/renames/?"),\n        '
    copy.add("oci/routes.py", path, before='("/tags/list", Endpoint.TAGS, r')
    copy.add("trace/kinds.py", "    Endpoint.RENAMES: Kind.TAGS,\n", before="    Endpoint.TAGS: Kind.TAGS,")

    said = copy.run(
        "from pullscope.oci.routes import route; from pullscope.trace.kinds import PLAIN\n"
        "found = route('https://r.example.com/v2/team/app/renames')\n"
        "print(found.endpoint, found.repository, PLAIN[found.endpoint])"
    )
    assert said == "renames team/app tags\n"
