"""What stands in front of a registry, by the name that its answers have: whose limits of size and time they are.

What has no row, or no name, gets the general advice; what is known of a limit stands in the product's own documentation, or in
the report that is named.
"""

from __future__ import annotations

import re

from pullscope.oci.routes import Endpoint
from pullscope.oci.text_table import heads
from pullscope.oci.whereabouts import is_local
from pullscope.trace.findings.said import front, is_specific, tells_more, words
from pullscope.trace.model import Hop

TABLE = """
# ngx_http_core_module, ngx_http_proxy_module, ngx_http_access_module; kubernetes.github.io/ingress-nginx, "Annotations"
nginx|openresty|tengine|kong
    raise client_max_body_size in nginx (0 for no limit; ingress-nginx: nginx.ingress.kubernetes.io/proxy-body-size: "0")
    raise proxy_read_timeout and proxy_send_timeout in nginx (900s), and let it not keep uploads (proxy_request_buffering off;
        ingress-nginx: annotations of those names with hyphens below nginx.ingress.kubernetes.io/, seconds without a unit)
    take limit_except, deny and auth_basic off location /v2/ in nginx
# developers.cloudflare.com, "Error 413", "Error 524": 100 MB and 125 s (120 before), which no setting of a registry changes
cloudflare
    push in smaller layers, or, where it is yours, past Cloudflare (DNS only): its limit belongs to the plan
    push past Cloudflare (DNS only), or in smaller layers: it waits 120 to 125 s for an answer, whatever the registry is set to
    find what refused it in Security, Events of Cloudflare, and add a custom rule with the action Skip for /v2/
# docs.aws.amazon.com, "Application Load Balancers": idle timeout
awselb
    push past the load balancer, or in smaller layers
    raise the idle timeout of the load balancer, and look at whether the registry behind it answers in time
# docs.aws.amazon.com, CloudFront, "Quotas": response timeout
cloudfront
    push past CloudFront, or in smaller layers
    push past CloudFront, or raise its origin response timeout
# learn.microsoft.com, Application Gateway and Front Door
microsoft-azure-application-gateway|azure front door
    raise the request body limits of its web application firewall, or push past it
    raise the request timeout of its backend settings (Front Door: the origin response timeout of its profile)
    allow /v2/ and /oauth2/ in the policy of its web application firewall, whose log names the rule that refused it
# cloud.google.com/load-balancing, backend service timeout
google frontend
    push past that front, or in smaller layers (Cloud Run takes 32 MiB over HTTP/1)
    raise the timeout of its backend service
# httpd.apache.org, core and mod_proxy; mod_security: distribution/distribution#2042
apache
    raise LimitRequestBody in Apache (0 for no limit), and SecRequestBodyLimit if it has mod_security: both say 413
    raise Timeout and ProxyTimeout in Apache
    take Require, Limit and SecRuleEngine off <Location /v2/> in Apache
# www.envoyproxy.io, route timeout (15 s unless told), buffer filter; those words are Google's load balancers' too
envoy|istio-envoy|upstream request timeout|stream timeout
    raise max_request_bytes of its buffer filter
    raise the timeout of its route (0s for none)
# learn.microsoft.com, requestLimits: 30,000,000 bytes unless told, and at most 4 GiB
microsoft-iis
    raise maxAllowedContentLength (requestLimits, in bytes, at most 4294967295) in IIS
    raise the time-out of the proxy in IIS (Application Request Routing, Server Proxy Settings)
# caddyserver.com/docs/caddyfile, directives request_body and reverse_proxy: neither is set unless told
caddy
    raise max_size of request_body in Caddy
    raise response_header_timeout, read_timeout and write_timeout in reverse_proxy, transport http of Caddy
# doc.traefik.io, respondingTimeouts; its 499 has these words: quay/quay-operator#1084, goharbor/harbor#18484
traefik|client closed request
    raise maxRequestBodyBytes of Traefik's buffering
    raise readTimeout in Traefik (entryPoints.NAME.transport.respondingTimeouts.readTimeout, 0 for none)
    take the middleware that refuses it off the router of /v2/ in Traefik
# docs.haproxy.org, 1.3.1 and "timeout server"; docs.openshift.com, "Configuring route timeouts"
haproxy
    change the rule of HAProxy that refuses bodies by size (req.body_size), or push past it
    raise timeout server and timeout client in HAProxy (OpenShift: oc annotate route NAME haproxy.router.openshift.io/timeout=15m)
    take the http-request deny that fits it out of haproxy.cfg
"""
"""Names, and below each what to do about its limit of size, about that of time, and, where known, so that it refuses nothing."""

