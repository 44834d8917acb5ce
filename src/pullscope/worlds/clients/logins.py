"""What a login changes, tried in memory: an account that exists nowhere, and what it opens.

Nothing here knows a client. A registry without this answers anonymous pulls, and a login then changes nothing.
"""

from __future__ import annotations

from pullscope.worlds.clients.bearer import Login

SAMPLE_ACCOUNT = {"sample-user": "sample-password"}
"""For `sample_hub(accounts=…)`."""


def sample_login(host: str) -> Login:
    """The sample account, as `docker login HOST` would have kept it."""
    [(username, password)] = SAMPLE_ACCOUNT.items()
    return Login(host=host, username=username, password=password)
