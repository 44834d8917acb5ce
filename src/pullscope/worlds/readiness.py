"""Whether a host is ready to be a registry's name: DNS, certificate, and whose page answers under /v2/.

One request, made by whatever wire is handed in; the rest is a table. What is not trouble yields nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.text_table import heads
from pullscope.oci.verdicts import Problem
from pullscope.worlds.clients.steps import NoAnswerError

_SILENCES = """
no such host: no-dns-record
    The DNS of this machine knows no address of {host}.
    add a CNAME or A record for {host}; until then, add --resolve {host}:ADDRESS
not valid for this name: certificate-for-another-name
    The certificate of {host} is for another name.
    let your platform issue a certificate for {host}; it may take minutes after the DNS record
expired: certificate-expired
    The certificate of {host} has expired, or is not valid yet.
    renew the certificate of {host}
unknown authority: certificate-not-trusted
    The certificate of {host} is from a CA that this machine does not trust.
    name the CA: --ca FILE; each client needs it, too (How a pull works, "Where a CA certificate goes")
connection refused: connection-refused
    {host} refused the connection: nothing listens there, or a firewall refuses it.
    start the server, or correct the record
no answer: host-hangs
    {host} is silent: {why}.
    look at the server or the firewall before it
no whole answer: host-hangs
    {host} did not answer to the end: {why}.
    look at the server
"""
"""What the reason says, and the problem's code; its sentence and its cure."""

# What a platform answers where nothing is deployed yet: status, a header or a piece of the page, whose it is. From the
# platforms' own pages as they were in 2026; a page that is not here is told as what it is, an HTML page.
_DEFAULT_PAGES = (
    ("Not Found - Request ID", "Netlify"),
    ("DEPLOYMENT_NOT_FOUND", "Vercel"),
    ("There isn't a GitHub Pages site here", "GitHub Pages"),
    ("error code: 1016", "Cloudflare"),
    ("No such app", "Heroku"),
    ("NoSuchBucket", "Amazon S3"),
    ("Welcome to nginx!", "nginx"),
)


def readiness(host: str, wire: Callable[[Request], Response], *, named: bool = True) -> tuple[Problem, ...]:
    """What is not ready yet at `https://host/v2/`. Without `named`, the user cannot fix the host (Docker Hub's for `nginx`)."""
    request = Request(method="GET", url=f"https://{host}/v2/", headers=Headers([("Accept", "application/json")]))
    try:
        response = wire(request)
    except NoAnswerError as failed:
        silence = _silence(host, failed.reason)
        return (silence if named else replace(silence, fix=_NETWORK.format(host=host)),)
    said = f"{response.headers.get('x-vercel-error') or ''} {response.body[:4000].decode(errors='replace')}"
    for sign, platform in _DEFAULT_PAGES:
        if sign in said:
            message = f"{host} answers with {platform}'s default page: nothing is deployed under this name."
            return (Problem("platform-default-page", message, _DEPLOY, request.url),)
    if response.status < 300 and "html" in (response.headers.get("Content-Type") or ""):
        message = f"{host}/v2/ is an HTML page, not a registry."
        return (Problem("ping-not-a-registry", message, _DEPLOY, request.url),)
    return ()


_NETWORK = "look at this machine's network: DNS, proxy, firewall. {host} belongs to the registry, not to your domain"
_DEPLOY = "deploy the rules, and add the domain to the site in the platform's settings"


def _silence(host: str, why: str) -> Problem:
    for head, (message, fix) in heads(_SILENCES):
        sign, _, code = head.partition(": ")
        if sign in why:
            return Problem(code, message.format(host=host, why=why), fix.format(host=host), host)
    return Problem("upstream-unreachable", f"{host} does not answer: {why}.", where=host)
