"""Configurations on real nginx, Caddy, Apache and Traefik: each answers as it is played in memory, or the play says "not known"."""

# ruff: noqa: E501 - one line of a table is one case

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worlds.vanity.real_servers import (
    PATHS,
    Stand,
    apache,
    asked,
    caddy,
    free_port,
    installed,
    nginx,
    played,
    rendered,
    stand_in,
    traefik,
)

from pullscope.worlds.vanity.config_tree import read_items
from pullscope.worlds.vanity.kinds.ingress import directives
from pullscope.worlds.vanity.reading import parse_rules

pytestmark = pytest.mark.real

# $U is the stand-in behind; $N makes names of http {…} the case's own.
NGINX = {
    "redirect": "location = /v2/ { return 302 https://r.example/v2/; } location /v2/ { return 307 https://r.example$request_uri; }",
    "pass on": "location /v2/ { proxy_pass $U; }",
    "pass on with a path": "location /v2/ { proxy_pass $U/v2/docker/; }",
    "pass on without the slash": "location /v2 { proxy_pass $U/x; }",
    "the slash is added to an exact one": "location = /old/thing/ { proxy_pass $U; } location = /v2/ { proxy_pass $U; }",
    "the slash is added": "location /old/thing/ { proxy_pass $U; } location /v2/ { return 200 a; }",
    "regular expression": "location ~ ^/v2/(.+)/(manifests|blobs)/(.+)$ { proxy_pass $U/v2/$1-x/$2/$3$is_args$args; } location / { return 404; }",
    "regular expression before prefix": "location /v2/ { return 201 a; } location ~ /manifests/ { return 202 b; }",
    "no regular expression": "location ^~ /v2/ { return 201 a; } location ~ /manifests/ { return 202 b; }",
    "without regard to case": "location ~* ^/v2/$ { return 201 a; } location / { return 202 b; }",
    "nested": "location /v2/ { location ~ /blobs/ { return 203 c; } location /v2/timonback/ { return 202 b; } return 204; }",
    "rewrite last": "rewrite ^/docker/(.*)$ /v2/$1 last; location /v2/ { proxy_pass $U; } location / { return 404; }",
    "rewrite break": "location ~ ^/(?:v2/)?docker(/.*)$ { rewrite ^/(?:v2/)?docker(/.*)$ /v2$1 break; proxy_pass $U; } location / { return 404; }",
    "rewrite break with a path": "location /v2/ { rewrite ^/v2/(.*)$ /w/$1 break; proxy_pass $U/zzz/; }",
    "rewrite to a URL": "location /v2/ { rewrite ^/v2/(.*)$ https://r.example/$1; } location /old { rewrite ^ /new permanent; }",
    "rewrite without flag": "location /docker/ { rewrite ^/docker/(.*)$ /v2/$1; } location /v2/ { proxy_pass $U; }",
    "rewrite to what was asked": "location ~ ^/(docker|v2)($|/) { rewrite ^ $request_uri; rewrite ^(/docker)?(/.*) $2 break; proxy_pass $U$uri; } location /old { rewrite ^ https://r.example$request_uri permanent; } location / { return 404; }",
    "rewrite to what was asked, sent on": "location / { rewrite ^ /w$request_uri break; proxy_pass $U; }",
    "rewrite drops the query": "location /v2/ { rewrite ^/v2/(.*)$ /w/$1? break; proxy_pass $U; }",
    "if and set": 'set $to a; if ($request_uri ~ "^/v2/(alpine)/") { set $to $1; } if ($arg_ns = a) { set $to "${to}-ns"; } location / { return 302 https://r.example/$to; }',
    "if with return": "location /v2/ { if ($http_user_agent ~ ^Go) { return 403; } if ($request_method = POST) { return 405; } proxy_pass $U; }",
    "if with proxy_pass": "location /v2/ { if ($arg_ns) { proxy_pass $U; } return 404; }",
    "map": "location / { return 302 https://$to$N/$more$N; }",
    "headers up": 'location / { proxy_pass $U; proxy_set_header Host r.example; proxy_set_header Authorization "Basic $http_x_a"; }',
    "headers up empty": 'location / { proxy_pass $U; proxy_set_header Authorization ""; }',
    "headers up inherited": "proxy_set_header Host a.example; location /v2/ { proxy_pass $U; } location / { proxy_pass $U; proxy_set_header X-A b; }",
    "realm": """location / { proxy_pass $U; proxy_hide_header www-authenticate;
        add_header www-authenticate 'Bearer realm="https://$host/token"' always; }""",
    "realm twice": "location / { proxy_pass $U; add_header WWW-Authenticate Basic; }",
    "add_header not always": "location / { proxy_pass $U; add_header Docker-Content-Digest x; }",
    "add_header inherited": "add_header Docker-Content-Digest x always; location /v2/ { proxy_pass $U; } location / { add_header X-A b; return 404; }",
    "intercept": "location / { proxy_pass $U; proxy_intercept_errors on; error_page 404 = @else; error_page 401 =200 /ok; } location @else { proxy_pass $U; proxy_set_header Host else.example; } location = /ok { return 200 x; }",
    "intercept keeps the status": "location / { proxy_pass $U; proxy_intercept_errors on; error_page 401 /ok; } location = /ok { return 200 x; }",
    "error_page without intercept": "location / { proxy_pass $U; error_page 404 = @else; } location @else { return 200; }",
    "error_page of a return": "location /v2/ { error_page 404 = @else; return 404; } location @else { proxy_pass $U; }",
    "error_page to a URL": "location / { error_page 404 https://r.example/; return 404; }",
    "follow": "location / { proxy_pass $U; proxy_intercept_errors on; recursive_error_pages on; error_page 301 302 307 = @go; } location @go { set $to '$upstream_http_location'; return 302 $to?followed; }",
    "redirect rewritten": "location / { proxy_pass $U; proxy_redirect https://production.cloudflare.docker.com/ https://$http_host/cdn/; }",
    "redirect rewritten by expression": "location / { proxy_pass $U; proxy_redirect ~^https://([^/]+)/(.*)$ https://$host/proxy/$1/$2; }",
    "redirect left": "location / { proxy_pass $U; proxy_redirect off; }",
    "upstream": "location / { proxy_pass http://up$N; }",
    "upstream with a path": "location /v2/ { proxy_pass http://up$N/v2/; }",
    "try_files": "location / { try_files /nothing @else; } location @else { proxy_pass $U; }",
    "try_files with a status": "location / { try_files /nothing =410; }",
    "try_files to a path": "location / { try_files /nothing /ok; } location = /ok { return 203 x; }",
    "denied": "location /v2/ { deny all; } location / { return 204; }",
    "limit_except": "location /v2/ { limit_except GET { deny all; } proxy_pass $U; }",
    "internal": "location /v2/ { internal; return 200; } location / { rewrite ^/docker/ /v2/ last; return 404; }",
    "variable for the host": "set $reg 127.0.0.1:$P; location / { proxy_pass http://$reg; }",
    "variable with a path": "set $reg 127.0.0.1:$P; location ~ ^/v2/(.*) { proxy_pass http://$reg/w/$1; }",
    "return in the server": "return 307 https://r.example$uri?$args;",
    "dots and slashes": "location /v2/c { return 201 a; } location /v2/double/ { return 202 b; } location / { return 404; }",
    "code alone": "location /v2/ { return 404; } location / { return 302 /v2/; }",
    "glued braces": "location /v2/{proxy_pass $U;}location /{return 204;}",
}
MAPS = """
map $uri $to$N { hostnames; default r.example; ~^/v2/(?<name>[^/]+)/ $name.example; /token t.example; }
map "$request_method:$arg_ns" $more$N { GET:a yes; default ""; }
upstream up$N { server 127.0.0.1:$P; }
"""
CADDY = {
    # Of /v2/ and /v2/* Caddy 2.6 runs the second first and later ones the first: told by no case.
    "redirect": "redir /v2/ https://r.example/v2/ 302\nredir /v2/t* https://r.example{uri} 307",
    "respond": 'respond /v2/ "a" 401\nrespond 404',
    "pass on": "reverse_proxy /v2/* $U",
    "host": "reverse_proxy $U {\nheader_up Host {upstream_hostport}\n}",
    "handles": "handle /v2/* {\nreverse_proxy $U\n}\nhandle /token* {\nredir https://a.example{uri}\n}\nhandle {\nrespond 404\n}",
    "handles in any order": "handle {\nrespond 404\n}\nhandle /v2/* {\nrespond 401\n}\nhandle /v2/timonback/* {\nrespond 403\n}",
    "handle_path": "handle_path /v2/* {\nreverse_proxy $U\n}",
    "handle and handle_path": "handle /v2/* {\nrespond 401\n}\nhandle_path /v2/timonback/* {\nreverse_proxy $U\n}",
    "route": "route /v2/* {\nuri strip_prefix /v2\nreverse_proxy $U\n}",
    "rewrite": "rewrite /docker/* /v2{path}\nreverse_proxy $U",
    "rewrites exclude each other": "rewrite /v2/* /a{uri}\nrewrite /a/* /b{uri}\nreverse_proxy $U",
    "rewrite with a query": "rewrite * /x?p={path}\nreverse_proxy $U",
    "named matcher": "@v2 path /v2/* /docker/*\nhandle @v2 {\nreverse_proxy $U\n}\nrespond 404",
    "matcher block": "@v2 {\npath /v2/*\nmethod GET\nnot path /v2/alpine/*\n}\nreverse_proxy @v2 $U\nrespond 405",
    "regular expression": "@m path_regexp m ^/v2/([^/]+)/(manifests|blobs)/(.*)$\nhandle @m {\nrewrite * /v2/library/{re.m.1}/{re.m.2}/{re.m.3}\n}\nreverse_proxy $U",
    "uri path_regexp": "@d path /docker/* /v2/docker/*\nhandle @d {\nuri path_regexp ^(?:/v2)?/docker(/.*)$ /v2$1\nreverse_proxy $U\n}\nrespond 404",
    "uri replace": "uri replace /docker /v2\nreverse_proxy $U",
    "strip_suffix": "uri strip_suffix /latest\nreverse_proxy $U",
    "header_down": 'reverse_proxy $U {\nheader_down WWW-Authenticate "https://auth.docker.io" "https://{http.request.host}"\nheader_down Location "https://production.cloudflare.docker.com" "https://{host}/cdn"\n}',
    "header_down replaced": 'reverse_proxy $U {\nheader_down Www-Authenticate "Bearer realm=\\"https://a.example/token\\""\nheader_down -Location\n}',
    "header_up": 'reverse_proxy $U {\nheader_up Authorization "Basic abc"\nheader_up Host r.example\n}',
    "header": "header /v2/* Docker-Content-Digest x\nrespond 200",
    "header taken away": "header -Docker-Content-Digest\nreverse_proxy $U",
    "request_header": "request_header Authorization x\nreverse_proxy $U",
    "header matcher": "@go header User-Agent Go*\nrespond @go 403\nreverse_proxy $U",
    "query matcher": "@ns query ns=a\nredir @ns https://n.example{uri}\nreverse_proxy $U",
    "case": "respond /V2/ 201\nrespond 404",
    "star in the middle": "respond /v2/*/web/* 201\nrespond 404",
    "handle_response": "reverse_proxy $U {\n@r status 307\nhandle_response @r {\nredir {rp.header.Location}?followed\n}\n}",
    "nothing handles it": "redir /x https://r.example",
    "two redirs": "redir /v2/* https://b.example{uri}\nredir /v2/timonback/* https://a.example{uri}",
    "error": "error /v2/* 403\nrespond 200",
    "to": "reverse_proxy {\nto $U\n}",
}
APACHE = {
    "redirect": 'Redirect 307 "/v2/" "https://r.example/v2/"',
    "redirect without slash": "Redirect /v2 https://r.example/w",
    "permanent": "RedirectPermanent /v2/ https://r.example/v2/",
    "gone": "Redirect gone /v2/",
    "match": "RedirectMatch 302 ^/v2/(.*)/manifests/(.*)$ https://r.example/v2/$1-x/manifests/$2",
    "first wins": "Redirect 302 /v2/timonback/ https://a.example/\nRedirect 302 /v2/ https://b.example/",
    "pass on": "ProxyPass /v2/ $U/v2/\nProxyPassReverse /v2/ $U/v2/",
    "pass on all but": "ProxyPass /v2/alpine !\nProxyPass /v2 $U/w",
    "keeps the host": "ProxyPreserveHost On\nProxyPass / $U/",
    "location": "<Location /v2/>\nProxyPass $U/v2/\nProxyPassReverse $U/v2/\n</Location>",
    "proxy match": "ProxyPassMatch ^/v2/(.*)$ $U/w/$1",
    "reverse": "ProxyPass /v2/ $U/v2/\nProxyPassReverse /cdn https://production.cloudflare.docker.com",
    "headers": 'ProxyPass / $U/\nRequestHeader set Authorization "Basic x"\nHeader always set Docker-Content-Digest y\nHeader edit WWW-Authenticate https://auth.docker.io https://a.example',
    "headers away": "ProxyPass / $U/\nHeader unset Docker-Content-Digest\nRequestHeader unset Authorization",
    "rewrite": "RewriteEngine On\nRewriteRule ^/v2/(.*)$ https://r.example/v2/$1 [R=307,L]",
    "rewrite a path": "RewriteEngine On\nRewriteRule ^/docker/(.*)$ /v2/$1\nProxyPass /v2/ $U/v2/",
    "rewrite to a proxy": "RewriteEngine On\nRewriteRule ^/v2/(.*)$ $U/w/$1 [P]",
    "conditions": "RewriteEngine On\nRewriteCond %{QUERY_STRING} ns=([a-z]) [OR]\nRewriteCond %{REQUEST_METHOD} POST\nRewriteRule ^/v2/ https://%1.example/ [R,L]\nRewriteRule ^/v2/$ - [F]",
    "conditions both": "RewriteEngine On\nRewriteCond %{HTTP_USER_AGENT} !^Go\nRewriteCond %{REQUEST_URI} ^/v2/\nRewriteRule .* https://r.example%{REQUEST_URI} [R=301,L,NE]",
    "query": "RewriteEngine On\nRewriteRule ^/v2/(.*)$ https://r.example/$1?a=b [QSA,R]\nRewriteRule ^/old https://r.example/? [R]",
    "environment": "RewriteEngine On\nRewriteCond %{HTTP_HOST} (.*)\nRewriteRule (.*) - [E=my_host:%1.x]\nRewriteRule ^/(v1|v2)/(.*)$ /w/$1/$2 [PT]\nRequestHeader set Host %{my_host}e\nProxyPreserveHost On\nProxyPass / $U/",
    "before redirect": "RewriteEngine On\nRewriteRule ^/v2/$ https://w.example/ [R]\nRedirect /v2/ https://r.example/",
    "proxy before redirect": "ProxyPass /v2/ $U/v2/\nRedirect /v2/ https://r.example/",
    "denied": "<Location /v2/>\nRequire all denied\n</Location>",
    "case": "RewriteEngine On\nRewriteRule ^/v2/$ https://r.example/ [NC,R]",
    "module": "<IfModule mod_rewrite.c>\nRewriteEngine On\nRewriteRule ^/v2/$ https://r.example/ [R]\n</IfModule>",
}
# Each rule is for one host; what follows it are the middlewares of its router, in their order.
TRAEFIK: dict[str, tuple[str, ...]] = {
    "pass on": ("PathPrefix(`/`)",),
    "prefix": ("PathPrefix(`/v2/`)",),
    "prefix inside a word": ("PathPrefix(`/v2`)",),
    "path": ("Path(`/v2/`)",),
    "either": ("(Path(`/v2/`) || PathPrefix(`/v2/timonback`))",),
    "both": ("PathPrefix(`/v2/`) && Method(`GET`)",),
    "not": ("PathPrefix(`/v2/`) && !Path(`/v2/`)",),
    "not both": ("!(PathPrefix(`/v2/`) && Method(`POST`))",),
    "regular expression": ("PathRegexp(`^/v2/(.+)/manifests/`)",),
    "regular expression without an anchor": ("PathRegexp(`blobs`)",),
    "method in lower case": ("Method(`post`)",),
    "quotes and case": ('path("/v2/") || PATHPREFIX("/docker")',),
    "header": ("Header(`Authorization`, `Bearer t`)",),
    "header by expression": ("HeaderRegexp(`User-Agent`, `^Go`)",),
    "query": ("Query(`ns`, `a`)",),
    "query by expression": ("QueryRegexp(`scope`, `repository:.*`)",),
    "a space": ("PathPrefix(`/v2/a b`)",),
    "redirectRegex": (
        "PathPrefix(`/v2/`)",
        "{redirectRegex: {regex: '^https://[^/]+/v2/(.*)', replacement: 'https://r.example/v2/${1}'}}",
    ),
    "redirectRegex without braces": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '^https?://([^/]+)/(.*)$', replacement: 'https://r.example/$2', permanent: true}}",
    ),
    "redirectRegex with a word after its group": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '^https://([^/]+)/v2/(.*)', replacement: 'https://r.example/$2x/$1'}}",
    ),
    "redirectRegex without an anchor": ("PathPrefix(`/`)", "{redirectRegex: {regex: '/v2/', replacement: '/v3/'}}"),
    "redirectRegex that does not match": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '^http://', replacement: 'https://r.example/'}}",
    ),
    "redirectRegex named": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '^https://(?P<host>[^/]+)/(?P<rest>v2/.*)', replacement: 'https://r.example/${host}/${rest}'}}",
    ),
    "redirectScheme to what it is": ("PathPrefix(`/`)", "{redirectScheme: {scheme: https}}"),
    "redirectScheme to a port": ("PathPrefix(`/`)", "{redirectScheme: {scheme: https, port: '8443', permanent: true}}"),
    "stripPrefix": ("PathPrefix(`/docker`)", "{stripPrefix: {prefixes: [/docker]}}"),
    "stripPrefix inside a word": ("PathPrefix(`/`)", "{stripPrefix: {prefixes: [/v, /docker/]}}"),
    "stripPrefix of all": ("PathPrefix(`/`)", "{stripPrefix: {prefixes: [/v2/, /token]}}"),
    "stripPrefix escaped": ("PathPrefix(`/`)", "{stripPrefix: {prefixes: ['/v2/a b']}}"),
    "stripPrefixRegex": ("PathPrefix(`/`)", "{stripPrefixRegex: {regex: ['^/v2/[^/]+/', 'oken']}}"),
    "addPrefix": ("PathPrefix(`/`)", "{addPrefix: {prefix: /x}}"),
    "strip and add": ("PathPrefix(`/docker`)", "{stripPrefix: {prefixes: [/docker]}}", "{addPrefix: {prefix: /v2}}"),
    "add and strip": ("PathPrefix(`/`)", "{addPrefix: {prefix: /v2}}", "{stripPrefix: {prefixes: [/v2/v2]}}"),
    "replacePath": ("PathPrefix(`/v2/`)", "{replacePath: {path: /v2/}}"),
    "replacePathRegex": ("PathPrefix(`/v2/`)", "{replacePathRegex: {regex: '^/v2/(.*)', replacement: /v2/hub/$1}}"),
    "replacePathRegex of every match": ("PathPrefix(`/`)", "{replacePathRegex: {regex: 'o', replacement: '0'}}"),
    "replacePathRegex then redirect": (
        "PathPrefix(`/`)",
        "{replacePathRegex: {regex: '^/docker/(.*)', replacement: /v2/$1}}",
        "{redirectRegex: {regex: '^https://[^/]+/v2/(.*)', replacement: 'https://r.example/v2/$1'}}",
    ),
    "redirect then strip": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '/token', replacement: '/auth'}}",
        "{stripPrefix: {prefixes: [/v2]}}",
    ),
    "headers up": ("PathPrefix(`/`)", "{headers: {customRequestHeaders: {Host: r.example, Authorization: Basic abc}}}"),
    "headers up taken away": ("PathPrefix(`/`)", "{headers: {customRequestHeaders: {Authorization: ''}}}"),
    "headers down": (
        "PathPrefix(`/`)",
        "{headers: {customResponseHeaders: {Www-Authenticate: 'Bearer realm=\"https://r.example/token\"', Location: ''}}}",
    ),
    "headers of a redirect": (
        "PathPrefix(`/`)",
        "{headers: {customResponseHeaders: {Location: 'https://h.example/'}}}",
        "{redirectRegex: {regex: '.*', replacement: 'https://r.example/'}}",
    ),
    "headers after a redirect": (
        "PathPrefix(`/`)",
        "{redirectRegex: {regex: '.*/v2/.*', replacement: 'https://r.example/'}}",
        "{headers: {customResponseHeaders: {Location: 'https://h.example/'}}}",
    ),
    "cors": (
        "PathPrefix(`/`)",
        "{headers: {accessControlAllowMethods: [GET], accessControlAllowOriginList: ['*'], frameDeny: true, stsSeconds: 5}}",
    ),
    "harmless": (
        "PathPrefix(`/`)",
        "{rateLimit: {average: 1000, burst: 1000}}",
        "{retry: {attempts: 2}}",
        "{compress: {}}",
        "{buffering: {maxRequestBodyBytes: 1000}}",
    ),
    "errors": ("PathPrefix(`/`)", "{errors: {status: ['500-599'], service: s$N, query: /x}}"),
}
# The `http` of a whole file.
TRAEFIK_FILES = {
    "longest rule first": "routers: {a$N: {rule: 'Host(`$H`)', service: 'noop@internal'}, b$N: {rule: 'Host(`$H`) && PathPrefix(`/v2/`)', service: s$N}}",
    "wildcard host": "routers: {a$N: {rule: 'Host(`$H`) && Host(`*.example.com`)', service: s$N}}",
    "wildcard of one label": "routers: {a$N: {rule: 'Host(`$H`) && Host(`*.com`)', service: s$N}}",
    "double wildcard": "routers: {a$N: {rule: 'Host(`$H`) && Host(`**.com`)', service: s$N}}",
    "wildcard of itself": "routers: {a$N: {rule: 'Host(`$H`) && Host(`*.$H`)', service: s$N}}",
    "double wildcard of itself": "routers: {a$N: {rule: 'Host(`$H`) && Host(`**.$H`)', service: s$N}}",
    "star in a label": "routers: {a$N: {rule: 'Host(`$H`) && Host(`t*.example.com`)', service: s$N}}",
    "stars do not count": "routers: {a$N: {rule: 'Host(`$H`) && (Host(`**.example.com`))', service: 'noop@internal'}, b$N: {rule: 'Host(`$H`) && PathPrefix(`/v2/`)', service: s$N}}",
    "priority": "routers: {a$N: {rule: 'Host(`$H`)', priority: 100, service: 'noop@internal'}, b$N: {rule: 'Host(`$H`) && PathPrefix(`/v2/`)', service: s$N}}",
    "chain": "routers: {a$N: {rule: 'Host(`$H`)', middlewares: [c$N], service: s$N}}\n  middlewares: {c$N: {chain: {middlewares: [d$N, e$N]}}, d$N: {stripPrefix: {prefixes: [/docker]}}, e$N: {addPrefix: {prefix: /y}}}",
    "host of the server": "routers: {a$N: {rule: 'Host(`$H`)', service: t$N}}\n  services: {t$N: {loadBalancer: {passHostHeader: false, servers: [{url: '$U'}]}}, s$N: {loadBalancer: {servers: [{url: '$U'}]}}}",
    "path of the server": "routers: {a$N: {rule: 'Host(`$H`)', service: t$N}}\n  services: {t$N: {loadBalancer: {servers: [{url: '$U/base/'}]}}, s$N: {loadBalancer: {servers: [{url: '$U'}]}}}",
    "path of the server kept": "routers: {a$N: {rule: 'Host(`$H`)', service: t$N}}\n  services: {t$N: {loadBalancer: {servers: [{url: '$U/base/', preservePath: true}]}}, s$N: {loadBalancer: {servers: [{url: '$U'}]}}}",
    "weighted": "routers: {a$N: {rule: 'Host(`$H`)', service: w$N}}\n  services: {w$N: {weighted: {services: [{name: s$N, weight: 1}]}}, s$N: {loadBalancer: {servers: [{url: '$U'}]}}}",
    "no server": "routers: {a$N: {rule: 'Host(`$H`)', service: t$N}}\n  services: {t$N: {loadBalancer: {servers: []}}, s$N: {loadBalancer: {servers: [{url: '$U'}]}}}",
    "a rule with an error": "routers: {a$N: {rule: 'Host(`$H`) && Path(', service: s$N}, b$N: {rule: 'Host(`$H`)', service: 'noop@internal'}}",
    "traefik 2": "routers: {a$N: {rule: 'Host(`other.example`, `$H`) && PathPrefix(`/v2/{name:[a-z]+}/web`)', ruleSyntax: v2, service: s$N}}",
    "traefik 2 path": "routers: {a$N: {rule: 'HostRegexp(`{sub:[a-z0-9]+}.example.com`) && Host(`$H`) && Path(`/v2/`, `/{word}`)', ruleSyntax: v2, service: s$N}}",
}


