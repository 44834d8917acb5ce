"""A vanity host in its smallest form: everything under /v2/ is answered with one redirect, the path unchanged.

It stands for one line of a rule file (`/v2/* https://registry-1.docker.io/v2/:splat 302`). What rule files can really
say is worlds/vanity; this is for demos and for tests of clients.
"""

from __future__ import annotations

from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.urls import split
from pullscope.worlds.hub.answers import answer, headless
from pullscope.worlds.hub.registry import REGISTRY_HOST

_NOT_FOUND = b"<!DOCTYPE html>\n<html><head><title>Page not found</title></head></html>\n"


def redirect_only(*, status: int = 302) -> Answerer:
    """An answerer that sends every request under /v2/ to the registry."""

    def redirect(request: Request) -> Response:
        parts = split(request.url)
        if not parts.path.startswith("/v2/"):
            return headless(request, answer(404, [("Content-Type", "text/html; charset=utf-8")], _NOT_FOUND))
        return answer(status, [("Location", str(parts._replace(authority=REGISTRY_HOST)))])

    return redirect
