"""The memory pool of a run, driven by hand: what it gives out, uses again and gives back."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lowering import engine, pool

WORD, POINTER = ctypes.c_int64, ctypes.c_void_p


class Pool:
    """The four functions, over a list word of their own."""

    def __init__(self, loaded: engine.Loaded) -> None:
        self.word = WORD(0)
        one, two = ctypes.CFUNCTYPE(None, POINTER), ctypes.CFUNCTYPE(POINTER, POINTER, WORD)
        at = loaded.address
        self.keep, self.drop = one(at("eqsat.pool.keep")), one(at("eqsat.pool.drop"))
        self._take, self._release = two(at("eqsat.pool.take")), one(at("eqsat.pool.release_all"))

    def take(self, size: int):
        return self._take(ctypes.addressof(self.word), size)

    def release_all(self) -> None:
        self._release(ctypes.addressof(self.word))


@pytest.fixture
def empty(system):
    made = Pool(system.loaded)
    yield made
    made.release_all()
    assert made.word.value == 0


STEPS = st.one_of(
    st.tuples(st.just("take"), st.sampled_from([0, 1, 63, 64, 65, 1000, 4096, 70_000, 3_000_000])),
    st.tuples(st.sampled_from(["keep", "drop", "drop", "drop"]), st.integers(0, 100)),
    st.tuples(st.just("release"), st.just(0)),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=60))
def test_blocks_in_use_are_apart_and_keep_their_content(system, steps):
    mine, counts, sizes = Pool(system.loaded), {}, {}
    for number, (step, value) in enumerate(steps):
        if step == "take":
            block = mine.take(value)
            assert block % pool.ALIGNMENT == 0 and block not in counts
            assert all(block + value <= other or other + sizes[other] <= block for other in counts)
            ctypes.memset(block, number, value)
            counts[block], sizes[block] = [1, number], value
        elif step == "release":
            mine.release_all()
            assert not system.out
            counts.clear()
        elif counts:
            block = list(counts)[value % len(counts)]
            getattr(mine, step)(block)
            counts[block][0] += 1 if step == "keep" else -1
            if not counts[block][0]:
                del counts[block]
        for block, (_, filling) in counts.items():
            content = np.frombuffer(ctypes.string_at(block, sizes[block]), np.uint8)
            assert (content == filling).all()
    mine.release_all()
    assert not system.out


def test_a_dropped_block_serves_again_and_a_kept_one_does_not(empty, system):
    first = empty.take(1000)
    empty.keep(first)
    empty.drop(first)
    second = empty.take(1000)
    assert second != first
    empty.drop(first)
    assert empty.take(900) == first
    assert system.asked == 2


def test_a_loop_with_a_temporary_asks_the_system_twice(empty, system):
    kept = empty.take(8000)
    for _ in range(1000):
        made = empty.take(8000)
        empty.drop(kept)
        kept = made
    assert system.asked == 2


def test_a_block_that_is_much_too_large_is_left_alone(empty):
    large = empty.take(100_000)
    empty.drop(large)
    assert empty.take(100_000 // pool.TOO_LARGE - 64) != large
    assert empty.take(100_000 // pool.TOO_LARGE + 64) == large


@pytest.mark.parametrize("sizes", [range(1, 400), range(400, 0, -1), [1, 300] * 100], ids=["up", "down", "both"])
def test_what_is_free_stays_within_what_is_in_use(empty, system, sizes):
    unit = 50_000
    held = empty.take(10 * unit)
    for size in sizes:
        made = empty.take(size * unit)
        assert system.bytes < 3 * (10 + max(sizes)) * unit + 2 * pool.SLACK
        empty.drop(made)
    assert held


def test_null_is_neither_kept_nor_dropped(empty):
    empty.keep(None)
    empty.drop(None)


@pytest.mark.parametrize("size", [-1, -(2**63), 2**63 - 1, 2**62, 2**62 + 1, 2**50])
def test_sizes_that_cannot_be_had_give_null(empty, size):
    assert empty.take(size) is None
    assert empty.take(8) is not None


def test_where_memory_is_out_the_pool_stays_whole(empty, system):
    first = empty.take(5000)
    system.left = 0
    assert empty.take(5000) is None
    empty.drop(first)
    assert empty.take(5000) == first


def test_the_functions_for_generated_code_are_loaded_once():
    found = pool.addresses()
    assert found == pool.addresses() and all(found.values())
    mine = Pool(pool._loaded())
    block = mine.take(100)
    ctypes.memset(block, 1, 100)
    mine.release_all()
