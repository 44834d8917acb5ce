"""Rule files as people write them: verdicts and lint against what is right (`field_cases`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.worlds.vanity.field_cases import CASES, REFUSED, UNKNOWN, Case

from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome, Severity
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import read_rules
from pullscope.worlds.vanity.rehearse import rehearse

RULES = Path(__file__).parents[2] / "data" / "rules"
OUTCOMES = {"pull": ClientOutcome.WORKS, "fail": ClientOutcome.FAILS, "unknown": ClientOutcome.UNKNOWN}
READ = [
    pytest.param(case, id=f"{case.file}:{case.image}{dict(case.env) or ''}") for case in CASES if case.right != REFUSED
]


@pytest.mark.parametrize("case", READ)
def test_clients_end_as_they_do_in_the_field(case: Case) -> None:
    """Each client pulls, fails, or is told as unknown for the reason that is in the file."""
    reference = Reference.parse(case.image)
    tried = rehearse(read_rules(RULES / case.file, env=dict(case.env)), reference.registry, reference).tried
    told = {one.client.id: (one.outcome, one.ran if isinstance(one.ran, str) else "") for one in tried}
    pairs = [pair.partition(":")[::2] for pair in case.right.split()] if ":" in case.right else []
    wanted = dict(pairs) or {name: case.right for name in told if "+" not in name}

    assert {name: told[name][0] for name in wanted} == {name: OUTCOMES[word] for name, word in wanted.items()}, told
    if case.right == UNKNOWN:
        assert all(case.why in why for _, why in told.values()), told


@pytest.mark.parametrize("case", READ)
def test_lint_says_what_is_wrong_and_nothing_that_is_not(case: Case) -> None:
    """The errors are those of the case and no others; what would be wrong to say is not said."""
    reference = Reference.parse(case.image)
    problems = lint(read_rules(RULES / case.file, env=dict(case.env)), reference.registry, reference.repository)
    errors = {one.code for one in problems if one.severity is Severity.ERROR}
    every = {one.code for one in problems}

    assert errors - {"path-not-redirected"} == case.codes - {"path-not-redirected"}, problems
    assert every & case.never == set(), problems
    assert case.warned <= every, problems


@pytest.mark.parametrize("case", [pytest.param(case, id=case.file) for case in CASES if case.right == REFUSED])
def test_format_that_is_not_read_is_one_sentence(case: Case) -> None:
    """The sentence names the file, what it is, and what to do instead."""
    with pytest.raises(ValueError, match=case.why) as refused:
        read_rules(RULES / case.file)

    assert Path(case.file).name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_paths_that_a_rewrite_leads_on_are_followed_without_an_image() -> None:
    """No location names a path of clients: a repository is asked for all the same."""
    assert lint(read_rules(RULES / "nginx-nexus-methods" / "nginx.conf"), "docker.example.com") == ()


def test_server_that_leads_no_repository_on_is_told(tmp_path: Path) -> None:
    """The near miss: a server that answers with its own pages only."""
    file = tmp_path / "nginx.conf"
    file.write_text("server { listen 443 ssl; location /app { proxy_pass http://127.0.0.1:8081; } }")

    assert "path-not-redirected" in {one.code for one in lint(read_rules(file), "docker.example.com")}


def test_what_is_odd_at_other_hosts_is_not_said_of_this_one(tmp_path: Path) -> None:
    """nginx -T prints every site: its limits are those of the tried one."""
    file = tmp_path / "nginx.conf"
    site = "server {{ listen 443 ssl; server_name {}; {} location / {{ proxy_pass http://127.0.0.1:5000; }} }}"
    file.write_text(
        f"{site.format('docker.example.com', 'client_max_body_size 0;')}\n{site.format('www.example.com', '')}"
    )
    rules = read_rules(file)

    assert "upload-too-large" not in {one.code for one in lint(rules, "docker.example.com")}
    assert "upload-too-large" in {one.code for one in lint(rules, "www.example.com")}