GATES = r"""
# developers.cloudflare.com, Access policies: fscarmen2/Cloudflare-Accel#13, cloudflare/cloudflared#165
//[\w.-]+\.cloudflareaccess\.com/|/cdn-cgi/access/: Cloudflare Access
    add a policy with the action Bypass for {path} of {host} in Cloudflare Access
# Quiq/registry-ui#18; behind auth_request it sees no path: oauth2-proxy/oauth2-proxy#1099, #3018; kubernetes-retired/contrib#1950
/oauth2/(?:start|sign_in)\b: oauth2-proxy
    let requests below {path} of {host} pass without oauth2-proxy (nginx: auth_request off; an Ingress: one for {path} without
        auth-url; where it is itself the proxy: skip_auth_routes = ["^{path}"])
# docs.gitlab.com/administration/packages/container_registry: its website sends there from any path who is not logged in
/users/sign_in\b|^sign in\W+gitlab: GitLab's website
    name GitLab's registry in place of {host}: registry_external_url in /etc/gitlab/gitlab.rb has its address (often port
        5050 of that name), and so has the page Container registry of each project
    correct the realm of the registry (auth.token.realm in distribution): GitLab's token server is https://{host}/jwt/auth
# RFC 6749, 4.1.1; openid-connect/auth is Keycloak's; SAML 2.0, bindings, 3.4; rd= is what Authelia, authentik and ingress-nginx
# add: Joxit/docker-registry-ui#415
[?&](?:response_type|SAMLRequest|rd|redirect_ur[il]|return_to)=|/oauth2?/(?:v\d[\w.]*/)?auth(?:orize)?\b|/openid-connect/auth\b
    |/saml2?/: single sign-on
    let what is in front of {host} pass {path} on without its login page (nginx: auth_request off; Traefik: a router for it
        without the middleware; Caddy: no forward_auth there; AWS's load balancer: a rule for {path}* before the one that
        authenticates), or ask the registry behind it by an address of its own
# The same, or what answers is a website: goharbor/harbor#5845, moby/moby#41420, Joxit/docker-registry-ui#359
(?:^|/)(?:log|sign)[-_\s]?in(?:[/?\s]|$): of a website
    let what is in front of {host} pass {path} on without its login page; if {host} is a website itself, name the host and port
        of the registry, where curl -i https://HOST:PORT{path} says 200 or 401
# TecharoHQ/anubis#1231, #1252, #1337, #1359; its docs, "Policies"
^making\ssure\syou're\snot\sa\sbot: check: Anubis
    let {path} of {host} through in Anubis's bot policy: a rule with path_regex: ^{path} and action: ALLOW
# developers.cloudflare.com, WAF FAQ, "Skip", and Bot Fight Mode: docker/login-action#461, #328, docker/hub-feedback#2502
^just\sa\smoment: check: Cloudflare
    add a custom rule with the action Skip for {path} of {host} in Cloudflare, and switch off Bot Fight Mode, which heeds no rule
# docker-library/official-images#4309
checking\syour\sbrowser|\bnot\sa\s(?:ro)?bot\b|captcha|security\s(?:check|verification): check: bot protection
    let what is in front of {host} pass {path} on without its check, or ask the registry behind it by an address of its own
"""
"""Pages for browsers: the address that leads to one, or its title, whose it is, and below that what is to be done, and for a
token server, where that is something else.

They ask for a login, or check what asks (`check`)."""


_GATES = tuple(
    (re.compile(address, re.IGNORECASE), name.startswith("check: "), name.removeprefix("check: "), fixes)
    for (address, name), fixes in ((head.split(": ", 1), lines) for head, lines in heads(GATES))
)
_ROWS = tuple((re.compile(names, re.IGNORECASE), lines) for names, lines in heads(TABLE))

OF_SIZE = (
    "client_max_body_size 0 in nginx, LimitRequestBody 0 in Apache, maxRequestBodyBytes of buffering in Traefik, "
    "maxAllowedContentLength in IIS"
)
OF_TIME = (
    "proxy_read_timeout in nginx, readTimeout in Traefik, timeout server in HAProxy, ProxyTimeout in Apache, the idle "
    "timeout of a load balancer"
)
OF_BOTH = (
    "client_max_body_size and proxy_read_timeout in nginx, maxRequestBodyBytes and readTimeout in Traefik, LimitRequestBody "
    "and ProxyTimeout in Apache, timeout server in HAProxy"
)
"""Limits of what does not name itself, by what it may be: the settings of the table."""

