"""What each platform answers to a rule and a path, and where that can be looked up: the rows of test_decide."""

from __future__ import annotations

UP = "https://registry-1.docker.io"
HOST = "docker.example.com"

NAMES = {
    "netlify": "netlify.toml",
    "cloudflare": "_redirects",
    "vercel": "vercel.json",
    "caddy": "Caddyfile",
    "nginx": "nginx.conf",
    "apache": ".htaccess",
    "rewrite": "vanity.toml",
    "traefik": "dynamic.yml",
    "ingress": "ingress.yaml",
    "gateway": "route.yaml",
}
"""A file of each platform."""

# Where a row comes from.
MATCHER = "docs/sources.md: run against Netlify's own matcher (netlify-redirector wasm)"
NORMALIZE = "netlify/build packages/redirect-parser/src/normalize.js"
LINES = "netlify/build packages/redirect-parser/tests/line-parser.test.ts"
OPTIONS = "docs.netlify.com/manage/routing/redirects/redirect-options"
REWRITES = "docs.netlify.com/manage/routing/redirects/rewrites-proxies"
SHADOW = "docs.netlify.com/manage/routing/redirects/rewrites-proxies#shadowing"
STATUS = "netlify/cli#427: 307 is not supported in production"
PARSE = "cloudflare/workers-sdk packages/workers-shared/utils/configuration/parseRedirects.ts"
ENGINE = "cloudflare/workers-sdk packages/workers-shared/asset-worker/src/utils/rules-engine.ts"
HANDLER = "cloudflare/workers-sdk packages/workers-shared/asset-worker/src/handler.ts"
PAGES = "developers.cloudflare.com/pages/configuration/redirects"
SERVING = "developers.cloudflare.com/pages/configuration/serving-pages"
SUPERSTATIC = "vercel/vercel packages/routing-utils/src/superstatic.ts"
SUPERSPEC = "vercel/vercel packages/routing-utils/test/superstatic.spec.js"
VERCEL = "vercel.com/docs/routing/redirects/configuration-redirects"
NGINX = "nginx.org ngx_http_core_module location, ngx_http_rewrite_module return"
NGINX_PROXY = "nginx.org ngx_http_proxy_module proxy_pass"
CADDY = "caddyserver.com/docs/caddyfile/directives/redir"
CADDY_MATCH = "caddyserver.com/docs/caddyfile/matchers#path-matchers"

