"""The APIs that registries have beside the distribution specification's, for scripts: known by their paths alone.

Each row says which registry has such a path, by its id in `known_registries`. A path that other servers have too is none of
these: what is asked of a website is not told.
"""

from __future__ import annotations

import re

# docs.redhat.com, "Red Hat Quay API guide"; docs.docker.com/reference/api/hub (users/login and auth/token are its token servers);
# goharbor/harbor, api/v2.0/swagger.yaml; docs.gitlab.com/api/container_registry; jfrog.com/help, "Artifactory REST APIs";
# help.sonatype.com, "REST and Integration API"; docs.gitea.com/api
_OF_HUB = r"repositories|namespaces|orgs|users?(?!/(?:2fa-)?login)|access-tokens|auditlogs"
_OF_HARBOR = (
    r"projects|robots|repositories|registries|replication|retentions|quotas|scanners|systeminfo|artifacts|users|usergroups|labels"
    r"|audit-?logs|p2p|configurations|statistics|search"
)
_PATHS = {
    "quay": r"quay\.io/api/v1/|[^/]+/api/v1/(?:repository|organization)/.",
    "docker-hub": rf"(?:registry\.)?hub\.docker\.com/v2/(?:{_OF_HUB})/.",
    "harbor": rf"[^/]+/api/(?:v2\.0/(?:{_OF_HARBOR})\b|chartrepo/[^/?]+/.)",  # the latter up to 2.7: goharbor/harbor#8427
    "gitlab": r"[^/]+/(?:[^?]+/)?api/v4/(?:(?:projects|groups)/[^/?]+/)?registry/.",
    "artifactory": r"[^/]+/artifactory/api/(?:storage|repositories|search|security|docker/[^/?]+/v2/promote)\b",
    "nexus": r"[^/]+/(?:[^?]+/)?service/rest/(?:v1|beta|internal)/.",
    "gitea": r"[^/]+/(?:[^?]+/)?api/v1/packages/.",
}
_APIS = tuple((key, re.compile(rf"https?://(?:{pattern})")) for key, pattern in _PATHS.items())


def api_of(url: str) -> str | None:
    """The id of the registry whose own API such an address is."""
    if "/api/" not in url and "/service/rest/" not in url and "hub.docker.com/v2/" not in url:  # which costs less
        return None
    return next((key for key, pattern in _APIS if pattern.match(url)), None)
