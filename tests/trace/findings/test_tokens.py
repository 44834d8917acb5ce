"""The rules on tokens and logins: each where it must speak, and just beside, where it must not."""

from __future__ import annotations

import pytest
from tests.trace.findings.looked_at import IMAGE, REPO, TAG, VANITY, error, found, resolved, told, with_token
from tests.trace.images import DIALECTS, OCI_INDEX, digest
from tests.trace.wire import CRANE, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for, token_url

TAG_AT_VANITY = TAG.replace(HUB, VANITY)
INDEX = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}


def dropped(agent: str, *, second: int = 401, keeps: bool = False, login: bool = False) -> Wire:
    """The token goes to the vanity host, and over the redirect only if it `keeps` it."""
    wire = Wire(agent=agent)
    wire.ask("GET", f"{VANITY}/v2/", 302, location=f"{HUB}/v2/")
    wire.ask("GET", f"{HUB}/v2/", 401, referer=f"{VANITY}/v2/", challenge=challenge_for(None))
    wire.ask("GET", token_url(REPO), basic=login, issued="t", body='{"token":"REDACTED","expires_in":300}')
    wire.ask("GET", TAG_AT_VANITY, 302, token="t", location=TAG)
    answer = INDEX if second == 200 else None
    body = IMAGE.index if second == 200 else error("UNAUTHORIZED")
    challenge = challenge_for(REPO) if second == 401 else None
    token = "t" if keeps else None
    wire.ask("GET", TAG, second, referer=TAG_AT_VANITY, token=token, answer=answer, body=body, challenge=challenge)
    return wire


@pytest.mark.parametrize(
    ("agent", "others"),
    [
        (SKOPEO, "podman, buildah and crane up to 0.21.7"),
        (CRANE, "skopeo, podman and buildah"),
        ("libpod/4.3.1", "skopeo, buildah"),
    ],
)
def test_authorization_dropped(agent: str, others: str) -> None:
    """Both hosts are named, the steps are those of token and manifest, and who fails alike is not the client itself."""
    finding = found(dropped(agent))["authorization-dropped"]
    assert finding.severity == "error"
    assert "docker.example.com" in finding.message
    assert "registry-1.docker.io" in finding.message
    assert others in finding.message
    assert finding.steps == (2, 3)


def test_a_token_that_was_not_missed_is_none_that_was_dropped() -> None:
    """The registry behind the redirect wants no token: the pull goes on, and only the leak remains to be told."""
    assert "authorization-dropped" not in told(dropped(SKOPEO, second=200))


def test_authorization_leaked() -> None:
    """The token of an account is a risk, an anonymous one is not."""
    assert told(dropped(SKOPEO, second=200, login=True))["authorization-leaked"] == "warning"
    assert told(dropped(SKOPEO, second=200))["authorization-leaked"] == "info"


def test_a_token_that_came_along_is_refused_for_another_reason() -> None:
    """401 to a token is a refusal."""
    assert "authorization-dropped" not in told(dropped(SKOPEO, keeps=True))
    assert told(dropped(SKOPEO, keeps=True))["access-denied"] == "error"


def test_authorization_leaked_names_both_hosts() -> None:
    """Who got whose token."""
    finding = found(dropped(SKOPEO, second=200))["authorization-leaked"]
    assert "made for registry-1.docker.io, to docker.example.com" in finding.message


def test_a_proxy_that_answers_the_challenge_itself_gets_its_own_token() -> None:
    """The host that sent the client to the realm may have what comes from there."""
    wire = with_token(SKOPEO, ping=VANITY)
    wire.ask("GET", TAG_AT_VANITY, token="t", answer=INDEX, body=IMAGE.index)
    assert "authorization-leaked" not in told(wire)


def test_a_login_that_follows_a_redirect_is_leaked() -> None:
    """Basic credentials on both sides of a redirect."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", TAG_AT_VANITY, 302, basic=True, location=TAG)
    wire.ask("GET", TAG, 200, basic=True, referer=TAG_AT_VANITY, answer=INDEX, body=IMAGE.index)
    assert told(wire)["authorization-leaked"] == "warning"


def test_a_login_at_the_token_server_is_where_it_belongs() -> None:
    """Basic credentials go to the realm."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", token_url(REPO), basic=True, issued="t", body='{"token":"REDACTED","expires_in":300}')
    resolved(wire)
    assert told(wire) == {}