NETLIFY_CASES = [
    ("a status is 301 where none is written", "/a /b", "/a", f"301 https://{HOST}/b", OPTIONS),
    ("302 redirects", f"/v2/ {UP}/v2/ 302", "/v2/", f"302 {UP}/v2/", OPTIONS),
    ("303 redirects", "/a /b 303", "/a", f"303 https://{HOST}/b", OPTIONS),
    ("a rule with a slash matches without it", f"/v2/ {UP}/v2/ 302", "/v2", f"302 {UP}/v2/", OPTIONS),
    ("a rule without a slash matches with it", f"/v2 {UP}/v2/ 302", "/v2/", f"302 {UP}/v2/", OPTIONS),
    ("a splat matches nothing at all", f"/v2/* {UP}/v2/:splat 302", "/v2", f"302 {UP}/v2/", MATCHER),
    ("an empty splat keeps the slash of the target", f"/v2/* {UP}/v2/:splat 302", "/v2/", f"302 {UP}/v2/", MATCHER),
    ("a splat takes many segments", f"/v2/* {UP}/v2/:splat 302", "/v2/a/b/c", f"302 {UP}/v2/a/b/c", MATCHER),
    ("a splat begins at a slash", f"/v2/* {UP}/v2/:splat 302", "/v2x", "404", MATCHER),
    ("a splat keeps the slash at the end", f"/v2/* {UP}/v2/:splat 302", "/v2/a/", f"302 {UP}/v2/a/", MATCHER),
    ("paths are case-sensitive", f"/v2/* {UP}/v2/:splat 302", "/V2/a", "404", MATCHER),
    ("a percent-encoded slash is decoded first", f"/v2/* {UP}/v2/:splat 302", "/v2/a%2Fb", f"302 {UP}/v2/a/b", MATCHER),
    (
        "a space is encoded again",
        "/v2/* https://up.example/:splat 302",
        "/v2/a%20b",
        "302 https://up.example/a%20b",
        MATCHER,
    ),
    (
        "a placeholder is one segment",
        "/n/:year/:day /b/:day/:year",
        "/n/2024/09",
        f"301 https://{HOST}/b/09/2024",
        OPTIONS,
    ),
    (
        "a placeholder does not take two segments",
        f"/v2/:img/manifests/:ref {UP}/x",
        "/v2/a/b/manifests/1",
        "404",
        MATCHER,
    ),
    ("a placeholder is a whole segment", "/a-:x /b/:x", "/a-1", "404", MATCHER),
    ("a hyphen belongs to a placeholder's name", "/v/:x-y /b/:x-y", "/v/1", f"301 https://{HOST}/b/1", MATCHER),
    ("a colon inside a segment is literal", "/sha256:abc /b", "/sha256:abc", f"301 https://{HOST}/b", MATCHER),
    ("a star in the middle is one segment", "/v2/*/m /b/:splat", "/v2/a/m", f"301 https://{HOST}/b/a", MATCHER),
    ("the first rule that matches wins", "/a /b 302\n/* /c 302", "/a", f"302 https://{HOST}/b", OPTIONS),
    (
        "a later rule answers what an earlier one does not match",
        "/a /b 302\n/* /c 302",
        "/z",
        f"302 https://{HOST}/c",
        OPTIONS,
    ),
    ("query parameters are handed on", f"/v2/* {UP}/v2/:splat 302", "/v2/a?ns=x", f"302 {UP}/v2/a?ns=x", OPTIONS),
    ("a target with its own query keeps only that", "/a /b?c=1 302", "/a?d=2", f"302 https://{HOST}/b?c=1", OPTIONS),
    ("a query condition must be met", "/s id=1 /b 302", "/s?id=2", "404", OPTIONS),
    (
        "a query condition fills a placeholder",
        "/s id=:id /b/:id 301",
        "/s?id=7",
        f"301 https://{HOST}/b/7?id=7",
        OPTIONS,
    ),
    ("a query condition asks for the parameter", "/s id=:id /b/:id 301", "/s", "404", OPTIONS),
    ("a host in front limits a rule to that host", "https://other.example/* /b 302", "/a", "404", NORMALIZE),
    (
        "a rule of this host answers",
        f"https://{HOST}/* https://up.example/:splat 302",
        "/a",
        "302 https://up.example/a",
        LINES,
    ),
    ("200 with a URL is fetched", f"/v2/* {UP}/v2/:splat 200", "/v2/a/b", f"fetch {UP}/v2/a/b", REWRITES),
    ("200 with a URL hands the query on", f"/v2/* {UP}/v2/:splat 200", "/v2/a?n=1", f"fetch {UP}/v2/a?n=1", REWRITES),
    ("200 without a target goes to the same path", "/admin/* 200", "/admin/x", "404", NORMALIZE),
    ("307 answers 404 in production", f"/v2/* {UP}/v2/:splat 307", "/v2/", "404", STATUS),
    ("308 answers 404 in production", f"/v2/* {UP}/v2/:splat 308", "/v2/", "404", STATUS),
    ("a comment at the end is not read", "/a /b 302 # why", "/a", f"302 https://{HOST}/b", LINES),
    ("an anchor in the target stays", "/a /b#c", "/a", f"301 https://{HOST}/b#c", LINES),
    ("a line without destination is left out", "/a\n/b /c", "/a", "404", LINES),
    ("a status that is none leaves the rule out", "/a /b 99x", "/a", "404", LINES),
    ("a country never matches a client without one", "/ /china 302 Country=ch", "/", "404", LINES),
    ("a path under /.netlify is refused", "/.netlify/x /b", "/.netlify/x", "404", NORMALIZE),
    ("404 shows the page for what is not there", "/v2/* /404.html 404", "/v2/a", "404", OPTIONS),
]

