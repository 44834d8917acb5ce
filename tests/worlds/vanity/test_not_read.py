"""What a file is that is not read: told by what only its own files have."""

from __future__ import annotations

import pytest

from pullscope.worlds.vanity.not_read import form_of

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  {key}: |
    server {{ listen 443 ssl; }}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nginx.conf", "http {\n  server { listen 443 ssl; }\n}\n"),
        ("httpd.conf", "<VirtualHost *:443>\nServerName docker.example.com\n</VirtualHost>\n"),
        ("squid.txt", "http_port 3128\n"),
        ("config.yml", "version: 0.1\nstorage: {filesystem: {rootdirectory: /srv}}\n"),
        ("package.json", '{"name": "source", "apps": ["http"]}'),
        ("settings.yaml", "ingress:\n  enabled: true\n  hosts: []\n"),
        ("hosts.yaml", "services: none\n"),
        ("notes.yaml", "text: a caddy.example.com and a VIRTUAL_HOST\n"),
    ],
)
def test_file_that_nothing_tells_stays_untold(name: str, text: str) -> None:
    """Near misses: a word of a form's in another file is not that form."""
    assert form_of(name, text) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("services:\n  caddy:\n    image: caddy:2\n", "without labels of Traefik"),
        (
            "services:\n  web:\n    image: a\n    labels:\n      - caddy.reverse_proxy={{upstreams}}\n",
            "caddy-docker-proxy",
        ),
        ("services:\n  web:\n    build: .\n    environment:\n      - VIRTUAL_HOST=docker.example.com\n", "nginx-proxy"),
        ("services:\n  traefik:\n    image: traefik:v3\n", "Traefik without routers"),
    ],
)
def test_compose_file_is_told_by_its_labels(text: str, what: str) -> None:
    """A service that is called caddy is no label."""
    form = form_of("docker-compose.yml", text)

    assert form is not None
    assert what in form.what


def test_config_map_is_told_by_the_file_in_it() -> None:
    """The command reads that file; a key that is no file of a server's is a resource like any."""
    held = form_of("map.yaml", CONFIG_MAP.format(name="proxy", key="Caddyfile"))
    templated = form_of("map.yaml", CONFIG_MAP.format(name="{{ .Release.Name }}", key="nginx.conf"))
    other = form_of("map.yaml", CONFIG_MAP.format(name="proxy", key="index.html"))

    assert held is not None
    assert held.instead.endswith("kubectl get configmap proxy -o jsonpath='{.data.Caddyfile}' > Caddyfile)")
    assert templated is not None
    assert "configmap NAME -o" in templated.instead
    assert other is not None
    assert other.what == "a resource of Kubernetes (ConfigMap)"


def test_envoy_is_told_by_its_own_words_without_types() -> None:
    """As guides show a part of it."""
    form = form_of("front.yaml", "route_config:\n  virtual_hosts:\n  - domains: [docker.example.com]\n")

    assert form is not None
    assert "Envoy" in form.what