def refused(
    status: int, *, scope: str, wanted: str | None, agent: str = DOCKER_20, error_: str = "insufficient_scope"
) -> Wire:
    """A token for `scope` is refused by a registry whose challenge wants `wanted`."""
    wire = with_token(agent, repository=scope)
    challenge = f'{challenge_for(wanted)},error="{error_}"' if status == 401 else None
    for method in ("HEAD", "GET"):
        wire.ask(method, TAG, status, token="t", challenge=challenge, body=error("DENIED"))
    return wire


def test_scope_mismatch() -> None:
    """The token is for another name than the path."""
    finding = found(refused(401, scope="vanity/app", wanted=REPO))
    assert {code: str(one.severity) for code, one in finding.items()} == {"scope-mismatch": "error"}
    assert "vanity/app" in finding["scope-mismatch"].message
    assert REPO in finding["scope-mismatch"].message


def test_a_token_for_the_same_name_is_denied_and_no_mismatch() -> None:
    """A private repository: the scope is right, and the answer is no."""
    assert told(refused(401, scope=REPO, wanted=REPO)) == {"access-denied": "error"}
    assert told(refused(403, scope=REPO, wanted=None)) == {"access-denied": "error"}


def test_a_token_for_another_name_that_works_is_fine() -> None:
    """It was not refused, so it is not reported."""
    wire = with_token(DOCKER_20, repository="vanity/app")
    resolved(wire)
    assert told(wire) == {}


def union(second: str) -> Wire:
    """containerd asks for the name of the reference and for the challenge's."""
    wire = Wire(agent=DOCKER_29)
    wire.ask("HEAD", TAG_AT_VANITY, 302, location=TAG)
    wire.ask("HEAD", TAG, 401, referer=TAG_AT_VANITY, challenge=challenge_for("team/app"))
    wire.ask(
        "GET",
        token_url(REPO) + "&scope=repository%3Ateam%2Fapp%3Apull",
        403 if second == "token" else 200,
        issued=None if second == "token" else "t",
        body=error("DENIED") if second == "token" else '{"token":"REDACTED"}',
    )
    if second != "token":
        wire.ask("HEAD", TAG_AT_VANITY, 302, location=TAG)
        challenge = challenge_for("team/app") + ',error="insufficient_scope"'
        wire.ask("HEAD", TAG, 401, referer=TAG_AT_VANITY, token="t", challenge=challenge)
    return wire


def test_scope_refused_by_the_token_server() -> None:
    """403 for two scopes: what the client added is not told as the cause, and what would tell is said."""
    finding = found(union("token"))["scope-refused"]
    assert finding.severity == "error"
    assert "a token for team/app without a login" in finding.message
    assert "library/app" not in finding.fix
    assert "if that works, keep the registry's own path" in finding.fix


@pytest.mark.parametrize("agent", [DOCKER_29, SKOPEO])
def test_where_a_rule_renamed_the_path_no_login_is_advised_first(agent: str) -> None:
    """A redirect that was seen names the path to keep; where only /v2/ was, pulling from there tells name from login."""
    wire = Wire(agent=agent)
    renamed = TAG_AT_VANITY.replace(REPO, "web/app")
    if agent == DOCKER_29:
        wire.ask("HEAD", renamed, 302, location=TAG)
        wire.ask("HEAD", TAG, 401, referer=renamed, challenge=challenge_for(REPO))
        wire.ask("HEAD", renamed, 302, location=TAG)
        asked = token_url("web/app") + f"&scope=repository:{REPO}:pull"
    else:
        wire.ask("GET", f"{VANITY}/v2/", 302, location=f"{HUB}/v2/")
        wire.ask("GET", f"{HUB}/v2/", 401, referer=f"{VANITY}/v2/", challenge=challenge_for(None))
        asked = token_url("web/app")
    wire.ask("GET", asked, 403, body=error("DENIED"))

    fix = found(wire)["scope-refused"].fix or ""
    assert fix.startswith(
        f"keep the path {REPO}" if agent == DOCKER_29 else "pull registry-1.docker.io/web/app, or by the name"
    )


def test_scope_refused_in_part() -> None:
    """200 for two scopes, and then the registry finds too little in it."""
    assert told(union("registry")) == {"scope-refused": "error"}