CLOUDFLARE_CASES = [
    ("a status is 302 where none is written", "/a /b", "/a", "302 /b", PARSE),
    ("301 redirects", "/a /b 301", "/a", "301 /b", PAGES),
    ("303 redirects", "/a /b 303", "/a", "303 /b", PAGES),
    ("307 redirects", f"/v2/* {UP}/v2/:splat 307", "/v2/a", f"307 {UP}/v2/a", PAGES),
    ("308 redirects", f"/v2/* {UP}/v2/:splat 308", "/v2/a", f"308 {UP}/v2/a", PAGES),
    ("a path is exact to its slash", f"/v2/ {UP}/v2/", "/v2", "404", ENGINE),
    ("a path with its slash matches", f"/v2/ {UP}/v2/", "/v2/", f"302 {UP}/v2/", ENGINE),
    ("a splat can be empty", f"/v2/* {UP}/v2/:splat", "/v2/", f"302 {UP}/v2/", ENGINE),
    ("a splat needs the text before it", f"/v2/* {UP}/v2/:splat", "/v2", "404", ENGINE),
    ("a splat may stand in a segment", "/v2* https://up.example/:splat", "/v2x", "302 https://up.example/x", ENGINE),
    ("two splats leave the rule out", "/a/*/b/* /c", "/a/1/b/2", "404", ENGINE),
    ("a placeholder has no slash in it", "/b/:x /c/:x", "/b/1/2", "404", ENGINE),
    ("a placeholder may stand in a segment", "/b-:x /c/:x", "/b-1", "302 /c/1", ENGINE),
    (
        "a longer placeholder name is not eaten by a shorter",
        "/p/:id/:id_2 /q/:id_2/:id",
        "/p/1/2",
        "302 /q/2/1",
        ENGINE,
    ),
    ("the query is handed on", f"/v2/* {UP}/v2/:splat", "/v2/a?ns=x", f"302 {UP}/v2/a?ns=x", HANDLER),
    (
        "a target with its own query keeps only that",
        "/a https://up.example/?b=1",
        "/a?c=2",
        "302 https://up.example/?b=1",
        HANDLER,
    ),
    ("200 cannot proxy to another host", f"/v2/* {UP}/v2/:splat 200", "/v2/a", "404", PARSE),
    ("an absolute source is skipped", f"https://{HOST}/a /b", "/a", "404", PARSE),
    ("four words are skipped", "/a /b 302 Country=ch", "/a", "404", PARSE),
    ("a comment may follow", "/a /b # why", "/a", "302 /b", PARSE),
    ("a status that is none is skipped", "/a /b 410", "/a", "404", PARSE),
    ("of two rules for a path the first counts", "/a /b\n/a /c", "/a", "302 /b", PARSE),
    ("http targets are skipped", "/a http://up.example/", "/a", "404", PARSE),
    ("a relative target loses doubled slashes", "/a/* /b//:splat", "/a/c", "302 /b/c", ENGINE),
]

VERCEL_CASES = [
    ("a redirect is 308 where nothing is written", [("/a", "/b", {})], "/a", "308 /b", VERCEL),
    ("permanent false is 307", [("/a", "/b", {"permanent": False})], "/a", "307 /b", VERCEL),
    ("permanent true is 308", [("/a", "/b", {"permanent": True})], "/a", "308 /b", VERCEL),
    ("statusCode is taken", [("/a", "/b", {"statusCode": 302})], "/a", "302 /b", SUPERSPEC),
    ("a slash at the end counts", [("/a", "/b", {})], "/a/", "404", SUPERSTATIC),
    ("path* does not match the slash alone", [("/v2/:path*", f"{UP}/v2/:path*", {})], "/v2/", "404", SUPERSPEC),
    ("path* matches without any", [("/v2/:path*", f"{UP}/v2/:path*", {})], "/v2", f"308 {UP}/v2/", SUPERSPEC),
    ("path* takes many segments", [("/v2/:path*", f"{UP}/v2/:path*", {})], "/v2/a/b", f"308 {UP}/v2/a/b", SUPERSPEC),
    ("path+ needs one", [("/a/:p+", "/b/:p+", {})], "/a", "404", SUPERSPEC),
    ("a group takes the empty rest", [("/v2/(.*)", f"{UP}/v2/$1", {})], "/v2/", f"308 {UP}/v2/", SUPERSPEC),
    ("a group can be limited", [("/p/([a-z]{1,})", "https://x.example/$1", {})], "/p/a1", "404", SUPERSPEC),
    ("an optional segment may be missing", [("/o/:id?", "/api/:id?", {})], "/o", "308 /api/", SUPERSPEC),
    ("a name may stand in a segment", [("/f-{:slug}", "/b-{:slug}", {})], "/f-one", "308 /b-one", SUPERSPEC),
    ("a look-ahead keeps a path out", [("/f/((?!general).*)", "/f/general", {})], "/f/general", "404", SUPERSPEC),
    ("names are case-sensitive", [("/a", "/b", {})], "/A", "404", SUPERSTATIC),
    ("the query is handed on", [("/v2/(.*)", f"{UP}/v2/$1", {})], "/v2/a?n=1", f"308 {UP}/v2/a?n=1", VERCEL),
    (
        "a host condition must be met",
        [("/a", "/b", {"has": [{"type": "host", "value": "x.example"}]})],
        "/a",
        "404",
        SUPERSPEC,
    ),
    (
        "a missing header holds",
        [("/a", "/b", {"missing": [{"type": "header", "key": "x"}]})],
        "/a",
        "308 /b",
        SUPERSPEC,
    ),
]

