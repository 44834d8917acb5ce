"""The table of what each client is told: its rows are of known clients, and hold steps that can be filled in."""

from __future__ import annotations

import pytest

from pullscope.oci.agents import FAMILIES, identify
from pullscope.oci.client_steps import TABLE, row_of, step
from pullscope.oci.text_table import rows

ROWS = [key for key, _, _ in rows(TABLE)]
STEPS = {"login", "logout", "plain", "tls", "ca", "mirror", "proxy", "tags", "whole"}


def test_a_row_is_of_a_client_that_is_recognised() -> None:
    """k3s is one by the version of its containerd; no row stands there twice, and none says what is not asked for."""
    assert set(ROWS) <= {*FAMILIES, "k3s"}
    assert len(ROWS) == len(set(ROWS))
    assert {word for _, _, fields in rows(TABLE) for word in fields} == {*STEPS, "like"}


@pytest.mark.parametrize("row", ROWS)
def test_a_step_can_be_filled_in(row: str) -> None:
    """No field but those that are given, and each client is told of http, of TLS and of a CA."""
    told = {what: step(row, what) for what in STEPS}
    filled = {
        what: said.format(host="r.example", home="h", ca="the CA", name="n") for what, said in told.items() if said
    }
    assert {"plain", "tls", "ca"} <= set(filled)


def test_a_library_has_no_steps() -> None:
    """Which program uses it is not known: it is told in words."""
    assert step(row_of(identify("go-containerregistry/v0.20.6")), "login") is None
    assert row_of(identify("containerd/v2.0.2-k3s2")) == "k3s"
