"""Files that are written whole or not at all, whatever is there and whatever goes wrong."""

import os
import stat

import pytest

from chainrule.writing import UNFINISHED, written_whole


def put(path, text="new"):
    with written_whole(path) as unfinished:
        unfinished.write_text(text)


def left(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(UNFINISHED)]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def fail():
        with written_whole(path) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    pytest.raises(KeyboardInterrupt, fail)
    assert (path.read_text(), left(tmp_path)) == ("old", [])
    put(path)
    assert (path.read_text(), left(tmp_path)) == ("new", [])


def test_permissions_and_links_stay(tmp_path):
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    put(link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_gets_what_the_umask_leaves(mask, tmp_path):
    before = os.umask(mask)
    try:
        put(tmp_path / "t.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.csv").stat().st_mode) == 0o666 & ~mask


def test_a_link_that_was_planted_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda n: "known")
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / f"{UNFINISHED}known").symlink_to(target)
    with pytest.raises(FileExistsError):
        put(tmp_path / "t.csv")
    assert target.read_text() == "mine"


def test_the_longest_name_that_is_legal_works(tmp_path):
    put(tmp_path / ("n" * 251 + ".csv"))
    assert len(next(tmp_path.iterdir()).name) == 255
