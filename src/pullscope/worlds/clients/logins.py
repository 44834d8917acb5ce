"""What a login changes, tried in memory: an account that exists nowhere, and a hub where only that account may pull.

Nothing here knows a client. A registry without this answers anonymous pulls, and a login then changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from pullscope.oci.messages import Answerer, Request, Response
from pullscope.worlds.clients.bearer import Login

SAMPLE_ACCOUNT = {"sample-user": "sample-password"}
"""For `sample_hub(accounts=…)`."""


def sample_login(host: str) -> Login:
    """The sample account, as `docker login HOST` would have kept it."""
    [(username, password)] = SAMPLE_ACCOUNT.items()
    return Login(host=host, username=username, password=password)


def members_only(world: Mapping[str, Answerer], realm_host: str) -> dict[str, Answerer]:
    """`world`, whose token server gives anonymous requests a token that grants nothing, as Docker Hub does."""
    issue = world[realm_host]

    def answer(request: Request) -> Response:
        if request.method == "POST" or "Authorization" in request.headers:
            return issue(request)
        split = urlsplit(request.url)
        kept = urlencode([(name, value) for name, value in parse_qsl(split.query) if name != "scope"])
        url = split._replace(query=kept).geturl()
        return issue(Request(method=request.method, url=url, headers=request.headers, body=request.body))

    return {**world, realm_host: answer}
