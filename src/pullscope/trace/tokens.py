"""What is said about a token without holding it: who asked, for what, for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pullscope.oci.challenge import read_scopes
from pullscope.oci.documents import TokenAnswer, read_token_answer
from pullscope.oci.urls import parameters, query
from pullscope.trace.events import Finished, Requested
from pullscope.trace.hop import Hop

if TYPE_CHECKING:
    from pullscope.trace.model import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFacts:
    """What is known of a token without the token."""

    number: int | None
    """Of the order in which they were seen; outputs name a token by the step that got it."""
    anonymous: bool
    scope: str | None
    """As asked for; several are separated by a space."""
    expires_in: int | None
    granted: str | None = None
    """The scopes that the token itself claims to grant; None where it cannot be read."""
    empty: bool = False  # whether the whole answer was seen, and there was no token in it
    odd: str | None = None  # what in the answer is not as the specification has it
    renews: bool = False  # whether a refresh token was shown


# docs.docker.com/reference/api/hub: a login in the body, for a token of Hub's own API
_OF_ACCOUNTS = re.compile(r"https://hub\.docker\.com/v2/(?:users/(?:2fa-)?login|auth/token)/?")


def is_account_login(event: Requested) -> bool:
    """Whether a request logs in at the address that a registry's maker has for accounts (docker/hub-feedback#2502, #814)."""
    return _OF_ACCOUNTS.fullmatch(event.url.partition("?")[0]) is not None


def rights_asked(token: Step) -> set[str]:
    """The rights that a token was asked for; not to push for what is read, where only the challenge names that (nvcr.io)."""
    asked = [
        (token.token.scope if token.token else None) or "",
        *parameters(query(token.first.request.url)).get("scope", []),
    ]
    scopes = (scope for text in asked for scope in read_scopes(text) if scope.type == "repository")  # not a catalog's *
    rights = {action for scope in scopes for action in scope.actions}
    under = token.under if token.under is not None and token.under.method == "GET" else None
    named = (
        (scope for one in under.first.challenges for scope in read_scopes(one.scope or "")) if under is not None else ()
    )
    return rights - {"push"} if any("push" in scope.actions for scope in named) else rights


def read_token_facts(hop: Hop, form: str | None, answer: Finished | None = None) -> TokenFacts:
    """The facts of a token request; `form` is a POST's redacted body, `answer` the redacted token answer."""
    before = hop.step.token
    asked = parameters(form if form is not None else query(hop.request.url))
    scope = " ".join(asked.get("scope", ())) or (before.scope if before else None)
    with_secret = hop.request.authorization != "none" or bool(
        {"password", "refresh_token"} & asked.keys()
        if form is not None
        else hop.request.method == "POST" and is_account_login(hop.request)
    )
    document = read_token_answer(answer.document) if answer is not None and answer.document is not None else None
    return TokenFacts(
        number=answer.issued if answer is not None else None,
        anonymous=not with_secret and (before is None or before.anonymous),
        scope=scope or None,
        expires_in=document.expires_in if document else None,
        granted=_granted(answer, document),
        odd=document.odd if document else None,
        renews="refresh_token" in asked if form is not None else before is not None and before.renews,
        empty=answer is not None and answer.issued is None and (answer.document is not None or answer.bytes == 0),
    )


def _granted(answer: Finished | None, document: TokenAnswer | None) -> str | None:
    """What a token grants by its own claims, or by the `scope` beside it (distribution, docs/content/spec/auth/oauth.md)."""
    if answer is None or answer.granted is not None or document is None:
        return answer.granted if answer is not None else None
    return document.scope if document.scope and read_scopes(document.scope) else None
