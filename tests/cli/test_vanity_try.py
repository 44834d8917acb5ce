"""`vanity try` over its grid: every client, with and without a login, one file or a move, text or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullscope.cli.main import app
from pullscope.cli.vanity import app as vanity
from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

HOST = "docker.example.com"
IMAGE = f"{HOST}/timonback/zephykus"
ARTICLE = Path(__file__).parents[1] / "data" / "vanity" / "netlify.toml"
PROXY = """
[[rewrite]]
from = "docker.example.com"
to = "registry-1.docker.io"
auth = "token-aware"
only = ["timonback"]
"""


def run(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(vanity, ["try", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def verdicts(text: str) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in json.loads(text)["clients"]}


@pytest.fixture(name="moved")
def _moved(tmp_path: Path) -> Path:
    """The article's rules after a move to a registry with a strict token server and another name."""
    text = ARTICLE.read_text().replace("registry-1.docker.io/v2/timonback", "ghcr.io/v2/other")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "netlify.toml").write_text(text.replace("registry-1.docker.io", "ghcr.io"))
    return tmp_path / "new" / "netlify.toml"


def test_says_who_can_pull() -> None:
    """The article's rules: docker pulls, podman's family does not, and what would help is said with its price."""
    code, out, _ = run(ARTICLE, "--host", HOST, "--ref", IMAGE)

    assert code == 0
    assert "netlify.toml: 2 rules, no errors. Tried in memory: no DNS, no network." in out
    assert "Token server of Docker Hub, lenient" in out
    assert "  docker 29                 pulls                                        tested" in out
    assert "  buildah                   FAILS  token dropped at the redirect         tested" in out
    assert "Through a proxy podman, skopeo, buildah and crane up to 0.21.7 can pull too" in out
    assert "Not tested with status = 200" in out.replace("\n", " ")
    assert " --namespace timonback \\\n    --platform netlify --design proxy\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_an_image_in_the_place_of_a_file_is_told_from_one() -> None:
    """The second word is the rules after a move; who means the image is told how to name it."""
    code, _, said = run(ARTICLE, "docker.example.com/org/img")

    assert code == 2
    assert "--ref docker.example.com/org/img" in said


def test_names_the_file_that_was_given(tmp_path: Path) -> None:
    """What to run next can be pasted: the path is as it was typed, also with a blank in it."""
    folder = tmp_path / "my rules"
    folder.mkdir()
    (folder / "netlify.toml").write_text('[[redirects]]\nfrom = "/v2/org/*"\nto = "https://ghcr.io/v2/org/:splat"\n')
    _, out, _ = run(folder / "netlify.toml", "--ref", f"{HOST}/org/img")
    command = " ".join(out.partition("To see what to change:\n")[2].replace("\\\n", " ").split())

    assert command == f"pullscope vanity lint '{folder / 'netlify.toml'}' --host {HOST}"


@pytest.mark.parametrize("name", EVERY_CLIENT)
def test_any_client_can_be_named_alone(name: str, moved: Path, tmp_path: Path) -> None:
    """Alone, before a move, in `check --rules`: 0 or 3, the same in text and JSON, and never "ok" beside 3."""
    proxy = tmp_path / "proxy.toml"
    proxy.write_text(PROXY)
    for files in ((ARTICLE,), (proxy,), (ARTICLE, moved), (proxy, ARTICLE)):
        code, out, err = run(*files, "--ref", IMAGE, "--clients", name)
        as_json, document, _ = run(*files, "--ref", IMAGE, "--clients", name, "--json")

        assert code == as_json
        assert code in (0, 3), err
        assert json.loads(document)["verdict"] == "problems" or code == 0
        assert list(verdicts(document)) == [name]
        assert (verdicts(document)[name] == "fails") is (code == 3)
        assert "FAILS" in out or code == 0
        if len(files) == 1:
            checked = CliRunner().invoke(app, ["check", IMAGE, "--rules", str(files[0]), "--clients", name, "--json"])
            assert (checked.exit_code, checked.stdout) == (code, document)


def test_a_name_that_is_not_covered_fails_for_everyone(tmp_path: Path) -> None:
    """Where no client can pull the end is 3, also where lint finds nothing and no client was named."""
    proxy = tmp_path / "proxy.toml"
    proxy.write_text(PROXY)
    for rules in (ARTICLE, proxy):
        code, out, _ = run(rules, "--ref", f"{HOST}/library/nginx")
        as_json, document, _ = run(rules, "--ref", f"{HOST}/library/nginx", "--json")

        assert (code, as_json) == (3, 3)
        assert "pulls  " not in out
        assert set(verdicts(document).values()) == {"fails"}
        assert json.loads(document)["verdict"] == "problems"


def test_a_client_is_tried_once_however_often_it_is_named() -> None:
    """And in the order of the words."""
    _, out, _ = run(ARTICLE, "--ref", IMAGE, "--clients", "skopeo, podman,skopeo", "--json")

    assert list(verdicts(out)) == ["skopeo", "podman"]


