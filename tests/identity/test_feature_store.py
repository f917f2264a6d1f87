"""Looks in a file are the looks they were, and memory does not hold them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from identity.appearance import feature_store
from identity.appearance.feature_store import FeatureStore, pack_rows, unpack_rows
from identity.appearance.looks import CUES, Looks


def some_looks(count, seed=0, dim=21):
    rng = np.random.default_rng(seed)
    vectors = {}
    for cue in CUES:
        rows = rng.normal(size=(count, dim)).astype(np.float16)
        rows[rng.random(rows.shape) < 0.7] = 0
        rows[rng.random(count) < 0.3] = np.nan
        vectors[cue] = rows
    return Looks(vectors, rng.random(count).astype(np.float32), rng.random(count) < 0.8)


def assert_same(one, two):
    for cue in CUES:
        np.testing.assert_array_equal(one.vectors[cue], two.vectors[cue])
        np.testing.assert_array_equal(one.seen(cue), two.seen(cue))
    np.testing.assert_array_equal(one.covered, two.covered)
    np.testing.assert_array_equal(one.usable, two.usable)


@pytest.fixture
def stored():
    """What was written in parts, some of them empty, and the file."""
    parts = [some_looks(n, seed) for seed, n in enumerate((5, 0, 1, 7))]
    file = FeatureStore()
    for part in parts:
        file.append(part)
    return Looks.concat(parts, body_dim=21), file


@pytest.mark.parametrize("rows", [[], [4], [12, 0, 5], list(range(13))])
def test_any_rows_come_back_as_they_were(stored, rows):
    whole, file = stored
    chosen = np.array(rows, np.int64)
    assert_same(file.take(chosen), whole.take(chosen))


def test_rows_of_rows_and_rows_joined(stored):
    whole, file = stored
    one, two = np.array([1, 3, 8]), np.array([12, 2])
    assert_same(file.take(one).take(np.array([2, 0])), whole.take(np.array([8, 1])))
    joined = Looks.concat([file.take(one), file.take(two)], body_dim=21)
    assert not isinstance(joined.vectors, dict)
    assert_same(joined, whole.take(np.concatenate([one, two])))


def test_looks_of_two_files_are_joined_in_memory(stored):
    whole, file = stored
    other = FeatureStore()
    other.append(whole)
    rows = np.array([3, 4])
    joined = Looks.concat([file.take(rows), other.take(rows)], body_dim=21)
    assert_same(joined, whole.take(np.concatenate([rows, rows])))


def test_a_file_that_goes_on_after_it_was_read(stored):
    whole, file = stored
    file.take(np.array([0]))
    file.append(whole)
    assert_same(file.take(np.arange(26)), Looks.concat([whole, whole], body_dim=21))


def test_a_copy_for_another_process_needs_no_file(stored):
    whole, file = stored
    copy = pickle.loads(pickle.dumps(file.take(np.arange(13))))  # noqa: S301 (our own)
    assert isinstance(copy.vectors, dict)
    assert_same(copy, whole)


def test_memory_holds_only_what_was_asked_for_last(stored, monkeypatch):
    whole, file = stored
    monkeypatch.setattr(feature_store, "CACHE_BYTES", 13 * 21 * 2 * 2)  # two cues of all rows
    everybody = [file.take(np.arange(13)) for _ in range(3)]
    for looks in everybody:
        assert_same(looks, whole)
    assert len(file._cache) == 2
    assert everybody[2].vectors["lower"] is everybody[2].vectors["lower"]


def test_half_floats_keep_every_bit():
    rows = np.array([[0.0, -0.0, 65504, 6e-8], [0, 0, 0, 0], [np.nan] * 4], np.float16)
    data, sizes = pack_rows(rows)
    assert sizes.tolist() == [7, 1, 0]
    again = unpack_rows(data, sizes, dim=4)
    assert again[:2].tobytes() == rows[:2].tobytes()
    assert np.isnan(again[2]).all()


@pytest.mark.parametrize("rows", [[], [4], [12, 0, 5], list(range(13))])
def test_few_rows_are_read_as_all_are(stored, rows, monkeypatch):
    monkeypatch.setattr(feature_store, "BLOCK_ROWS", 4)
    whole, file = stored
    taken = file.take(np.arange(13))
    chosen = np.array(rows, np.int64)
    for cue in CUES:
        np.testing.assert_array_equal(taken.rows(cue, chosen), whole.rows(cue, chosen))
        if rows and cue == "body":
            mean = whole.vectors[cue][chosen].astype(np.float32).mean(axis=0)
            np.testing.assert_allclose(taken.mean(cue, chosen), mean, rtol=1e-5)


def test_a_long_take_is_read_once_however_often_it_is_asked_about(monkeypatch):
    """Every moment of a take is compared with what is beside it: hours of it fit no cache."""
    monkeypatch.setattr(feature_store, "CACHE_BYTES", 64 * 1024)
    file, count = FeatureStore(), 4000
    file.append(some_looks(count))
    taken = file.take(np.arange(count))
    read: list[int] = []
    real = file._bytes_at

    def counted(starts, sizes):
        read.append(len(starts))
        return real(starts, sizes)

    monkeypatch.setattr(file, "_bytes_at", counted)
    for moment in range(8, count - 8):
        taken.rows("body", np.arange(moment - 8, moment + 8))
    assert sum(read) <= 2 * count
