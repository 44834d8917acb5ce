"""Does the proxy that listens trust, and go out, as the daemon did: read from its command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, Systemd, debian

from pullscope.host import doctor, plan, switch
from pullscope.host.doctor import Examination
from pullscope.host.plan_words import Program, proxy_command
from pullscope.host.requested import Wish

CORPORATE = '[Service]\nEnvironment="HTTPS_PROXY=http://ann:s3cret@corp:3128"\n'
PROGRAM = Program(mitmdump="/v/mitmdump", addon="/v/registry_trace.py", confdir="/c")


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("", None),
        ("ssl_verify_upstream_trusted_ca", "does not trust what docker trusted (private registries answer 502)"),
        ("upstream:", "does not use the proxy that docker had"),
    ],
)
def test_a_proxy_that_lost_what_docker_had_is_found(tmp_path: Path, left_out: str, message: str | None) -> None:
    """The printed command line is healthy; without the trust or the way out it is not, and it is the fix."""
    systemd = Systemd(debian(tmp_path, **{"/etc/systemd/system/docker.service.d/corp.conf": CORPORATE}))
    found = systemd.look()
    planned = plan.plan(found, Wish(authority=AUTHORITY))
    switch.on(found, planned, lambda _: None)
    words = proxy_command(PROGRAM, planned)
    assert "s3cret" not in " ".join(words)
    runs = [word for word in words if not left_out or left_out not in word]
    examination = Examination(
        machine=systemd.look(),
        command="pullscope docker",
        confdir="/c",
        proxy_command=" ".join(words),
        listens=lambda *_: True,
        command_of=lambda _: runs,
    )
    problems = {problem.code: problem for problem in doctor.examine(examination)}
    assert ("proxy-way-out" in problems) is (message is not None)
    if message is not None:
        assert message in problems["proxy-way-out"].message
        assert problems["proxy-way-out"].fix == " ".join(words)
