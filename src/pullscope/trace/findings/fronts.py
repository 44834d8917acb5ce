"""What stands in front of a registry, by the name that its answers have: whose limits of size and time they are.

What has no row, or no name, gets the general advice; what is known of a limit stands in the product's own documentation.
"""

from __future__ import annotations

import re

from pullscope.trace.findings.said import front
from pullscope.trace.model import Hop

TABLE = """
# ngx_http_core_module, ngx_http_proxy_module
nginx|openresty|tengine|kong
    raise client_max_body_size in nginx (0 for no limit)
    raise proxy_read_timeout and proxy_send_timeout in nginx, and let it not keep uploads (proxy_request_buffering off)
# developers.cloudflare.com, "Connection limits", "Error 524": 100 MB and 100 s, which no setting of a registry changes
cloudflare
    push past Cloudflare (DNS only), or in smaller layers: its limit belongs to the plan
    push past Cloudflare (DNS only), or in smaller layers: it waits 100 s for an answer, whatever the registry is set to
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
    raise the request timeout of its backend settings
# cloud.google.com/load-balancing, backend service timeout
google frontend
    push past that front, or in smaller layers (Cloud Run takes 32 MiB over HTTP/1)
    raise the timeout of its backend service
# httpd.apache.org, core and mod_proxy
apache
    raise LimitRequestBody in Apache (0 for no limit)
    raise Timeout and ProxyTimeout in Apache
envoy|istio-envoy
    raise max_request_bytes of its buffer filter
    raise the timeout of its route (0s for none)
# learn.microsoft.com, requestLimits
microsoft-iis
    raise maxAllowedContentLength (requestLimits) in IIS
    raise the timeouts of IIS and its proxy (ARR)
caddy
    raise max_size of request_body in Caddy
    raise read_timeout and write_timeout of reverse_proxy in Caddy
haproxy
    raise the body limit of HAProxy
    raise timeout server and timeout client in HAProxy
"""
"""Names, and below each what to do about its limit of size, and about that of time."""

_ROWS = tuple(
    (re.compile(names, re.IGNORECASE), size, time)
    for names, size, time in re.findall(
        r"^(\S.*)\n +(.+)\n +(.+)$", re.sub(r"^#.*\n", "", TABLE, flags=re.MULTILINE), re.MULTILINE
    )
)


def limits(hop: Hop) -> tuple[str, str] | None:
    """What to do about the limits of size and of time of what answered; None where it is not known by its name."""
    name = front(hop) or ""
    return next(((size, time) for names, size, time in _ROWS if names.match(name)), None)
