"""The lanes that have to hold: both ends of what pyproject.toml allows, lint, and the real parts.

`nox` runs lint and the lanes; `sudo nox -s e2e` the tests with real parts. `.ci/run` does the same without nox. Before a release:
`nox -s package installed tools`.
"""

from __future__ import annotations

from pathlib import Path

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


# -- what is handed out ---------------------------------------------------------------------------------------------------

SMOKE = Path(__file__).parent / "tests" / "e2e" / "smoke_installed.py"
MITMPROXIES = [
    ("3.11", "11.0.2"),  # the last for 3.11
    *((python, version) for version in ("11.0", "11.1", "12.0", "12.1", "12.2", "12.3") for python in ("3.12", "3.13")),
]


def wheel_of(session: nox.Session) -> Path:
    """A wheel of this checkout, built by way of the source distribution."""
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--quiet", "--outdir", str(folder), ".")
    [wheel] = folder.glob("*.whl")
    return wheel.resolve()


@nox.session(python="3.12")
def package(session: nox.Session) -> None:
    """Wheel and sdist are as PyPI and those who install wheels want them."""
    session.install("build", "twine", "check-wheel-contents")
    wheel = wheel_of(session)
    session.run("twine", "check", "--strict", str(wheel), *map(str, wheel.parent.glob("*.tar.gz")))
    session.run("check-wheel-contents", str(wheel))


@nox.session
@nox.parametrize(("python", "mitmproxy"), MITMPROXIES)
def installed(session: nox.Session, mitmproxy: str) -> None:
    """The wheel in a clean environment: each minor version of mitmproxy that installs, on each Python that it knows."""
    session.install("build")
    wheel = wheel_of(session)
    session.install(str(wheel), f"mitmproxy~={mitmproxy if mitmproxy.count('.') == 2 else mitmproxy + '.0'}")
    session.chdir(session.create_tmp())
    session.run("python", str(SMOKE))


@nox.session(python="3.12")
def tools(session: nox.Session) -> None:
    """The wheel beside a mitmproxy that uv or pipx installed as a tool."""
    session.install("build", "uv", "pipx")
    wheel, folder = wheel_of(session), Path(session.create_tmp()).resolve()
    python = str(Path(session.bin) / "python")
    uv = {"UV_TOOL_DIR": str(folder / "uv"), "UV_TOOL_BIN_DIR": str(folder / "uv-bin")}
    words = ("--with", str(wheel), "--with-executables-from", "pullscope", "mitmproxy")
    session.run("uv", "tool", "install", "--force", "--python", python, *words, env=uv)
    pipx = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "pipx-bin")}
    session.run("pipx", "install", "--force", "--python", python, "mitmproxy", env=pipx)
    session.run("pipx", "inject", "--force", "--include-apps", "mitmproxy", str(wheel), env=pipx)
    session.chdir(folder)
    for made in ("uv-bin", "pipx-bin"):
        session.run("python", str(SMOKE), str(folder / made))
