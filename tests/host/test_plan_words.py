"""The mitmproxy command line trusts and goes out as the daemon did."""

from __future__ import annotations

from pathlib import Path

from tests.host.fake_machine import AUTHORITY, SYSTEM_CA, Systemd, debian

from pullscope.host import plan
from pullscope.host.plan_words import Program, proxy_command
from pullscope.host.requested import Wish

PROGRAM = Program(mitmdump="/v/bin/mitmdump", addon="/v/trace.py", confdir="/c", routing="/v/routing.py")
PRIVATE_CA = SYSTEM_CA.replace("c3lz", "cHJp")


def test_the_way_out_and_the_trust_of_the_daemon_are_kept(tmp_path: Path) -> None:
    """Upstream proxy without its login, private CAs in the bundle, what cannot be read handed through."""
    files = {
        "/etc/systemd/system/docker.service.d/p.conf": '[Service]\nEnvironment="HTTPS_PROXY=http://u:secret@corp:3128"\n',
        "/etc/docker/certs.d/private.lan/ca.crt": PRIVATE_CA,
        "/etc/docker/certs.d/mutual.lan:5000/client.cert": SYSTEM_CA,
        "/etc/docker/daemon.json": '{"insecure-registries": ["plain.lan:5000", "10.0.0.0/8"]}',
    }
    systemd = Systemd(debian(tmp_path, **files))
    planned = plan.plan(systemd.look(), Wish(authority=AUTHORITY, proxy_port=9000))
    line = " ".join(proxy_command(PROGRAM, planned))
    assert "--mode upstream:http://corp:3128" in line
    assert planned.upstream_login
    assert "secret" not in line
    assert "secret" not in repr(planned.wish)
    assert r"--ignore-hosts ^mutual\.lan:5000$ --ignore-hosts ^plain\.lan:5000$" in line
    assert "ssl_verify_upstream_trusted_ca=/etc/pullscope/proxy-trust.pem" in line
    bundle = next(item.after.content for item in planned.writes if item.path.endswith("proxy-trust.pem")).decode()
    assert SYSTEM_CA in bundle
    assert PRIVATE_CA in bundle
    assert AUTHORITY not in bundle


def test_mode_hosts_listens_where_the_names_lead(tmp_path: Path) -> None:
    """One reverse listener for each port, and the addon that routes by name before the one that watches."""
    systemd = Systemd(debian(tmp_path))
    wish = Wish(authority=AUTHORITY, mode="hosts", hosts=("a.example", "b.example:5000"))
    line = " ".join(proxy_command(PROGRAM, plan.plan(systemd.look(), wish)))
    assert "-s /v/routing.py -s /v/trace.py" in line
    assert "reverse:https://a.example:443@127.0.0.1:443" in line
    assert ":5000@127.0.0.1:5000" in line
    assert "connection_strategy=lazy" in line
