"""Rule files that people use, retyped with example names, and what is right for each: written down before it was tried.

A case is the file, the image that is pulled through it, and what is known of the clients: all of them pull, none does, only
some do, or there is no verdict and the line says why. `codes` are the errors that lint must give, and no others; `never` are
codes that would be wrong to name.
"""

from __future__ import annotations

from dataclasses import dataclass

PULL, FAIL, UNKNOWN, REFUSED = "pull", "fail", "unknown", "refused"
OPEN = "open-to-all-repositories"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One file and the truth about it."""

    file: str
    right: str
    """pull, fail, unknown: of all clients; a client's id before a colon where they differ; refused: a sentence."""
    why: str
    """unknown: a part of the reason; refused: a part of the sentence; else a note."""
    codes: frozenset[str] = frozenset()
    warned: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    image: str = "docker.example.com/timonback/web"
    env: tuple[tuple[str, str], ...] = ()


OWN = frozenset({OPEN, "redirect-downgrade", "redirect-loop", "scope-mismatch", "upstream-unreachable"})
"""What is never true of a proxy before a registry of one's own."""

CASES = [
    # Given with their right answers.
    Case(
        file="caddy-hub-one-host/Caddyfile",
        right=PULL,
        why="token server and CDN stand behind the same host",
        warned=frozenset({OPEN}),
        never=frozenset({"rule-unreachable", "path-not-redirected"}),
    ),
    Case(
        file="caddy-marker/Caddyfile",
        right=FAIL,
        why="/v2/ is 404; docker 29 never asks it, and this image lies under no marker",
        codes=frozenset({"ping-not-redirected", "scope-mismatch"}),
        never=frozenset({"rule-invalid", "rule-unreachable"}),
    ),
    Case(
        file="caddy-marker/Caddyfile",
        image="docker.example.com/docker/timonback/web",
        right=f"docker-containerd:{PULL} docker-classic:{FAIL} podman:{FAIL} skopeo:{FAIL} crane:{FAIL}",
        why="docker 29 does not ask /v2/",
        codes=frozenset({"ping-not-redirected", "scope-mismatch"}),
    ),
    Case(
        file="nginx-ecr-fallback/nginx.conf",
        right=PULL,
        why="the proxy shows a login of its own",
        never=frozenset({"scope-mismatch", "rule-invalid", "path-not-redirected", "ping-not-redirected"}),
    ),
    Case(
        file="nginx-hub-realm/docker-proxy.conf",
        right=PULL,
        why="the token server is behind the same host; the CDN is asked with a wrong Host",
        warned=frozenset({OPEN, "rule-unsupported"}),
    ),
    Case(
        file="nginx-registry-recipe/nginx.conf",
        right=PULL,
        why="after a login (auth_basic)",
        never=OWN,
    ),
    Case(
        file="vercel-crev/vercel.json",
        right=UNKNOWN,
        why="function",
        never=frozenset({"path-not-redirected", "ping-not-a-registry", "ping-not-redirected"}),
    ),
    # Found in public files.
    Case(file="nginx-hub-follow/docker-proxy.conf", right=PULL, why="blobs are followed", warned=frozenset({OPEN})),
    Case(file="nginx-hub-port/mirror.conf", right=PULL, why="Host is that of proxy_pass", warned=frozenset({OPEN})),
    Case(file="nginx-hub-cdn-too/nginx.conf", right=PULL, why="realm by map, CDN by path", warned=frozenset({OPEN})),
    Case(
        file="nginx-markers/nginx.conf",
        image="docker.example.com/docker/timonback/web",
        right=f"docker-containerd:{PULL} docker-classic:{FAIL} podman:{FAIL} skopeo:{FAIL} crane:{FAIL}",
        why="/v2/ is 404",
        codes=frozenset({"ping-not-redirected", "scope-mismatch"}),
    ),
    Case(file="nginx-hub-cache/nginx.conf", right=PULL, why="challenges go through", warned=frozenset({OPEN})),
    Case(file="nginx-harbor/harbor.conf", right=PULL, why="only the console is for people inside", never=OWN),
    Case(file="nginx-registry-certbot/registry.example.com", right=PULL, why="if ($scheme) is for port 80", never=OWN),
    Case(file="nginx-registry-auth-request/registry.conf", right=UNKNOWN, why="auth_request", never=OWN),
    Case(file="nginx-registry-variable/registry.conf", right=PULL, why="the upstream is in a variable", never=OWN),
    Case(file="nginx-registry-two-servers/registry.conf", right=PULL, why="port 80 is another server", never=OWN),
    Case(file="nginx-registry-root/registry.conf", right=PULL, why="proxy_pass with a slash in location /", never=OWN),
    Case(file="nginx-registry-auth-off/registry.conf", right=PULL, why="auth_basic off under /v2/", never=OWN),
    Case(
        file="nginx-hub-prefixes/proxy.conf",
        right=FAIL,
        why="nothing answers /v2/",
        codes=frozenset({"ping-not-redirected", "path-not-redirected"}),
    ),
    Case(
        file="nginx-hub-nested/nginx.conf", right=PULL, why="realm by map with named groups", warned=frozenset({OPEN})
    ),
    Case(file="nginx-ghcr-agents/ghcr.conf", right=UNKNOWN, why="$blocked_agent"),
    Case(file="caddy-hub-three-hosts/Caddyfile", right=PULL, why="realm and CDN are sites of the same file"),
    Case(file="caddy-hub-realm/Caddyfile", right=PULL, why="realm replaced whole", never=frozenset({"rule-invalid"})),
    Case(file="caddy-ghcr-one-host/Caddyfile", right=PULL, why="as for Docker Hub", warned=frozenset({OPEN})),
    Case(
        file="caddy-mirrors/Caddyfile",
        right=PULL,
        why="a mirror behind each name",
        image="docker.example.com/alpine",
        never=frozenset({OPEN, "redirect-downgrade", "rule-unreachable"}),
    ),
    Case(file="caddy-registry-local/Caddyfile", right=PULL, why="after a login (basicauth)", never=OWN),
    Case(file="vercel-crev-2/vercel.json", right=UNKNOWN, why="function"),
    Case(
        file="vercel-backend/vercel.json",
        # Not as it was written down first: without tokens a page at /v2/ is not a hindrance, and docker 29 never asks it.
        right=f"docker-containerd:{PULL} docker-classic:{UNKNOWN} podman:{UNKNOWN}",
        why="/v2/ itself is not /v2/:path*; whether the registry asks for a token is not known",
        codes=frozenset({"ping-not-a-registry"}),
    ),
    Case(
        file="netlify-spa/netlify.toml",
        right=FAIL,
        why="a site with a version 2",
        codes=frozenset({"ping-not-redirected", "path-not-redirected"}),
    ),
    Case(file="apache-gitlab/registry.conf", right=PULL, why="ProxyPass", never=OWN),
    Case(file="apache-gateway/docker_proxy.conf", right=PULL, why="the registry's own path is longer", never=OWN),
    Case(
        file="nginx-library/nginx.conf",
        right=PULL,
        why="one word is an official image",
        image="docker.example.com/alpine",
        never=OWN,
    ),
    Case(file="nginx-crproxy/proxy.conf", right=PULL, why="what is behind knows its own paths", never=OWN),
    Case(
        file="nginx-artifactory/artifactory.conf",
        right=PULL,
        why="a repository by host, under a longer path",
        never=OWN,
    ),
    Case(
        file="nginx-ecr-by-ns/nginx.conf",
        right=PULL,
        why="the proxy shows ECR a login",
        never=frozenset({"scope-mismatch"}),
    ),
    Case(file="caddy-internal/Caddyfile", right=UNKNOWN, why="remote_ip", never=OWN),
    Case(
        file="caddy-port/Caddyfile",
        right=PULL,
        why="the site of that port",
        image="docker.example.com:5000/a/b",
        never=OWN,
    ),
    Case(
        file="caddy-policy/Caddyfile",
        right=f"docker-classic:{UNKNOWN} docker-containerd:{UNKNOWN} podman:{UNKNOWN}",
        why="expression",
        never=OWN,
    ),
    Case(
        file="nginx-proxy-params/registry.conf",
        right=PULL,
        why="Debian's own include",
        never=OWN | {"rule-unsupported"},
    ),
    Case(file="nginx-hub-login/hub.conf", right=UNKNOWN, why="which asks for one of its own"),
    Case(file="nginx-template/registry.conf", right=REFUSED, why="template"),
    Case(file="traefik-harbor/ingressroute.yaml", right=PULL, why="the longer rule is the registry's", never=OWN),
    Case(file="worker-routes/worker.js", right=REFUSED, why="code"),
    Case(file="haproxy-registry/haproxy.cfg", right=REFUSED, why="HAProxy"),
    # Fifteen more of public files, each with its answer written down before it was tried.
    Case(
        file="nginx-art-paths/artifactory.conf",
        image="docker.example.com/hub/timonback/web",
        right=PULL,
        why="a repository by the first word of the path",
        never=OWN,
    ),
    Case(
        file="nginx-read-only/nginx.conf",
        right=PULL,
        why="only GET and HEAD",
        never=OWN | {"upload-too-large", "upload-cut-off"},
    ),
    Case(
        file="nginx-scheme-untold/registry.conf",
        right=PULL,
        why="pushes end at http",
        warned=frozenset({"upload-location-elsewhere", "upload-too-large"}),
        never=OWN,
    ),
    Case(file="nginx-no-such-directive/registry.conf", right=UNKNOWN, why="proxy_body_size", never=OWN),
    Case(
        file="netlify-version-2/netlify.toml",
        right=FAIL,
        why="the pages of a site with a version 2",
        never=frozenset({OPEN, "scope-mismatch"}),
        codes=frozenset({"ping-not-redirected", "path-not-redirected"}),
    ),
    Case(
        file="netlify-elsewhere/netlify.toml",
        right=FAIL,
        why="/v2/ is another site's root",
        codes=frozenset({"ping-not-a-registry", "path-not-redirected"}),
    ),
    Case(file="ingress-plain/registry.yaml", right=PULL, why="its own registry", never=OWN | {"upload-too-large"}),
    Case(
        file="ingress-below/ingress.yaml",
        right=FAIL,
        why="only below /docker-registry",
        codes=frozenset({"ping-not-redirected", "path-not-redirected"}),
    ),
    Case(file="ingress-harbor/ingress.yaml", right=PULL, why="/v2/ is the core's", never=OWN | {"upload-too-large"}),
    Case(file="traefik-swarm/docker-compose.yml", right=UNKNOWN, why="admin-auth", never=OWN),
    Case(file="traefik-harbor-core/harbor.yaml", right=PULL, why="/v2/ is the core's", never=OWN),
    Case(file="traefik-vpn/routes.yaml", right=PULL, why="only the portal is for people inside", never=OWN),
    Case(file="traefik-zot/dynamic.toml", right=PULL, why="/v2/ is the registry's", never=OWN),
    Case(
        file="traefik-redirect/dynamic.yml",
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL}",
        why="a redirect to a registry that wants tokens",
        never=frozenset({OPEN, "query-dropped", "scope-mismatch", "ping-not-a-registry"}),
    ),
    Case(file="traefik-labels/docker-compose.yaml", right=PULL, why="the harbor-v2 router", never=OWN),
    Case(file="apache-boot/000-default.conf", right=PULL, why="ProxyPass", never=OWN),
    # The address of a site is its variable's matter, whatever the default; map is played.
    Case(file="caddy-facade/Caddyfile", right=UNKNOWN, why="REGISTRY_HOST", never=frozenset({"rule-invalid"})),
    Case(
        file="caddy-facade/Caddyfile",
        env=(("REGISTRY_HOST", "ghcr.io"),),
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL} crane-0.21.7:{FAIL}",
        why="a redirect to a registry that wants tokens",
        warned=frozenset({OPEN}),
    ),
    Case(
        file="caddy-facade/Caddyfile",
        env=(("REGISTRY_HOST", "ghcr.io"), ("REGISTRY_ORG", "org")),
        right=FAIL,
        why="403 for every organisation but one",
        codes=frozenset({"path-not-redirected"}),
    ),
    # Who learns at /v2/ alone whether a login is asked for.
    Case(
        file="nginx-tenants/nginx.conf",
        image="docker.example.com/alpha/api",
        right=f"docker-classic:{FAIL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL} regctl:{PULL}",
        why="/v2/ asks for no login",
        codes=frozenset({"ping-hides-challenge"}),
        never=OWN,
    ),
    Case(file="nginx-ecr/nginx.conf", right=PULL, why="after a login at the registry behind", never=OWN),
    Case(file="apache-frontend/frontend.conf", right=UNKNOWN, why="DOCKER_REGISTRY_SCHEME", never=OWN),
    Case(
        file="ingress-v1beta1/registry-ingress.yaml",
        right=PULL,
        why="rewrite-target is another controller's",
        warned=frozenset({"rule-unsupported"}),
        never=OWN,
    ),
    Case(file="nginx-mtls/nginx.conf", right=UNKNOWN, why="the client's certificate", never=OWN),
    # A challenge of its own, and the token's scope renamed as the path is.
    Case(file="nginx-projects/registry.conf", right=PULL, why="", never=OWN - {"redirect-loop"}),
    Case(
        file="nginx-projects-scope/registry.conf",
        right=UNKNOWN,
        why="asks for a token",
        warned=frozenset({"scope-mismatch"}),
    ),
    Case(
        file="caddy-two-ports/Caddyfile",
        right=FAIL,
        why="the landing page",
        codes=frozenset({"path-not-redirected", "ping-not-a-registry"}),
    ),
    Case(file="caddy-two-ports/Caddyfile", right=PULL, why="", image="docker.example.com:5000/timonback/web"),
    Case(file="caddy-matchers-inside/Caddyfile", right=PULL, why="", never=OWN),
    Case(file="nginx-client-max/registry.conf", right=UNKNOWN, why="client_max_body is not played"),
    Case(file="nginx-set-unknown/vanity.conf", right=UNKNOWN, why="$geoip_country_code is not known"),
    # A section that nothing switches on (openSUSE's registry), and those that a distribution does.
    Case(
        file="apache-obs/registry.conf",
        image="docker.example.com:444/timonback/web",
        right=PULL,
        why="maintenance is off",
        never=OWN | {"ping-not-redirected"},
    ),
    Case(file="apache-suse/vhost-ssl.conf", right=PULL, why="SSL is on, and what the file defines", never=OWN),
    Case(file="apache-recipe/httpd.conf", right=PULL, why="after a login (AuthType)", never=OWN),
    Case(file="apache-ipxe/default.conf", right=PULL, why="rewrites are for another path", never=OWN),
    Case(file="apache-jinja/registry.conf", right=REFUSED, why="template"),
    # What else stands before a registry.
    Case(file="caddy-stations/Caddyfile", right=UNKNOWN, why="expression", never=OWN),
    Case(file="caddy-tunnel/Caddyfile", right=PULL, why="TLS ends in a tunnel", never=OWN),
    Case(file="caddy-aliases/registry.caddyfile", right=PULL, why="after a login", never=OWN),
    Case(file="caddy-zot/Caddyfile", right=PULL, why="/v2/ is the registry's", never=OWN | {"upload-too-large"}),
    Case(
        file="nginx-v1-era/registry.conf",
        image="docker.example.com:8080/timonback/web",
        right=PULL,
        why="location /",
        warned=frozenset({"upload-location-elsewhere"}),
        never=OWN,
    ),
    Case(file="nginx-cache-405/registry.conf", right=PULL, why="GET and HEAD", warned=frozenset({OPEN})),
    Case(file="nginx-nexus-sets/manifest-proxy.conf", right=PULL, why="a repository in a variable", never=OWN),
    Case(
        file="nginx-art-scheme/artifactory.conf",
        image="docker-local.example.com/timonback/web",
        right=PULL,
        why="a redirect to its own longer path",
        never=OWN,
    ),
    Case(file="nginx-hub-scope/docker.conf", right=PULL, why="service and scope by map", warned=frozenset({OPEN})),
    Case(file="nginx-nexus-method/nexus.conf", right=PULL, why="HEAD is the group's too", never=OWN),
    Case(file="traefik-gitlab/docker-compose.yml", right=PULL, why="the router of https", never=OWN),
    Case(file="traefik-required/docker-compose.yml", right=PULL, why="the host is a variable", never=OWN),
    Case(file="traefik-tcp/harbor.yaml", right=REFUSED, why="IngressRouteTCP"),
    Case(file="gateway-harbor/harbor-gateway.yaml", right=PULL, why="/v2 is the core's", never=OWN),
    Case(
        file="gateway-redirect/route.yaml",
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL}",
        why="a redirect to a registry that wants tokens",
        warned=frozenset({OPEN}),
        never=frozenset({"redirect-loop", "redirect-permanent", "scope-mismatch", "query-dropped"}),
    ),
    Case(file="istio-harbor/virtual-service.yaml", right=REFUSED, why="VirtualService"),
    Case(file="firebase/firebase.json", right=REFUSED, why="Firebase Hosting"),
    Case(file="s3-routing/routing-rules.json", right=REFUSED, why="S3 website"),
    # Tried last, and unseen until then.
    Case(
        file="nginx-hub-proxied-cdn/nginx.conf",
        right=PULL,
        why="the CDN by its name in the path",
        warned=frozenset({OPEN}),
    ),
    Case(
        file="nginx-underscores/depot.conf",
        right=UNKNOWN,
        why="names no http://",
        never=OWN | {"upload-too-large", "upload-cut-off"},
    ),
    Case(file="caddy-router/Caddyfile", image="docker.example.com:5000/org/app", right=PULL, why="its own", never=OWN),
    # Twelve more; these four, and what was wrong with them.
    Case(file="caddy-hub-domain/Caddyfile", right=PULL, why="docker.{$DOMAIN}, not the first site", never=OWN),
    Case(
        file="caddy-hub-domain/Caddyfile",
        image="gcr.example.com/org/app",
        right=FAIL,
        why="no such name",
        codes=frozenset({"rule-unreachable", "path-not-redirected", "ping-not-redirected"}),
    ),
    Case(file="nginx-two-variables/default.conf", right=PULL, why="docker.${DOMAIN}, not the first server", never=OWN),
    Case(file="apache-restricted/httpd.conf", right=PULL, why="the map is asked for pushes only", never=OWN),
    Case(file="nomad/registry.nomad", right=REFUSED, why="HCL"),
    Case(file="nginx-nexus-one-host/dcr.conf", right=PULL, why="a variable's Nexus", never=OWN | {"rule-unsupported"}),
    # More public files, and what else people put before a registry.
    Case(
        file="netlify-function/netlify.toml",
        right=f"docker-classic:{UNKNOWN} docker-containerd:{FAIL} podman:{UNKNOWN} skopeo:{UNKNOWN} crane:{UNKNOWN}",
        why="/v2/ is a function's, and the path is renamed",
        codes=frozenset({"scope-mismatch"}),
        warned=frozenset({"rule-unsupported"}),
        never=frozenset({"ping-not-a-registry", "ping-not-redirected"}),
    ),
    Case(
        file="nginx-nexus-methods/nginx.conf",
        right=PULL,
        why="each path is rewritten to a repository of Nexus",
        never=OWN | {"path-not-redirected"},
    ),
    Case(
        file="caddy-hub-second-name/Caddyfile",
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL}",
        why="a redirect to Docker Hub by another of its names",
        warned=frozenset({OPEN}),
    ),
    Case(
        file="gateway-variable/harbor.yaml", right=PULL, why="the host is a variable", never=OWN | {"rule-unreachable"}
    ),
    Case(file="ingress-alb/ingress.yaml", right=REFUSED, why=r"class alb .*\[\[rewrite\]\]"),
    Case(file="contour/proxy.yaml", right=REFUSED, why="HTTPProxy"),
    Case(file="envoy-lua/envoy.yaml", right=REFUSED, why="Envoy"),
    Case(file="varnish/default.vcl", right=REFUSED, why="Varnish"),
    Case(file="lighttpd/lighttpd.conf", right=REFUSED, why="a configuration of lighttpd"),
    Case(file="iis/web.config", right=REFUSED, why="IIS"),
    Case(file="nixos/docker-registry.nix", right=REFUSED, why="Nix expression.*systemctl cat nginx"),
    Case(
        file="configmap-nginx/reg-proxy.yaml",
        right=REFUSED,
        why=r"kubectl get configmap reg-proxy-nginx -n default -o jsonpath='\{\.data\.nginx\\\.conf\}' > nginx\.conf",
    ),
    Case(file="compose-caddy/docker-compose.yml", right=REFUSED, why=r"caddy-docker-proxy.*Caddyfile\.autosave"),
    Case(file="compose-nginx-proxy/docker-compose.yml", right=REFUSED, why="nginx-proxy.*docker exec"),
    Case(file="cloudflared/config.yml", right=REFUSED, why="cloudflared"),
    Case(file="google-url-map/url-map.yaml", right=REFUSED, why="URL map of Google Cloud"),
    Case(file="cloudformation/template.yaml", right=REFUSED, why="CloudFormation"),
    Case(file="caddy-json/caddy.json", right=REFUSED, why="give the Caddyfile"),
    Case(file="amplify/redirects.json", right=REFUSED, why="Amplify"),
    Case(file="azure-front-door/main.bicep", right=REFUSED, why="Azure"),
    # Traefik's own Ingress, and what nginx -T prints.
    Case(file="ingress-traefik/registry.yaml", right=PULL, why="Traefik's class", never=OWN | {"upload-too-large"}),
    Case(
        file="ingress-traefik/redirect.yaml",
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL}",
        why="a redirect before what is not in the file",
        warned=frozenset({OPEN}),
    ),
    Case(
        file="nginx-printed/nginx-T.conf", right=PULL, why="each file below its name", never=OWN | {"rule-unsupported"}
    ),
    # A proxy that takes /v2/ away: docker/docs#14319, distribution-library-image#142, and the near miss docker/cli#5042.
    Case(
        file="nginx-variable-slash/registry.conf",
        image="docker.example.com:8443/org/app",
        right=FAIL,
        why="a / after a variable is the whole path",
        codes=frozenset({"ping-not-a-registry"}),
        never=OWN,
    ),
    Case(
        file="nginx-strip/registry.conf",
        right=FAIL,
        why="proxy_pass ends with a /",
        codes=frozenset({"ping-not-a-registry"}),
        never=OWN,
    ),
    Case(
        file="caddy-strip/Caddyfile", right=FAIL, why="handle_path", codes=frozenset({"ping-not-a-registry"}), never=OWN
    ),
    Case(file="nginx-prefix/registry.conf", right=PULL, why="http.prefix of distribution", never=OWN),
    # Who asks for a login where: distribution/distribution#1021, #1028, #1230.
    Case(
        file="nginx-ping-200/registry.conf",
        right=f"docker-classic:{FAIL} docker-containerd:{PULL} podman:{FAIL} skopeo:{FAIL} crane:{PULL}",
        why="/v2/ says 200 of itself",
        codes=frozenset({"ping-hides-challenge"}),
        never=OWN,
    ),
    Case(
        file="nginx-limit-except/registry.conf",
        right=PULL,
        why="only a push wants a login",
        warned=frozenset({"ping-hides-challenge"}),
        never=OWN,
    ),
    Case(
        file="nginx-nexus-agent/nexus.conf",
        right=f"docker-classic:{PULL} docker-containerd:{PULL} podman:{UNKNOWN} crane:{UNKNOWN}",
        why="others than docker are led to Nexus itself",
        never=OWN,
    ),
    # Twenty more of public files; these were told wrongly, or in part.
    Case(file="traefik-transports/harbor.yml", right=PULL, why="transports come before routers", never=OWN),
    Case(file="apache-artifactory/artifactory.conf", right=PULL, why="Host is a rewrite rule's variable", never=OWN),
    Case(
        file="gateway-external/route.yaml",
        right=PULL,
        why="the Service stands for ghcr.io, which is asked by its own name",
        warned=frozenset({OPEN}),
        never=frozenset({"upload-location-elsewhere", "rule-unsupported"}),
    ),
    Case(
        file="nginx-tls-in-front/sites.conf",
        right=PULL,
        why="Cloudflare has the certificate",
        warned=frozenset({"upload-location-elsewhere"}),
        never=OWN,
    ),
    Case(
        file="nginx-njs/nginx.conf",
        right=f"docker-classic:{UNKNOWN} docker-containerd:{UNKNOWN} podman:{UNKNOWN}",
        why="js_set, js_content",
    ),
    # A third round; these were told wrongly, or in part.
    Case(
        file="nginx-other-443/nginx.conf",
        right=PULL,
        why="if TLS ends in front; else another server's port 443 answers",
        warned=frozenset({"rule-unreachable"}),
        never=OWN,
    ),
    Case(file="nginx-gitea/gitea.conf", right=PULL, why="a ? of $request_uri", never=OWN | {"query-dropped"}),
    Case(file="ingress-f5/ingress.yaml", right=PULL, why="F5's annotations", never=OWN | {"upload-too-large"}),
    Case(file="caddy-harbor/Caddyfile", right=PULL, why="a registry of one's own by its name", never=OWN),
    # A fourth; these were told wrongly, or in part.
    Case(file="nginx-no-host/gitea.conf", right=UNKNOWN, why="names no host", never=OWN),
    Case(
        file="nginx-nexus-port/nexus.conf", right=PULL, why=":443 is https", never=OWN | {"upload-location-elsewhere"}
    ),
    Case(file="nginx-satisfy/registry.conf", right=PULL, why="by address, or after a login", never=OWN),
    Case(
        file="traefik-quay/dynamic.toml",
        right=FAIL,
        why="quay.io has no /v2/ under a path",
        codes=frozenset({"ping-not-a-registry"}),
        warned=frozenset({"redirect-permanent"}),
    ),
    Case(
        file="apache-match/registry.conf",
        right=PULL,
        why="ProxyPassMatch",
        warned=frozenset({"upload-location-elsewhere"}),
        never=OWN,
    ),
    # Real Apache 2.4: GET 200, POST 401 for this <LimitExcept>.
    Case(
        file="apache-push/registry.conf",
        right=PULL,
        why="only a push wants a login",
        warned=frozenset({"ping-hides-challenge"}),
        never=OWN,
    ),
    Case(file="helm-values/values.yaml", right=REFUSED, why="Helm chart.*helm template"),
    Case(file="traefik-1/docker-compose.yml", right=REFUSED, why="Traefik 1"),
    Case(file="caddy-1/Caddyfile", right=REFUSED, why="Caddy 1.*reverse_proxy"),
]
