"""The socket's place: leftovers are replaced, a daemon that lives is not."""

import os
import socket
import stat

import pytest

from orchestrator.api.unix_socket import ListenError, claim, unclaim


def test_only_owner_and_group_may_use_it(folder):
    path = folder / "new" / "control.sock"
    before = os.umask(0o000)
    try:
        with claim(path):
            assert 0o660 == stat.S_IMODE(path.stat().st_mode)
    finally:
        os.umask(before)


def test_what_a_killed_daemon_left_is_replaced(folder):
    path = folder / "control.sock"
    claim(path).close()
    assert path.exists()
    with claim(path) as bound:
        bound.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_daemon_that_lives_is_not_replaced(folder):
    path = folder / "control.sock"
    with claim(path) as bound:
        bound.listen()
        with pytest.raises(ListenError, match=r"Another daemon answers at .*control\.sock"):
            claim(path)


def test_a_daemon_that_is_too_busy_to_answer_lives(folder):
    path = folder / "control.sock"
    with claim(path) as bound:
        bound.listen(0)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for client in (first, second):
                client.setblocking(False)
                client.connect_ex(str(path))
            with pytest.raises(ListenError, match="Another daemon"):
                claim(path)


def test_a_file_in_its_place_is_left_alone(folder):
    path = folder / "control.sock"
    path.write_text("precious")
    with pytest.raises(ListenError, match="is there already and is no socket"):
        claim(path)
    assert "precious" == path.read_text()


def test_a_path_that_is_too_long_is_told(folder):
    with pytest.raises(ListenError, match=r"longer than 107 bytes.*api\.control_socket"):
        claim(folder / ("x" * 100))


def test_a_folder_that_cannot_be_made_is_told(folder):
    (folder / "file").write_text("")
    with pytest.raises(ListenError, match="cannot be made"):
        claim(folder / "file" / "control.sock")


def test_a_successors_socket_is_not_removed(folder):
    path = folder / "control.sock"
    with claim(path):
        inode = path.stat().st_ino
        unclaim(path, inode=inode + 1)
        assert path.exists()
        unclaim(path, inode=inode)
        assert not path.exists()
        unclaim(path, inode=inode)
