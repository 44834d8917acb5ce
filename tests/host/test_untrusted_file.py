"""Files whose path an ordinary user controls, read with root's rights."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pullscope.host import HostError, untrusted_file

SECRET = b"root:$y$j9T$not-for-everybody"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives directories to another user")
NOBODY = 65534


def theirs(path: Path) -> Path:
    """A directory of an ordinary user."""
    path.mkdir(parents=True)
    os.chown(path, NOBODY, NOBODY)
    return path


def _link(place: Path, secret: Path) -> Path:
    (place / "file").symlink_to(secret)
    return place / "file"


def _folder_link(place: Path, secret: Path) -> Path:
    (place / "conf").symlink_to(secret.parent)
    return place / "conf" / secret.name


def _link_below(place: Path, secret: Path) -> Path:
    (place / "deep").mkdir()
    (place / "deep" / "conf").symlink_to(secret.parent)
    return place / "deep" / "conf" / secret.name


def _link_of_root(place: Path, secret: Path) -> Path:
    return _link(place, secret)  # made by root, where the user could have put it aside and made another


def _loop(place: Path, _: Path) -> Path:
    (place / "file").symlink_to("file")
    return place / "file"


HOSTILE: dict[str, Callable[[Path, Path], Path]] = {
    "link": _link,
    "link to its folder": _folder_link,
    "link below": _link_below,
    "link of root": _link_of_root,
    "loop": _loop,
}


@as_root
@pytest.mark.parametrize("kind", HOSTILE)
def test_root_follows_no_link_that_a_user_can_change(tmp_path: Path, kind: str) -> None:
    """The file itself, its folder or one above: refused by name, and nothing of the target is in the sentence."""
    secret = tmp_path / "secret" / "shadow"
    secret.parent.mkdir()
    secret.write_bytes(SECRET)
    place = theirs(tmp_path / "home")
    path = HOSTILE[kind](place, secret)
    with pytest.raises(HostError, match="is a symbolic link that an ordinary user can change") as error:
        untrusted_file.read(path, 1000)
    assert SECRET.decode() not in str(error.value)


@as_root
def test_root_follows_its_own_links(tmp_path: Path) -> None:
    """Absolute, relative and with `..`, below directories that only root can write to: as systemd makes for its services."""
    real = tmp_path / "private" / "proxy"
    real.mkdir(parents=True)
    (real / "file").write_bytes(b"x")
    (tmp_path / "absolute").symlink_to(real)
    (tmp_path / "relative").symlink_to("private/proxy")
    (tmp_path / "private" / "up").symlink_to("../private/./proxy")
    for name in ("absolute", "relative", "private/up"):
        assert untrusted_file.read(tmp_path / name / "file", 10) == b"x"
    os.chown(real, NOBODY, NOBODY)
    assert untrusted_file.read(tmp_path / "absolute" / "file", 10) == b"x"
    assert untrusted_file.owner(tmp_path / "absolute" / "new") == (NOBODY, NOBODY)


@as_root
def test_a_directory_that_all_can_write_to_is_as_a_users(tmp_path: Path) -> None:
    """Without the sticky bit any user can replace root's files."""
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o777)
    (tmp_path / "target").write_bytes(b"x")
    (place / "file").symlink_to(tmp_path / "target")
    with pytest.raises(HostError, match="symbolic link"):
        untrusted_file.read(place / "file", 10)


@as_root
@pytest.mark.parametrize("kind", ["fifo", "socket", "directory", "device"])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    """Nothing waits for a writer, and nothing endless is read."""
    place = theirs(tmp_path / "home") / "file"
    match kind:
        case "fifo":
            os.mkfifo(place)
        case "socket":
            os.mknod(place, 0o140644)
        case "directory":
            place.mkdir()
        case "device":
            place = Path("/dev/zero")
    with pytest.raises(HostError, match=r"is not a regular file|cannot read"):
        untrusted_file.read(place, 10)


def test_a_size_has_an_end(tmp_path: Path) -> None:
    """A file of the limit is read, one byte more is refused."""
    (tmp_path / "file").write_bytes(b"x" * 11)
    assert untrusted_file.read(tmp_path / "file", 11) == b"x" * 11
    with pytest.raises(HostError, match="larger than 10 bytes"):
        untrusted_file.read(tmp_path / "file", 10)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """A file, or its directory."""
    assert untrusted_file.read(tmp_path / "file", 10) is None
    assert untrusted_file.read(tmp_path / "no" / "file", 10) is None


def test_no_handle_stays_open(tmp_path: Path) -> None:
    """However it ends."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    before = sorted(Path("/proc/self/fd").iterdir())
    for name in ("file", "folder", "fifo", "none/x", "file/x"):
        try:
            untrusted_file.read(tmp_path / name, 0)
        except HostError:
            continue
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@as_root
def test_root_runs_no_code_that_a_third_user_can_change(tmp_path: Path) -> None:
    """The script's owner, each directory above, and what a link leads to; the caller's own are fine."""
    mine, other = theirs(tmp_path / "ann"), tmp_path / "bob"
    (mine / "addon.py").write_text("")
    os.chown(mine / "addon.py", NOBODY, NOBODY)
    other.mkdir()
    os.chown(other, 4321, 4321)
    (other / "addon.py").write_text("")
    (mine / "link.py").symlink_to(other / "addon.py")
    assert untrusted_file.why_not_run(mine / "addon.py", NOBODY) is None
    assert (
        untrusted_file.why_not_run(mine / "addon.py", 0) == f"{mine / 'addon.py'} belongs to another user (uid 65534)"
    )
    assert untrusted_file.why_not_run(other / "addon.py", NOBODY) == f"{other} belongs to another user (uid 4321)"
    assert untrusted_file.why_not_run(mine / "link.py", NOBODY) == f"{other} belongs to another user (uid 4321)"
    (mine / "addon.py").chmod(0o666)
    assert untrusted_file.why_not_run(mine / "addon.py", NOBODY) == f"every user can write to {mine / 'addon.py'}"


@as_root
def test_a_checkouts_environment_belongs_to_its_owner(tmp_path: Path) -> None:
    """Root runs the .venv of a script that it runs already, unless another user owns a part of it."""
    script = tmp_path / "scripts" / "x.py"
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / ".venv" / "bin").mkdir()
    script.parent.mkdir()
    for path in (script, tmp_path / ".venv" / "bin" / "python", tmp_path / ".venv" / "pyvenv.cfg"):
        path.write_text("")
    assert untrusted_file.why_not_run_venv(tmp_path / ".venv", script) is None
    os.chown(packages, NOBODY, NOBODY)
    assert (
        untrusted_file.why_not_run_venv(tmp_path / ".venv", script) == f"{packages} belongs to another user (uid 65534)"
    )