# Annotation, path and type of it: the directives that are made of them, on nginx itself.
INGRESS = [
    ("hsts: 'true'", "/v2", "Prefix"),
    ("hsts: 'true'", "/v2/", "Exact"),
    ("hsts: 'true'", "/v2", "ImplementationSpecific"),
    ("temporal-redirect: https://r.example$request_uri", "/v2", "Prefix"),
    ("permanent-redirect: https://r.example", "/", "Prefix"),
    ("rewrite-target: /$2", "/docker(/|$)(.*)", "ImplementationSpecific"),
    ("rewrite-target: /v2/library/$1", "/v2/(.*)", "ImplementationSpecific"),
    ("use-regex: 'true'", "/v2/.*/manifests", "ImplementationSpecific"),
    ("app-root: /old/thing", "/", "Prefix"),
    ("upstream-vhost: r.example", "/", "Prefix"),
    ("configuration-snippet: 'return 302 https://r.example$uri;'", "/v2", "Prefix"),
    (
        "proxy-redirect-from: https://production.cloudflare.docker.com/\n    nginx.ingress.kubernetes.io/proxy-redirect-to: /c/",
        "/",
        "Prefix",
    ),
]


def ingress_file(case: tuple[str, str, str], host: str, stand: Stand) -> str:
    """An Ingress for the host, whose service is the stand-in."""
    annotation, path, kind = case
    return (
        f"kind: Ingress\nmetadata:\n  annotations:\n    nginx.ingress.kubernetes.io/{annotation}\nspec:\n  rules:\n  - host: {host}\n"
        f"    http: {{paths: [{{path: '{path}', pathType: {kind}, backend: {{serviceName: up, servicePort: {stand.port}}}}}]}}\n"
        "---\nkind: Service\nmetadata: {name: up}\nspec: {type: ExternalName, externalName: 127.0.0.1}\n"
    )