def test_a_login_that_stands_alone_says_whose_it_is() -> None:
    """Below its client's name, which is not a row of its own."""
    _, out, _ = run(ARTICLE, "--ref", IMAGE, "--clients", "buildah+vanity-login,regctl")

    rows = out.splitlines()[2:5]
    assert rows[0] == "  buildah"
    assert rows[1].startswith("    logged in to this host  FAILS  ")
    assert rows[2].startswith("  regctl                    pulls")
    assert "logged in: with an image that only this account may pull" in out


def test_a_move_names_who_can_no_longer_pull(moved: Path) -> None:
    """Strict tokens and a renamed path lose docker; two files of one name are told apart."""
    code, out, _ = run(ARTICLE, moved, "--ref", IMAGE)
    _, document, _ = run(ARTICLE, moved, "--ref", IMAGE, "--json")

    assert code == 3
    assert "  docker 29                 pulls→FAILS" in out
    assert "of these clients can no longer pull." in out
    assert "Logins for docker.io do not work for ghcr.io." in out
    assert "The image is named other/zephykus there" in " ".join(out.split())
    assert f"{moved} to GitHub" in " ".join(out.split())
    assert {problem["where"] for problem in json.loads(document)["problems"]} == {str(moved)}


def test_a_move_that_changes_nothing_ends_well(tmp_path: Path) -> None:
    """And says so of clients that pull today; where none can, it says that and ends with 3."""
    (tmp_path / "new.toml").write_text(ARTICLE.read_text())
    code, out, _ = run(ARTICLE, tmp_path / "new.toml", "--ref", IMAGE, "--platform", "netlify")
    none, said, _ = run(ARTICLE, tmp_path / "new.toml", "--ref", f"{HOST}/a/b", "--platform", "netlify")

    assert (code, none) == (0, 3)
    assert "No client that works today breaks." in out
    assert "No client of these can pull today; none can after the move." in said


def test_what_is_not_played_is_no_failure() -> None:
    """Rules that a program answers: no verdict, with its line, and 0; 3 with --strict; a move to them loses none for sure."""
    program = ARTICLE.parents[1] / "rules" / "vercel-crev" / "vercel.json"
    code, out, _ = run(program, "--ref", IMAGE)
    strict, document, _ = run(program, "--ref", IMAGE, "--strict", "--json")
    moved, said, _ = run(ARTICLE, program, "--ref", IMAGE)
    moved_strictly, _, _ = run(ARTICLE, program, "--ref", IMAGE, "--strict")

    assert (code, strict, moved, moved_strictly) == (0, 3, 0, 3)
    assert "FAILS" not in out
    assert "no verdict: vercel.json:3: " in " ".join(out.split())
    assert set(verdicts(document).values()) == {"unknown"}
    assert json.loads(document)["verdict"] == "problems"
    assert "can no longer pull" not in said
    assert "There is no verdict on 12 of them after the move." in said


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        (
            "a.conf",
            'server { location /v2/ {\nauth_basic "x";\nauth_basic_user_file f;\nproxy_pass http://r:5000; } }',
            "a.conf:2",
        ),
        ("Caddyfile", "docker.example.com {\nbasicauth {\nme JDJh\n}\nreverse_proxy r:5000\n}", "Caddyfile:2"),
    ],
)
def test_login_that_the_host_asks_for_is_said_to_be_assumed(tmp_path: Path, name: str, text: str, place: str) -> None:
    """The verdicts are those of clients that are logged in: the table, the move and JSON say so, with the line."""
    (tmp_path / name).write_text(text)
    _, out, _ = run(tmp_path / name, "--ref", IMAGE)
    _, moved, _ = run(ARTICLE, tmp_path / name, "--ref", IMAGE)
    _, document, _ = run(tmp_path / name, "--ref", IMAGE, "--json")

    assert f"Login assumed: {place} asks for one." in out
    assert "docker 29                 pulls" in out
    assert "Token server of" not in out
    assert f"Login assumed: {place} asks for one." in moved
    assert json.loads(document)["login_assumed"] == place


def test_login_is_not_said_to_be_assumed_where_none_is_asked_for() -> None:
    """A registry's own tokens are not logins of the host."""
    _, out, _ = run(ARTICLE, "--ref", IMAGE)
    _, document, _ = run(ARTICLE, "--ref", IMAGE, "--json")

    assert "Login assumed" not in out
    assert json.loads(document)["login_assumed"] is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "Caddyfile",
            (
                "docker.example.com {{\n\thandle /v2/other/* {{\n\t\treverse_proxy https://ghcr.io\n\t}}\n"
                '\trespond "{0}" 404\n}}\n'
            ),
        ),
        (
            "nginx.conf",
            'server {{\n  server_name docker.example.com;\n  location / {{\n    return 404 "{0}";\n  }}\n}}\n',
        ),
    ],
)
@pytest.mark.parametrize("body", ["Not Found", "nothing here"])
def test_a_404_of_the_file_itself_is_no_tag_that_a_registry_lacks(
    name: str, text: str, body: str, tmp_path: Path
) -> None:
    """No registry was reached, so none can be said to lack a tag, and `crane ls` of it does not help."""
    file = tmp_path / name
    file.write_text(text.format(body))
    code, out, _ = run(file, "--ref", IMAGE)
    assert code == 3
    assert "no rule for its path" in out
    assert "the registry does not know" not in out
    assert "crane ls" not in out
