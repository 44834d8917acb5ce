"""How nginx words its own answers (ngx_http_special_response.c)."""

from __future__ import annotations

from pullscope.worlds.vanity.dialects import Dialect

_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
DIALECT = Dialect(
    server="nginx",
    redirect_type="text/html",
    redirect_body=_PAGE,
    absolute_location=True,
    not_found_type="text/html",
    not_found_body=_PAGE,
)
