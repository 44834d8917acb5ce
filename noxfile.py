"""The lanes that have to hold: both ends of what pyproject.toml allows, lint, and the real parts.

`nox` runs lint and the lanes; `sudo nox -s e2e` the tests with real parts. `.ci/run` does the same without nox.
"""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "oldest", "newest", "lowest"]


def run_tests(session: nox.Session) -> None:
    session.run("python", "-m", "pytest", "-n", "auto", "-m", "not real", *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """The oldest Python with the oldest mitmproxy."""
    session.install(".[test]", "mitmproxy==11.0.2")
    run_tests(session)


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """The newest Python with the newest mitmproxy 12 that can be installed."""
    session.install(".[test]", "mitmproxy>=12,<13")
    run_tests(session)


@nox.session(python="3.11", venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """The lower bound of every requirement of ours; only uv can resolve so."""
    session.install("--resolution", "lowest-direct", ".[test]")
    run_tests(session)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    session.install(".[test,lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python="3.11")
def e2e(session: nox.Session) -> None:
    """Real daemons and clients; needs root and what `.ci/run` installs."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", "-m", "real", *session.posargs)