def traefik_file(name: str) -> str:
    """The case as a dynamic configuration, $N and $U still to be filled in."""
    if name in TRAEFIK_FILES:
        text = f"http:\n  {TRAEFIK_FILES[name]}\n"
    else:
        rule, *steps = TRAEFIK[name]
        names = [f"m{index}x$N" for index in range(len(steps))]
        text = f"http:\n  routers:\n    a$N: {{rule: 'Host(`$H`) && ({rule})', middlewares: [{', '.join(names)}], service: s$N}}\n"
        text += (
            "  middlewares:\n" + "".join(f"    {one}: {step}\n" for one, step in zip(names, steps, strict=True))
            if steps
            else ""
        )
    return (
        text if "services:" in text else f"{text}  services: {{s$N: {{loadBalancer: {{servers: [{{url: '$U'}}]}}}}}}\n"
    )


REQUESTS: list[tuple[str, str, dict[str, str]]] = [("GET", path, {}) for path in PATHS] + [
    ("GET", "/v2/timonback/web/manifests/1", {"User-Agent": "Go-http-client/1.1", "Authorization": "Bearer t"}),
    ("POST", "/v2/timonback/web/blobs/uploads/", {"Content-Length": "0"}),
]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with stand_in() as found:
        yield found


def filled(text: str, stand: Stand, number: int) -> str:
    return (
        text.replace("$U", f"http://127.0.0.1:{stand.port}").replace("$P", str(stand.port)).replace("$N", str(number))
    )