AT_ONE_GIB = range(1 << 30, (1 << 30) + (16 << 20))
"""Where nginx ends what it keeps for a slow client, by its default: containers/podman#14481, Wonderfall/dockerfiles#83."""

PATIENCE = """
# nginx.org, proxy_read_timeout, send_timeout; doc.traefik.io, migration v2.11.2: coollabsio/coolify#5358,
# canonical/traefik-k8s-operator#719; docs.aws.amazon.com, Application Load Balancers, idle timeout; httpd.apache.org, Timeout;
# project-zot/zot#4079, #4083
59-62: 60 s are what nginx (proxy_read_timeout), Traefik from 2.11.2 (readTimeout), Apache (ProxyTimeout), AWS's Application
        Load Balancers (idle timeout) and Zot itself from 2.1.17 (http.readTimeout) wait unless told
# developers.cloudflare.com, "Connection limits", proxy read timeout: 125 s in July 2026, 120 (and 100) before
119-126: 120 to 125 s are what Cloudflare waits for an answer
# docs.aws.amazon.com, CloudFront, response timeout; cloud.google.com/load-balancing, backend service timeout;
# docs.openshift.com, "Configuring route timeouts"
29-31: 30 s are what CloudFront, Google's load balancers and OpenShift's router
        (oc annotate route NAME haproxy.router.openshift.io/timeout=15m) wait for an answer unless told
# www.envoyproxy.io, RouteAction, timeout
14-16: 15 s are what Envoy waits for an answer unless told (timeout of its route)
"""
"""Seconds after which proxies end what is under way, unless told."""

_PATIENCE = tuple(
    (int(span.partition("-")[0]), int(span.partition("-")[2]), whose)
    for span, whose in (head.split(": ", 1) for head, _ in heads(PATIENCE))
)


def cut(hop: Hop, size: int) -> str | None:
    """What to do about an answer that ended after so many bytes, where that is a limit of what answered."""
    name = front(hop) or ""
    if size not in AT_ONE_GIB or not re.match(r"nginx|openresty|tengine|kong|$", name, re.IGNORECASE):
        return None
    who = name or f"nginx, if that is in front of {hop.host}"
    return f"set proxy_max_temp_file_size 0 (or proxy_buffering off) in {who}, which else ends a body at 1 GiB"


def patience(seconds: float | None) -> str | None:
    """Whose time that is, where something ended after it."""
    return next((whose for least, most, whose in _PATIENCE if least <= (seconds or 0.0) <= most), None)


def calm(hop: Hop) -> bool:
    """Whether a connection of HTTP/2 was ended because too much is asked on it (RFC 9113, 7: regclient/regclient#902)."""
    return hop.failed is not None and "ENHANCE_YOUR_CALM" in hop.failed.reason


def gate(text: str, *, check: bool) -> tuple[str, list[str]] | None:
    """Whose login page or check an address or a title is, and what to do about it; None where it is none."""
    return next(
        ((name, fixes) for pattern, kind, name, fixes in _GATES if kind is check and pattern.search(text)), None
    )


def unnamed(hop: Hop, settings: str) -> str:
    """Where to set something in front of a host, where the answer does not name what stands there."""
    look = f"curl -sI {hop.request.url.partition('://')[0]}://{hop.host}/v2/ shows the outermost in Server"
    return f"each proxy in front of {hop.host} ({settings}); {look}, and no Server is often Traefik or HAProxy"


def limits(hop: Hop) -> tuple[str, str] | None:
    """What to do about the limits of size and of time of what answered; None where it is not known by its name."""
    name = front(hop) or words(hop)
    return next(((lines[0], lines[1]) for names, lines in _ROWS if names.match(name)), None)


def passing(hop: Hop) -> str | None:
    """What to do so that what answered refuses nothing by itself; None where that is not known."""
    return next((lines[2] for names, lines in _ROWS if names.match(front(hop) or "-") and len(lines) > 2), None)


def may_be_on_the_way(hop: Hop) -> bool:
    """Whether a proxy out may break an upload to a host of one's own network: 5xx without a reason to plain HTTP, which such
    proxies read and change: distribution/distribution#2147."""
    plain = hop.request.url.startswith("http:") and is_local(hop.host) and hop.route.endpoint is Endpoint.UPLOAD
    return plain and (hop.status or 0) >= 500 and not (tells_more(hop) if hop.errors else is_specific(hop))
