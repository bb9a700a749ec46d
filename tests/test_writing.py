"""A file is written whole or not at all; what stood there stays until then, with its permissions and its links."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kanviz.errors import UserError
from kanviz.writing import sweep, write

OLD, NEW = b"old\n", b"new" * 100_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "result.json"
    file.write_bytes(OLD)
    return file


def alone(path: Path) -> bool:
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_new_content_takes_the_place_of_the_old(path: Path):
    write(path, "neu: ü\n")
    assert path.read_bytes() == "neu: ü\n".encode()
    assert alone(path)


def test_a_full_disk_leaves_the_old_file_whole(path: Path, full_disk):
    with full_disk(100_000), pytest.raises(UserError, match=r"result\.json cannot be written: file too large"):
        write(path, NEW)
    assert path.read_bytes() == OLD
    assert alone(path)


def test_a_device_without_room_is_said(path: Path):
    path.unlink()
    path.symlink_to("/dev/full")
    with pytest.raises(UserError, match="no space left on device"):
        write(path, NEW)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(UserError, match="no such file or directory"):
        write(tmp_path / "none" / "a.json", OLD)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_stay(path: Path, mode: int):
    path.chmod(mode)
    write(path, NEW)
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_that_the_mask_gives(tmp_path: Path, mask: int):
    before = os.umask(mask)
    try:
        write(tmp_path / "a.json", NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path, there: bool):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "real.json", tmp_path / "link.json"
    if there:
        target.write_bytes(OLD)
    link.symlink_to(target)
    write(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert alone(target)


def run(code: str, **more) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-c", f"from kanviz.writing import write\n{code}"], check=True, **more)


def test_a_pipe_gets_what_is_written_to_it():
    assert run("print('first', end=' ')\nwrite('/dev/stdout', 'second')", capture_output=True).stdout == b"first second"


def test_a_file_behind_stdout_is_added_to(path: Path):
    with path.open("ab") as file:
        run("write('/dev/stdout', 'new')", stdout=file)
    assert path.read_bytes() == OLD + b"new"


def test_a_named_pipe_gets_what_is_written_to_it(tmp_path: Path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write(pipe, OLD)
        assert reader.stdout is not None
        assert reader.stdout.read() == OLD
    assert pipe.is_fifo()


KILLED = """
import os, signal, kanviz.writing as w
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
w.write({path!r}, b"new")
"""


def test_what_a_killed_writer_left_is_swept_by_the_next(path: Path):
    found = subprocess.run([sys.executable, "-c", KILLED.format(path=str(path))], check=False)
    assert found.returncode == -signal.SIGKILL
    assert path.read_bytes() == OLD
    assert len(list(path.parent.iterdir())) == 2
    write(path, NEW)
    assert alone(path)


SLOW = """
import os, sys, kanviz.writing as w
replace = os.replace
os.replace = lambda *given: (print("there", flush=True), sys.stdin.read(), replace(*given))
w.write({path!r}, b"new")
"""


def test_what_is_being_written_is_not_swept(path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", SLOW.format(path=str(path))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"there\n"
        sweep(path.parent)
        writer.communicate()
    assert path.read_bytes() == b"new"


def test_sweeping_leaves_what_others_named_alike(tmp_path: Path):
    names = [".tmp-backup", ".tmp-kanviz-1", ".tmp-abcdefgh.txt", "tmp-kanviz-0123456789abcdef"]
    for name in names:
        (tmp_path / name).write_bytes(OLD)
    (tmp_path / ".tmp-kanviz-0123456789abcdef.json").write_bytes(OLD)
    (tmp_path / ".tmp-ab_de012.kanviz").write_bytes(OLD)  # as earlier versions named theirs
    sweep(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(names)


def test_many_writers_of_one_file_leave_one_whole_content(tmp_path: Path):
    path = tmp_path / "a.json"
    code = "import sys\nfor _ in range(20): write(sys.argv[1], sys.argv[2] * 50_000)"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", f"from kanviz.writing import write\n{code}", str(path), letter],
        )
        for letter in "ab"
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen.add(path.read_text())
        time.sleep(0.005)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= {"a" * 50_000, "b" * 50_000}
    assert alone(path)
