"""What a table of clients comes to: which are named, and how the command ends."""

from __future__ import annotations

import pytest

from pullscope.cli.client_table import chosen_clients, ended
from pullscope.cli.exits import Complaint
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict, ExitCode
from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

W, F, U = ClientOutcome.WORKS, ClientOutcome.FAILS, ClientOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("outcomes", "named", "strict", "code"),
    [
        ([W, W], False, False, 0),
        ([W, F], False, False, 0),
        ([W, F], True, False, 3),
        ([F, F], False, False, 3),
        ([F, U], False, False, 3),
        ([W, U], True, False, 0),
        ([U, U], False, False, 0),
        ([W, U], False, True, 3),
        ([W, F], False, True, 0),
        ([], False, False, 0),
    ],
)
def test_how_a_table_ends(outcomes: list[ClientOutcome], named: bool, strict: bool, code: int) -> None:
    """Named clients have to work; without names one has to; no verdict is not a failure, unless that is asked for."""
    told = [
        (client, ClientVerdict(id=client.id, verdict=one))
        for client, one in zip(EVERY_CLIENT.values(), outcomes, strict=False)
    ]
    assert ended(told, named=named, strict=strict) is ExitCode(code)


def test_an_unknown_client_is_told_which_there_are() -> None:
    """The ids without their login variants, and how those are written."""
    with pytest.raises(Complaint, match=r"no client 'rocket'. There are docker-classic, .*vanity-login") as told:
        chosen_clients("rocket", ())
    assert told.value.code is ExitCode.USAGE
    with pytest.raises(Complaint, match=r"Did you mean docker-classic or docker-containerd\?$"):
        chosen_clients("docker", ())
    assert [one.id for one in chosen_clients("", ["crane"])] == ["crane"]
