"""Asking a realm for a token: the query or form that Go clients build, and what they make of the answer.

Which scopes, for which host and when is each client's own; so is the User-Agent. No token is kept here. A login is what
`docker login HOST` left behind; who sends it where is each client's own, too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

from pullscope.oci.challenge import Challenge
from pullscope.oci.documents import read_token_answer
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.urls import split

_SHORTEST_LIFETIME = 60  # distribution client/auth/session.go minimumTokenLifetimeSeconds; containers/image the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a realm gave, and for how long."""

    text: str = field(repr=False)
    lifetime: int

    @property
    def authorization(self) -> str:
        return f"Bearer {self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A name and a password, kept under the host for which they were given (`docker.io` is kept as its API's host)."""

    host: str
    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


SAMPLE_ACCOUNT = {"sample-user": "sample-password"}
"""An account that exists nowhere, to try what a login changes: for `sample_hub(accounts=…)`."""


def sample_login(host: str) -> Login:
    """The sample account, as `docker login HOST` would have kept it."""
    [(username, password)] = SAMPLE_ACCOUNT.items()
    return Login(host=host, username=username, password=password)


def login_request(challenge: Challenge, scopes: Iterable[str], headers: Headers, login: Login | None) -> Request:
    """GET on the realm with Basic, and the name once more as `account`: distribution, containers/image, regclient."""
    if login is None:
        return token_request(challenge, scopes, headers)
    authorized = headers.replacing("Authorization", login.authorization)
    return token_request(challenge, scopes, authorized, account=login.username)


def login_form(challenge: Challenge, scopes: Iterable[str], headers: Headers, login: Login, client_id: str) -> Request:
    """POST on the realm (distribution docs/content/spec/auth/oauth.md): containerd and BuildKit, where they have a login."""
    form = {
        "client_id": client_id,
        "grant_type": "password",
        "password": login.password,
        "scope": " ".join(scopes),
        "service": challenge.service or "",
        "username": login.username,
    }
    typed = headers.replacing("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    return Request(method="POST", url=challenge.realm or "", headers=typed, body=urlencode(form).encode())


def token_request(challenge: Challenge, scopes: Iterable[str], headers: Headers, **more: str) -> Request:
    """GET on the realm. Go's url.Values.Encode sorts by name; the realm's own query stays."""
    parameters = [("scope", scope) for scope in scopes]
    if challenge.service:
        parameters.append(("service", challenge.service))
    parameters += more.items()
    parts = split(challenge.realm or "")
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in sorted(parameters, key=lambda pair: pair[0]))
    return Request(
        method="GET", url=str(parts._replace(query="&".join(filter(None, (parts.query, query))))), headers=headers
    )


def token_in(response: Response) -> Token | None:
    """The token in a good answer; None where there is none."""
    answer = read_token_answer(response.body)
    if answer is None:
        return None
    return Token(text=answer.token, lifetime=max(answer.expires_in or 0, _SHORTEST_LIFETIME))
