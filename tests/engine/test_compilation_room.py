"""A process that compiles ever more programs forgets the old ones in time."""

import numpy as np

from chainrule import engine as e
from chainrule.engine.compiling import room

X = np.ones((20, 4))


def fit(width):
    e.train(
        e.FeedForward((e.Dense(width),)),
        e.SquaredError(),
        X,
        np.ones((20, width)),
        optimizer=e.Adam(),
        n_epochs=1,
    )
    return sum(e.compilations().values())


def test_programs_are_forgotten_when_they_hold_half_of_the_mappings(tmp_path, monkeypatch):
    fit(3)
    held = room._n_mappings()
    compiled = fit(3)
    assert fit(3) == compiled  # still there
    most = tmp_path / "max_map_count"
    most.write_text(f"{held}\n")  # half of it is less than what is held
    monkeypatch.setattr(room, "MOST_MAPPINGS", most)
    monkeypatch.setattr(room, "LOOK_AFTER", 1)
    monkeypatch.setattr(room, "_compiled_at_last_look", 0)
    assert fit(3) > compiled  # forgotten, and compiled again
    if held:
        assert room._n_mappings() < held + 400


def test_between_looks_nothing_is_read(monkeypatch):
    fit(3)
    room.make_room_for_programs()
    monkeypatch.setattr(room, "MAPPINGS", None)
    fit(3)


def test_where_no_mappings_are_counted_nothing_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MAPPINGS", tmp_path / "none")
    assert not room.forget_programs_beyond(0)
