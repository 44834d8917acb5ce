"""Real clients against a vanity host that exists only in a rule file: `addons/vanity_registry.py` in a real mitmdump."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e import parts
from tests.e2e.images import Image
from tests.e2e.standin import CDN, REGISTRY, VANITY, Hub
from tests.e2e.vanity import ADDON, ARTICLE, REFERENCE, Lab

pytestmark = pytest.mark.real

PROXIED = """\
[[redirects]]
  from = "/v2/"
  to = "https://registry-1.docker.io/v2/"
  status = 200
  force = true

[[redirects]]
  from = "/v2/timonback/*"
  to = "https://registry-1.docker.io/v2/timonback/:splat"
  status = 200
  force = true
"""


@pytest.fixture
def lab(hub: Hub, trust: parts.Trust, port: int) -> Lab:
    return Lab(hub=hub, trust=trust, port=port)


@pytest.fixture
def skopeo(lab: Lab, tmp_path: Path) -> parts.Forgetful:
    return lab.client(tmp_path / "state")


def copy(skopeo: parts.Forgetful, to: Path, reference: str = REFERENCE) -> str:
    """What skopeo complains about; nothing where the image arrived."""
    done = skopeo("skopeo", "copy", f"docker://{reference}", f"dir:{to}")
    return done.stderr if done.returncode else ""


def test_docker_pulls_through_the_articles_rules(lab: Lab, docker: parts.Docker, hub: Hub, zephykus: Image) -> None:
    """A host without DNS, certificate and server: its own organisation can be pulled, another one's image cannot."""
    with lab.mitmdump(f"pullscope_vanity={VANITY}={ARTICLE}"):
        own = docker("pull", REFERENCE)
        strange = docker("pull", f"{VANITY}/library/nginx:1.27")

    assert own.returncode == 0, own.stderr
    assert zephykus.index in own.stdout
    assert strange.returncode != 0
    assert "<" in strange.stderr
    assert not [seen for seen in hub.seen if seen.host == VANITY]


def test_edit_changes_the_next_pull(lab: Lab, docker: parts.Docker, tmp_path: Path) -> None:
    """The rules follow their file; a broken edit is named with its line and changes nothing."""
    rules = tmp_path / "netlify.toml"
    rules.write_text(ARTICLE.read_text())
    with lab.mitmdump(f"pullscope_vanity={VANITY}={rules}") as program:
        assert docker("pull", REFERENCE).returncode == 0
        docker.remove_images()

        # The file is looked at once a second at most, so a pull that begins at once may still find what was there before.
        rules.write_text(ARTICLE.read_text() + "\n[[redirects\n")
        for _ in range(20):
            while_broken = docker("pull", REFERENCE)
            docker.remove_images()
            assert while_broken.returncode == 0, while_broken.stderr
            if "netlify.toml:15" in program.output:
                break
        assert "netlify.toml:15" in program.output

        rules.write_text(ARTICLE.read_text().replace("timonback", "somebody-else"))
        assert any(docker("pull", REFERENCE).returncode != 0 for _ in range(20))


def test_skopeo_fails_on_a_redirect_and_pulls_through_a_proxy(
    lab: Lab, skopeo: parts.Forgetful, tmp_path: Path
) -> None:
    """podman's library cannot follow the redirect with its token; the same rules with 200 serve it."""
    with lab.mitmdump(f"pullscope_vanity={VANITY}={ARTICLE}"):
        refused = copy(skopeo, tmp_path / "redirected")
    proxied = tmp_path / "netlify.toml"
    proxied.write_text(PROXIED)
    with lab.mitmdump(f"pullscope_vanity={VANITY}={proxied}"):
        pulled = copy(skopeo, tmp_path / "proxied")

    assert "unauthorized" in refused
    assert pulled == ""


@pytest.mark.parametrize("auth", ["plain", "token-aware"])
def test_rewriting_puts_no_redirect_on_the_wire(
    lab: Lab, docker: parts.Docker, skopeo: parts.Forgetful, hub: Hub, tmp_path: Path, auth: str
) -> None:
    """docker and skopeo pull from a host whose requests go straight on; only the registry itself redirects, to its CDN."""
    with lab.mitmdump(f"pullscope_rewrite={VANITY}={REGISTRY}", f"pullscope_rewrite_auth={auth}") as program:
        pulled = docker("pull", REFERENCE)
        copied = copy(skopeo, tmp_path / "copied")
        said = program.output

    assert pulled.returncode == 0, pulled.stderr
    assert copied == ""
    assert {seen.host for seen in hub.seen if 300 <= seen.status < 400} <= {REGISTRY}
    assert {seen.host for seen in hub.seen if seen.status == 200} >= {REGISTRY, CDN}
    assert "302 Found" not in said


def test_token_aware_proxy_names_only_itself(lab: Lab, skopeo: parts.Forgetful, tmp_path: Path) -> None:
    """A renamed path works for skopeo too, because realm, service and scope are the vanity host's own."""
    rules = tmp_path / "vanity.toml"
    rules.write_text(
        f'[[rewrite]]\nfrom = "{VANITY}"\nto = "{REGISTRY}"\nauth = "token-aware"\nprefix = "timonback/"\n'
    )
    with lab.mitmdump(f"pullscope_vanity={VANITY}={rules}") as program:
        copied = copy(skopeo, tmp_path / "copied", f"{VANITY}/zephykus:latest")
        said = program.output

    assert copied == ""
    assert f"https://{VANITY}/token" in said


def test_upstream_takes_the_place_of_the_rules_target(lab: Lab, docker: parts.Docker, registry: int, hub: Hub) -> None:
    """With `pullscope_vanity_upstream` the targets of the rules are a registry of one's own."""
    options = (f"pullscope_vanity={VANITY}={ARTICLE}", f"pullscope_vanity_upstream=localhost:{registry}")
    with lab.mitmdump(*options):
        pulled = docker("pull", REFERENCE)

    assert pulled.returncode == 0, pulled.stderr
    assert hub.seen == ()


@pytest.mark.parametrize("scripts", [(parts.TRACER, ADDON), (ADDON, parts.TRACER)], ids=["tracer first", "addon first"])
def test_story_names_the_rule_behind_each_answer(lab: Lab, docker: parts.Docker, scripts: tuple[Path, ...]) -> None:
    """The tracer's story says which line of the rule file answered, in either order of -s."""
    with lab.mitmdump(f"pullscope_vanity={VANITY}={ARTICLE}", scripts=scripts) as program:
        assert docker("pull", REFERENCE).returncode == 0
        program.stop()
        story = program.output

    assert "netlify.toml:1" in story
    assert "netlify.toml:8" in story
    assert "complete" in story


def test_proxied_pull_is_told_under_the_vanity_host(lab: Lab, docker: parts.Docker, tmp_path: Path) -> None:
    """With 200 rules the client never leaves the vanity host, and neither does the story."""
    rules = tmp_path / "netlify.toml"
    rules.write_text(PROXIED)
    with lab.mitmdump(f"pullscope_vanity={VANITY}={rules}", scripts=(parts.TRACER, ADDON)) as program:
        assert docker("pull", REFERENCE).returncode == 0
        program.stop()
        story = program.output

    assert f"{VANITY}/timonback/zephykus:latest" in story
    assert "complete" in story