@pytest.mark.parametrize("again", [False, True], ids=["invalid_token", "worked-before"])
def test_token_rejected(again: bool) -> None:
    """A token is called invalid, or is not taken where it was."""
    wire = with_token(DOCKER_20)
    if again:
        resolved(wire)
    url = IMAGE.url("manifests", digest(IMAGE.index))
    challenge = challenge_for(REPO) + ("" if again else ',error="invalid_token"')
    wire.ask("GET", url, 401, token="t", challenge=challenge)
    assert told(wire) == {"token-rejected": "error"}


def test_a_token_that_was_renewed_when_it_was_over_is_fine() -> None:
    """300 s are over, the client gets another and goes on: a slow pull, no finding."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    wire.wait(301.0)
    url = IMAGE.url("manifests", digest(IMAGE.index))
    wire.ask("GET", url, 401, token="t", challenge=challenge_for(REPO) + ',error="invalid_token"')
    wire.asks_for_token(REPO, "u")
    wire.ask("GET", url, 200, token="u", answer=INDEX, body=IMAGE.index)
    assert "token-rejected" not in told(wire)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(500, "<HTML> Oops", "text/html"), (200, "<HTML> Welcome", "text/html"), (200, '{"hello":1}', "application/json")],
)
def test_token_server_failed(status: int, body: str, kind: str) -> None:
    """5xx, no JSON, or JSON without a token: the pull ends there and is no complete one."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", token_url(REPO), status, answer={"Content-Type": kind}, body=body)
    assert told(wire) == {"token-server-failed": "error"}
    assert "auth.docker.io" in found(wire)["token-server-failed"].message


def test_a_token_server_that_says_no_has_not_failed() -> None:
    """401 to a wrong password is an answer."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", token_url(REPO), 401, basic=True, body=error("UNAUTHORIZED"))
    assert told(wire) == {"access-denied": "error"}


def basic_only(agent: str, *, logged_in: bool) -> Wire:
    wire = Wire(agent=agent)
    url = TAG.replace(HUB, "https://registry.example.org")
    for method in ("HEAD", "GET"):
        wire.ask(
            method,
            url,
            200 if logged_in else 401,
            basic=logged_in,
            challenge=None if logged_in else 'Basic realm="r"',
            answer=INDEX if logged_in else None,
            body=IMAGE.index if method == "GET" and logged_in else None,
        )
    return wire


def test_credentials_not_used() -> None:
    """The registry wants a password and never saw one."""
    assert told(basic_only(DOCKER_29, logged_in=False)) == {"credentials-not-used": "error"}


def test_credentials_that_are_used_are_fine() -> None:
    """The same with the password."""
    assert told(basic_only(DOCKER_29, logged_in=True)) == {}


def test_an_empty_login_is_refused_like_a_wrong_one() -> None:
    """skopeo 1.9.3 sends a login without name and password where it has none (seen on the wire)."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", TAG, 401, basic=True, challenge='Basic realm="r"', body=error("UNAUTHORIZED"))
    assert told(wire) == {"access-denied": "error"}
    assert "wrong, or empty" in found(wire)["access-denied"].message


def test_a_lone_look_at_a_registry_with_passwords_is_fine() -> None:
    """curl of /v2/ that gets 401 was perhaps all that was wanted."""
    wire = Wire(agent="curl/8.5.0")
    wire.ask("GET", "https://registry.example.org/v2/", 401, challenge='Basic realm="r"')
    assert told(wire) == {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_pull_of_each_dialect_is_silent(dialect: str) -> None:
    """No rule at all speaks of a pull that went well."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent)
    play(wire, IMAGE)
    assert told(wire) == {}


@pytest.mark.parametrize(
    ("agent", "command"),
    [
        (DOCKER_20, "docker login"),
        (DOCKER_29, "docker login"),
        (SKOPEO, "skopeo login docker.io"),
        ("containers/5.24.1 (github.com/containers/image)", "podman login docker.io"),
        (CRANE, "crane auth login docker.io"),
    ],
)
def test_the_login_that_a_client_reads(agent: str, command: str) -> None:
    """No login is stored under Docker Hub's API host, and each family has a command of its own."""
    wire = with_token(agent)
    wire.ask("GET", TAG, 401, token="t", challenge=challenge_for(REPO), body=error("UNAUTHORIZED"))
    assert found(wire)["access-denied"].fix.endswith(f": {command}")


def test_the_login_of_another_registry() -> None:
    """Any other registry goes by its host, for docker too."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", "https://registry.example.org/v2/", 401, challenge='Basic realm="r"')
    assert (
        found(wire)["credentials-not-used"].fix
        == "log in: docker login registry.example.org; if that is done, trace docker to its end"
    )
