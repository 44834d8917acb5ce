"""`pullscope report`: any recording, whole, broken or growing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.warm import run

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "tests" / "data" / "recordings"
HUB = RECORDINGS / "dockerd-20.10-hub.mitm"
RUN = [sys.executable, "-m", "pullscope.cli.main", "report"]


def report(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    return run("report", *words, stdin=stdin)


def test_standard_input_tells_what_the_file_tells() -> None:
    """A flow file on stdin gives the same story as by name."""
    assert report("-", stdin=HUB.read_bytes()).stdout == report(str(HUB)).stdout


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_truncated_flow_file_is_told_as_far_as_it_goes(tmp_path: Path, kept: float) -> None:
    """What could be read is reported with one sentence on the rest, and that is not a failure."""
    whole = HUB.read_bytes()
    cut = tmp_path / "cut.mitm"
    cut.write_bytes(whole[: int(len(whole) * kept)])
    told = report(str(cut))

    assert told.returncode == 0
    assert told.stdout.startswith("pull 1  docker.io/timonback/zephykus:latest\n")
    assert "\nincomplete  " in told.stdout
    assert "FAILED" not in told.stdout
    assert "nothing new" not in told.stdout
    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith(f"note: {cut} ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", " is empty."),
        (
            b"hello\n",
            "is not a recording of pullscope (.jsonl), a flow file of mitmproxy (.mitm) or a log that pullscope reads (HAR, ",
        ),
        (
            b"\x00\xff\xfe",
            "is not a recording of pullscope (.jsonl), a flow file of mitmproxy (.mitm) or a log that pullscope reads (HAR, ",
        ),
        (b'{"event": "recording", "schema_version": 99}\n', "was written by a newer pullscope"),
        (b"12:nonsense,", "ends in the middle of a flow"),
    ],
)
def test_what_is_no_recording_gets_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    """An empty, foreign, newer or broken file: one sentence, exit 1, nothing on stdout."""
    file = tmp_path / "odd"
    file.write_bytes(content)
    told = report(str(file))

    assert told.returncode == 1
    assert told.stdout == ""
    assert sentence in told.stderr
    assert told.stderr.count("\n") == 1


def test_missing_file_and_directory_get_one_sentence(tmp_path: Path) -> None:
    """A path that is not a file is named, with what is wrong."""
    missing, directory = report(str(tmp_path / "none.mitm")), report(str(tmp_path))

    assert (missing.returncode, directory.returncode) == (1, 1)
    assert "No such file or directory" in missing.stderr
    assert "is a directory" in directory.stderr


def test_a_broken_line_does_not_hide_the_rest(tmp_path: Path) -> None:
    """A half-written last line of a recording is named; the events before it are told."""
    recording = tmp_path / "r.jsonl"
    recording.write_text(
        '{"event":"recording","schema_version":1}\n'
        '{"event":"tls-refused","time":1.0,"client":"127.0.0.1","host":"docker.io","reason":"x"}\n{"event":"reque'
    )
    told = report(str(recording))

    assert told.returncode == 0
    assert "line 3 could not be read" in told.stderr


@pytest.mark.parametrize("kept", [0.1, 0.4, 0.6, 0.8])
def test_a_truncated_recording_is_told_as_incomplete(tmp_path: Path, kept: float) -> None:
    """A pull whose end is missing is neither complete nor failed, and brought no news."""
    recording = tmp_path / "r.jsonl"
    whole = (RECORDINGS / "skopeo-1.9-unseen-token.jsonl").read_bytes()
    recording.write_bytes(whole[: int(len(whole) * kept)])
    [pull] = json.loads(report("--json", str(recording)).stdout)["pulls"]

    assert pull["outcome"] == "incomplete"
    assert not [step for step in pull["steps"] if step["outcome"] == "failed"]
    assert "nothing new" not in report(str(recording)).stdout


def test_only_the_pulls_that_were_asked_for() -> None:
    """--failed leaves out what is complete, --pull chooses one, and a number that is not there is refused."""
    assert report(str(HUB), "--failed").stdout == ""
    assert report(str(HUB), "--pull", "1").stdout == report(str(HUB)).stdout
    assert report(str(HUB), "--pull", "7").returncode == 1
    assert "there is no pull 7 in this recording of 1 pull." in report(str(HUB), "--pull", "7").stderr


def test_output_file_is_private_and_whole(tmp_path: Path) -> None:
    """-o writes what stdout would get, for the owner only; a directory that is not there is one sentence."""
    target = tmp_path / "out.json"
    told = report("--json", str(HUB), "-o", str(target))
    nowhere = report(str(HUB), "-o", str(tmp_path / "no" / "out.txt"))

    assert told.returncode == 0
    assert json.loads(target.read_text())["pulls"][0]["outcome"] == "complete"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("error: cannot write ")


def test_a_report_takes_no_files_place(tmp_path: Path) -> None:
    """The recording itself, by any name, is refused, also with --force; another file is left alone without it."""
    recording, link, other = tmp_path / "pull.mitm", tmp_path / "link", tmp_path / "other"
    shutil.copy(HUB, recording)
    link.symlink_to(recording)
    other.write_text("mine")
    for out in (recording, link):
        told = report("--force", "-o", str(out), str(recording))
        assert (told.returncode, told.stderr.count("\n")) == (1, 1)
        assert "is the recording itself" in told.stderr
    assert report("-o", str(recording), "-", stdin=b"").returncode == 1
    assert recording.read_bytes() == HUB.read_bytes()
    told = report("-o", str(other), str(recording))
    assert (told.returncode, other.read_text()) == (1, "mine")
    assert told.stderr == f"error: {other} exists and is not overwritten; use --force to replace it.\n"
    assert report("--force", "-o", str(other), str(recording)).returncode == 0
    assert other.read_text() == report(str(recording)).stdout


def test_standard_input_is_not_overwritten(tmp_path: Path) -> None:
    """`report - -o pull.mitm < pull.mitm` is refused, too."""
    recording = tmp_path / "pull.mitm"
    shutil.copy(HUB, recording)
    with recording.open("rb") as source:
        told = subprocess.run(
            [*RUN, "-", "--force", "-o", str(recording)], stdin=source, capture_output=True, check=False
        )
    assert told.returncode == 1
    assert b"is the recording itself" in told.stderr
    assert recording.read_bytes() == HUB.read_bytes()


def test_a_shells_process_gets_the_report() -> None:
    """`report -o >(cat)`."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs bash for >(…)")
    command = f"{sys.executable} -m pullscope.cli.main report {HUB} -o >(cat); wait $!"
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == report(str(HUB)).stdout