NGINX_CASES = [
    ("a prefix does not match without its slash", "location /v2/ { return 307 $U$request_uri; }", "/v2", "404", NGINX),
    (
        "request_uri holds path and query",
        "location /v2/ { return 307 $U$request_uri; }",
        "/v2/a?n=1",
        f"307 {UP}/v2/a?n=1",
        NGINX,
    ),
    ("uri drops the query", "location /v2/ { return 302 $U$uri; }", "/v2/a?n=1", f"302 {UP}/v2/a", NGINX),
    ("return with a URL alone is 302", "location /v2/ { return $U/v2/; }", "/v2/", f"302 {UP}/v2/", NGINX),
    (
        "an exact location wins",
        "location /v2/ { return 404; } location = /v2/ { return 302 $U/v2/; }",
        "/v2/",
        f"302 {UP}/v2/",
        NGINX,
    ),
    (
        "the longest prefix wins",
        "location / { return 404; } location /v2/a/ { return 302 $U$request_uri; }",
        "/v2/a/b",
        f"302 {UP}/v2/a/b",
        NGINX,
    ),
    (
        "proxy_pass without path hands the path on",
        "location /v2/ { proxy_pass $U; }",
        "/v2/a?n=1",
        f"fetch {UP}/v2/a?n=1",
        NGINX_PROXY,
    ),
    (
        "proxy_pass with a path replaces the prefix",
        "location /r/ { proxy_pass $U/v2/; }",
        "/r/a",
        f"fetch {UP}/v2/a",
        NGINX_PROXY,
    ),
]

CADDY_CASES = [
    ("redir is 302 where nothing is written", "redir /v2/* $U{uri}", "/v2/a?n=1", f"302 {UP}/v2/a?n=1", CADDY),
    ("permanent is 301", "redir /v2/* $U{uri} permanent", "/v2/a", f"301 {UP}/v2/a", CADDY),
    ("a number is the status", "redir /v2/* $U{uri} 307", "/v2/", f"307 {UP}/v2/", CADDY),
    ("a path is exact", "redir /v2/ $U/v2/\nfile_server", "/v2", "404", CADDY_MATCH),
    ("a star at the end takes any rest", "redir /v2/* $U{uri}\nfile_server", "/v2", "404", CADDY_MATCH),
    (
        "redir comes before respond",
        'respond /v2/* "no" 200\nredir /v2/* $U{uri}',
        "/v2/a",
        f"302 {UP}/v2/a",
        CADDY_MATCH,
    ),
    ("a site that handles nothing answers 200", "redir /v2/a/* $U{uri}", "/v2/b", "200", CADDY_MATCH),
    (
        "reverse_proxy is fetched",
        "reverse_proxy /v2/* $U {\nheader_up Host {upstream_hostport}\n}",
        "/v2/a?n=1",
        f"fetch {UP}/v2/a?n=1",
        CADDY_MATCH,
    ),
    ("a known registry asked by another name is not known", "reverse_proxy /v2/* $U", "/v2/a", "501", CADDY_MATCH),
]
