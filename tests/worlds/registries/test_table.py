"""The table of registries: every fact says where it is from, a host leads to its row, and docs/registries.md is the table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from tests.worlds.registries.docs_page import page

from pullscope.oci.challenge import read_challenges
from pullscope.oci.known_registries import KNOWN, known_registry
from pullscope.worlds.registries.row import Fact, Registry, Scopes
from pullscope.worlds.registries.table import REGISTRIES, registry, registry_at

PAGE = Path(__file__).parents[3] / "docs" / "registries.md"
_DATE = re.compile(r"20\d\d(?:-\d\d(?:-\d\d)?)?")


def sourced(row: Registry) -> Iterator[tuple[str, str, str]]:
    """What, from where, and when."""
    for one in fields(row):
        value = getattr(row, one.name)
        if isinstance(value, Fact):
            yield one.name, value.source, value.date
    for own in row.faults:
        yield own.value.code, own.source, own.date


@pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
def test_every_fact_has_a_public_source_and_a_date(row: Registry) -> None:
    """A fact without a source is not in the table."""
    for what, source, date in sourced(row):
        assert source.startswith("https://"), what
        assert _DATE.fullmatch(date), what


@pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
def test_every_registry_has_its_best_known_fault(row: Registry) -> None:
    """Docker Hub's are the ones that every registry shares; each other one has one of its own, under its own name."""
    codes = [own.code for own in (fault.value for fault in row.faults)]
    assert codes or row.id == "docker-hub"
    prefix = {"artifact-registry": "gar"}.get(row.id, row.id)
    assert all(code.startswith(f"{prefix}-") for code in codes)


@pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
def test_what_asks_for_a_token_says_where(row: Registry) -> None:
    """A Bearer challenge names the realm of the row's token server, and a row with a token server sends one."""
    lines = (*row.asks.value.ping, *row.asks.value.other) if row.asks is not None else ()
    realms = {found[1] for line in lines if (found := re.search(r'Bearer realm="([^"]+)"', line))}
    assert realms == ({row.tokens.value.realm} if row.tokens is not None else set())


def test_a_host_leads_to_its_row() -> None:
    """A hosted registry is found by any of its names; any other host is of no known registry."""
    found = {host: row.id for host in ("index.docker.io", "ghcr.io", "us-docker.pkg.dev") if (row := registry_at(host))}
    assert found == {"index.docker.io": "docker-hub", "ghcr.io": "ghcr", "us-docker.pkg.dev": "artifact-registry"}
    assert registry_at("harbor.example.com") is None


@pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
def test_what_a_row_answers_is_what_it_is_known_by(row: Registry) -> None:
    """The names and challenges by which findings know a registry are those that its own row answers with, if with any."""
    asks = read_challenges((*row.asks.value.ping, *row.asks.value.other) if row.asks is not None else ())
    known, signs = known_registry(row.host, asks), KNOWN[row.id]
    asked = row.asks is not None and (signs.service is not None or signs.realm is not None)
    told_apart = signs.hosts is not None or asked
    assert (known.id if known is not None else None) == (row.id if told_apart else None)


def test_an_unknown_registry_is_refused_with_the_list() -> None:
    """A misspelt name must not play Docker Hub."""
    with pytest.raises(ValueError, match=r"There is no registry 'gchr': choose from docker-hub, ghcr"):
        registry("gchr")


def test_strictness_is_known_or_not() -> None:
    """Where no source says how a token server takes an unknown scope, nothing is claimed."""
    assert [REGISTRIES[name].strict for name in ("docker-hub", "ghcr", "artifact-registry", "acr", "ecr")] == [
        False,
        True,
        True,
        None,
        None,
    ]
    gitlab = REGISTRIES["gitlab"].scopes
    assert gitlab is not None
    assert gitlab.value is Scopes.REFUSED_ALONE


def test_the_page_is_current() -> None:
    """docs/registries.md is the table, and nothing else; PULLSCOPE_REWRITE=1 writes it anew."""
    if os.environ.get("PULLSCOPE_REWRITE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_what_is_not_known_is_said() -> None:
    """A fact without a source is named as not known, not left out in silence."""
    sections = page().split("\n## ")
    ecr = next(section for section in sections if section.startswith('<a id="ecr">'))
    assert "- Not known: Wrong login, Rate limit, HEAD, Range, Limit of bodies." in ecr


def test_every_registry_and_every_fault_is_on_the_page() -> None:
    """With its id, as the options take it."""
    text = page()
    for row in REGISTRIES.values():
        assert f"`--registry {row.id}`" in text
        for own in row.faults:
            assert f"`--fault {own.value.code}`" in text
            assert own.source.split()[0] in text