def compare(platform: str, name: str, text: str, host: str, port: int, stand: Stand, *, secure: bool = False) -> None:
    rules = parse_rules(text, name, platform)
    real, ours = {}, {}
    for method, path, headers in REQUESTS:
        key = f"{method} {path} {headers}"
        real[key] = asked(port, host, path, method, headers, secure=secure)
        ours[key] = played(rules, stand, host, path, method, headers)
    assert ours == real


@pytest.fixture(scope="module")
def nginx_port(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    port = free_port()
    servers = [
        filled(f"{MAPS}\nserver {{ listen 127.0.0.1:{port}; server_name n$N.example.com; {body} }}", stand, number)
        for number, body in enumerate(NGINX.values())
    ]
    with nginx("map_hash_bucket_size 128;\n" + "\n".join(servers), tmp_path_factory.mktemp("nginx")):
        yield port


@pytest.mark.parametrize("name", NGINX)
def test_nginx_answers_as_it_is_played(name: str, nginx_port: int, stand: Stand) -> None:
    """Status, Location, challenge and what the upstream is asked are those of the real nginx, for every request."""
    number = list(NGINX).index(name)
    host = f"n{number}.example.com"
    text = filled(f"{MAPS}\nserver {{ server_name {host}; {NGINX[name]} }}", stand, number)
    compare("nginx", "a.conf", text, host, nginx_port, stand)


@pytest.fixture(scope="module")
def caddy_port(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not installed("caddy"):
        pytest.skip("Caddy is not installed")
    port = free_port()
    sites = [
        filled(f"http://c{number}.example.com:{port} {{\n{body}\n}}", stand, number)
        for number, body in enumerate(CADDY.values())
    ]
    with caddy("\n".join(sites), tmp_path_factory.mktemp("caddy")):
        yield port


@pytest.mark.parametrize("name", CADDY)
def test_caddy_answers_as_it_is_played(name: str, caddy_port: int, stand: Stand) -> None:
    """The same for the real Caddy."""
    number = list(CADDY).index(name)
    host = f"c{number}.example.com"
    text = filled(f"{host} {{\n{CADDY[name]}\n}}", stand, number)
    compare("caddy", "Caddyfile", text, host, caddy_port, stand)


@pytest.fixture(scope="module")
def apache_port(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not installed("apache2"):
        pytest.skip("Apache is not installed")
    port = free_port()
    hosts = [
        filled(f"<VirtualHost *:{port}>\nServerName a{number}.example.com\n{body}\n</VirtualHost>", stand, number)
        for number, body in enumerate(APACHE.values())
    ]
    with apache("\n".join(hosts), port, tmp_path_factory.mktemp("apache")):
        yield port


@pytest.mark.parametrize("name", APACHE)
def test_apache_answers_as_it_is_played(name: str, apache_port: int, stand: Stand) -> None:
    """The same for the real Apache."""
    number = list(APACHE).index(name)
    host = f"a{number}.example.com"
    text = filled(f"<VirtualHost *:443>\nServerName {host}\n{APACHE[name]}\n</VirtualHost>", stand, number)
    compare("apache", "a.conf", text, host, apache_port, stand)


@pytest.mark.parametrize("case", INGRESS, ids=lambda case: f"{case[0].partition(':')[0]} {case[1]} {case[2]}")
def test_ingress_is_played_as_nginx_answers_to_its_directives(
    case: tuple[str, str, str], stand: Stand, tmp_path: Path
) -> None:
    """What is made of an Ingress is a configuration that nginx takes, and answers as it is played."""
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    port, host = free_port(), "i.example.com"
    text = ingress_file(case, host, stand)
    (server, *_), _ = directives(read_items(text, "ingress.yaml"), "ingress.yaml")
    inside = rendered(server.block or []).replace("$scheme://$http_host", f"https://{host}")
    with nginx(f"server {{ listen 127.0.0.1:{port}; {inside} }}", tmp_path):
        compare("ingress", "ingress.yaml", text, host, port, stand)


TRAEFIK_NAMES = [*TRAEFIK, *TRAEFIK_FILES]


@pytest.fixture(scope="module")
def traefik_port(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not installed("traefik"):
        pytest.skip("Traefik is not installed")
    files = {
        f"{number}.yml": filled(traefik_file(name), stand, number).replace("$H", f"t{number}.example.com")
        for number, name in enumerate(TRAEFIK_NAMES)
    }
    with traefik(files, tmp_path_factory.mktemp("traefik")) as port:
        yield port


@pytest.mark.parametrize("name", TRAEFIK_NAMES)
def test_traefik_answers_as_it_is_played(name: str, traefik_port: int, stand: Stand) -> None:
    """The same for the real Traefik, over TLS."""
    number = TRAEFIK_NAMES.index(name)
    host = f"t{number}.example.com"
    text = filled(traefik_file(name), stand, number).replace("$H", host)
    compare("traefik", "dynamic.yml", text, host, traefik_port, stand, secure=True)


def test_every_server_has_its_cases() -> None:
    """Rules of each kind are compared: fifty of nginx, thirty of Caddy, twenty of Apache, fifty of Traefik."""
    assert [len(NGINX) >= 50, len(CADDY) >= 30, len(APACHE) >= 20, len(TRAEFIK_NAMES) >= 50] == [True] * 4


def test_a_difference_would_be_seen(stand: Stand, tmp_path: Path) -> None:
    """The comparison itself: another rule than the one that runs is not told as the same."""
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    port = free_port()
    with nginx(f"server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}", tmp_path):
        rules = parse_rules("server { location / { return 404; } }", "a.conf", "nginx")

        assert asked(port, "n.example.com", "/v2/") != played(rules, stand, "n.example.com", "/v2/")
