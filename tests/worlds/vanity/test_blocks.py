"""Files that a configuration takes in: those in its folder are read, the others are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pullscope.oci.messages import Request
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import read_rules
from pullscope.worlds.vanity.rules import Decision, RuleFile

HOST = "docker.example.com"
MAIN = {
    "nginx.conf": "server {\n  server_name docker.example.com;\n  include %s;\n}\n",
    "Caddyfile": "docker.example.com {\n  import %s\n}\n",
    "apache.conf": "<VirtualHost *:443>\nServerName docker.example.com\nInclude %s\n</VirtualHost>\n",
}
PART = {
    "nginx.conf": "\nlocation /v2/ { return 302 https://r.example$request_uri; }\n",
    "Caddyfile": "\nredir /v2/* https://r.example{uri} 302\n",
    "apache.conf": '\nRedirect 302 "/v2/" "https://r.example/v2/"\n',
}


def written(folder: Path, name: str, include: str, part: str | None = "snippets/registry") -> RuleFile:
    (folder / "snippets").mkdir(exist_ok=True)
    (folder / name).write_text(MAIN[name] % include)
    if part:
        (folder / part).write_text(PART[name])
    return read_rules(folder / name)


def asked(rules: RuleFile) -> Decision:
    return decide(rules, Request(method="GET", url=f"https://{HOST}/v2/"))


def location(decision: Decision) -> str | None:
    return decision.response.headers.get("Location") if decision.response is not None else None


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("include", ["snippets/registry", "snippets/*", "./snippets/reg*"])
def test_a_file_in_the_folder_is_read_and_its_lines_are_its_own(name: str, include: str, tmp_path: Path) -> None:
    """By its name or a pattern: what it says is played, and told at its own line."""
    rules = written(tmp_path, name, include)
    decision = asked(rules)

    assert location(decision) == "https://r.example/v2/"
    assert decision.rule is not None
    assert decision.rule.where == "snippets/registry:2"
    assert {one.where for one in lint(rules, HOST) if one.code == "open-to-all-repositories"} == {"snippets/registry:2"}
    assert [Path(one).name for one in rules.sources] == [name, "registry"]


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize(
    "include", ["snippets/other", "/nowhere/registry", "../registry", "out/registry", "$x/registry"]
)
def test_another_file_is_named(name: str, include: str, tmp_path: Path) -> None:
    """One that is not there, one outside the folder, also by a link: not read, and lint says so with the line."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (outside / "registry").write_text(PART[name])
    (tmp_path / "registry").write_text(PART[name])
    (project / "out").symlink_to(outside)
    rules = written(project, name, include, part=None)

    assert location(asked(rules)) is None
    assert [one.where for one in rules.remarks if "is not read" in one.message] == [
        f"{name}:{2 if name == 'Caddyfile' else 3}"
    ]


def test_a_file_that_takes_in_itself_ends(tmp_path: Path) -> None:
    """After some depth the statement stays a statement."""
    (tmp_path / "nginx.conf").write_text("include nginx.conf; server { location / { return 404; } }\n" * 3)

    assert read_rules(tmp_path / "nginx.conf").rules


def test_what_is_wrong_in_a_part_has_its_place(tmp_path: Path) -> None:
    """A brace that is not closed there is told there."""
    (tmp_path / "part").write_text("location /v2/ {\n  return 404 }\n")
    (tmp_path / "nginx.conf").write_text("server {\n  include part;\n}\n")

    with pytest.raises(ValueError, match=r"^part:\d"):
        read_rules(tmp_path / "nginx.conf")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are not everywhere")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """No regular file: left out and named."""
    os.mkfifo(tmp_path / "part")
    (tmp_path / "nginx.conf").write_text("server { include part; location / { return 404; } }\n")

    assert any("Include part is not read" in one.message for one in read_rules(tmp_path / "nginx.conf").remarks)


def test_what_is_not_played_in_a_part_is_told_at_its_line(tmp_path: Path) -> None:
    """The reason why there is no verdict names the part, and so does a login."""
    (tmp_path / "part").write_text("auth_basic registry;\nauth_request /check;\n")
    (tmp_path / "nginx.conf").write_text("server { location / { include part; proxy_pass http://registry; } }\n")
    (tmp_path / "login").write_text("\nauth_basic registry;\n")
    (tmp_path / "other.conf").write_text("server { location / { include login; proxy_pass http://registry; } }\n")

    assert asked(read_rules(tmp_path / "nginx.conf")).not_played == "part:2: auth_request is not played"
    assert asked(read_rules(tmp_path / "other.conf")).login == "login:2"