def test_a_closed_pipe_is_no_error() -> None:
    """`pullscope report … | head -1` ends quietly."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs bash for a pipe with its statuses")
    command = f"{sys.executable} -m pullscope.cli.main report -v {HUB} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("dockerd-20.10-hub", "warning", 0),
        ("skopeo-1.9-vanity-302", "error", 3),
        ("skopeo-1.9-vanity-302", "warning", 3),
    ],
)
def test_fail_on_sets_the_exit_code(name: str, limit: str, code: int) -> None:
    """CI fails where there is a finding of that severity, and the report is printed all the same."""
    done = report("--fail-on", limit, str(RECORDINGS / f"{name}.mitm"))
    assert done.returncode == code
    assert done.stdout == report(str(RECORDINGS / f"{name}.mitm")).stdout


def test_fail_on_looks_at_outcomes_too(tmp_path: Path) -> None:
    """A pull that was cut off in the middle is not a success, although nothing is wrong with what was seen of it."""
    whole = (RECORDINGS / "skopeo-1.9-plain-http.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(whole[: len(whole) // 2]), encoding="utf-8")
    told = json.loads(report("--json", str(cut)).stdout)["pulls"]
    assert [one["outcome"] for one in told] == ["incomplete"]
    assert report("--fail-on", "error", str(cut)).returncode == 3
    assert report(str(cut)).returncode == 0


def test_json_has_every_finding_with_its_docs() -> None:
    """Also what the story leaves out beside an error."""
    (pull,) = json.loads(report("--json", str(RECORDINGS / "skopeo-1.9-vanity-302.mitm")).stdout)["pulls"]
    assert [(one["code"], one["severity"], one["steps"]) for one in pull["findings"]] == [
        ("authorization-dropped", "error", [2, 3]),
        ("authorization-leaked", "info", [2, 3]),
    ]
    assert pull["findings"][0]["docs"] == "docs/findings.md#authorization-dropped"
    assert (ROOT / "docs" / "findings.md").is_file()
