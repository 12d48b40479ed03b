"""NumPy's pairwise summation of one run, to the bit, without recursion.

Fewer than 8 numbers are added in turn, from -0.0; up to 128 in eight lanes, which are then added in pairs, and the
rest in turn; a longer run is split at half its length rounded down to a multiple of 8. A complex number counts as two
numbers. Where four leaves hang below one node they are added in lock-step, which hides the latency of additions and
changes no bit. The tree is walked with two small arrays on the stack: for each depth the sum of the left child, once
known, and the length of the right child, while it waits. Called by `lowering.folds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from lowering.context import Code
from lowering.freedom import flags_of_fold
from lowering.values import I64, Value, lanes_of, same, shuffle

LEAF = 128
"""NumPy's PW_BLOCKSIZE: the most numbers that are added without splitting."""
LANES = 8
"""NumPy's eight accumulators."""
LEVELS = 2
"""Leaves are added in lock-step by 2**LEVELS."""
WINDOW = LEAF << LEVELS
"""The most numbers that one call of `Opener` asks for."""

Reader = Callable[[Value, int], Value]
"""`(index, lanes) -> value`: elements of the piece that was opened, counted from its start."""
Opener = Callable[[Value, Value], Reader]
"""`(start, count) -> reader` for the elements from `start` of the run on."""


def tree_sum(code: Code, count: Value, opener: Opener, zero: Value, parts: int) -> Value:
    """The sum of `count > 0` elements. `zero`: -0.0 as one element; `parts`: numbers in one element."""
    return _Tree(code, opener, zero, parts).sum(count)


@dataclass(slots=True)
class _Tree:
    code: Code
    opener: Opener
    zero: Value
    parts: int

    def add(self, x: Value, y: Value) -> Value:
        """One addition, or one in each lane."""
        return self.code.b.fadd(x, y, flags=flags_of_fold("add", self.code.granted))

    def sum(self, count: Value) -> Value:
        code, b = self.code, self.code.b
        kind = self.zero.type
        lefts, rights = code.room(ir.ArrayType(kind, 64)), code.room(ir.ArrayType(I64, 64))
        start, length, depth, on_right = (code.variable(I64) for _ in range(4))
        value = code.variable(kind)
        for variable, first in ((start, I64(0)), (length, count), (depth, I64(0)), (on_right, I64(0))):
            b.store(first, variable)
        descend, split, base, ascend, combine, turn, done = (
            code.function.append_basic_block(f"tree.{name}")
            for name in ("descend", "split", "base", "ascend", "combine", "turn", "done")
        )
        b.branch(descend)

        b.position_at_end(descend)
        n = code.hidden(b.load(length, typ=I64))
        b.cbranch(b.or_(self._is_leaf(n), self._is_group(n)), base, split)

        b.position_at_end(split)
        left = self._half(n)
        d = code.hidden(b.load(depth, typ=I64))
        b.store(b.sub(n, left), b.gep(rights, [d], source_etype=I64))
        b.store(left, length)
        self._set_bit(on_right, d, on=False)
        b.store(b.add(d, I64(1)), depth)
        b.branch(descend)

        b.position_at_end(base)
        at = code.hidden(b.load(start, typ=I64))
        b.store(self._base(at, n), value)
        b.store(b.add(at, n), start)
        b.branch(ascend)

        b.position_at_end(ascend)
        d = code.hidden(b.load(depth, typ=I64))
        parent = b.sub(d, I64(1))
        inner = code.function.append_basic_block("tree.inner")
        b.cbranch(b.icmp_signed("==", d, I64(0)), done, inner)
        b.position_at_end(inner)
        bit = b.and_(b.lshr(b.load(on_right, typ=I64), parent), I64(1))
        place = b.gep(lefts, [parent], source_etype=kind)
        b.cbranch(b.icmp_signed("!=", bit, I64(0)), combine, turn)

        b.position_at_end(combine)
        b.store(self.add(b.load(place, typ=kind), b.load(value, typ=kind)), value)
        b.store(parent, depth)
        b.branch(ascend)

        b.position_at_end(turn)
        b.store(b.load(value, typ=kind), place)
        b.store(b.load(b.gep(rights, [parent], source_etype=I64), typ=I64), length)
        self._set_bit(on_right, parent, on=True)
        b.branch(descend)

        b.position_at_end(done)
        return b.load(value, typ=kind)

    def _set_bit(self, variable: Value, number: Value, on: bool) -> None:
        b = self.code.b
        bit = b.shl(I64(1), number)
        old = b.load(variable, typ=I64)
        b.store(b.or_(old, bit) if on else b.and_(old, b.not_(bit)), variable)

    # All lengths are in elements; NumPy's are in numbers.

    @property
    def _unit(self) -> int:
        return LANES // self.parts

    def _half(self, n: Value) -> Value:
        """Half of the numbers, rounded down to a multiple of 8, in elements."""
        b = self.code.b
        if self.parts == 2:
            return b.lshr(b.and_(n, I64(-LANES)), I64(1))
        return b.and_(b.lshr(n, I64(1)), I64(-LANES))

    def _is_leaf(self, n: Value) -> Value:
        return self.code.b.icmp_signed("<=", n, I64(LEAF // self.parts))

    def _is_group(self, n: Value) -> Value:
        """Whether exactly 2**LEVELS leaves hang below: the last leaf is the longest, the first parent the shortest."""
        b = self.code.b
        longest, shortest = n, n
        for level in range(LEVELS):
            longest = b.sub(longest, self._half(longest))
            if level < LEVELS - 1:
                shortest = self._half(shortest)
        return b.and_(self._is_leaf(longest), b.not_(self._is_leaf(shortest)))

    def _base(self, start: Value, n: Value) -> Value:
        """The sum of a leaf or of a group of leaves."""
        code, b = self.code, self.code.b
        kind = self.zero.type
        read = self.opener(start, n)
        first_rest, rest = code.variable(I64), code.variable(kind)
        outer, third = code.variable(kind), code.variable(kind)
        grouped = self._is_group(n)
        with b.if_else(grouped) as (group, leaf):
            with group:
                sums, after = self._group(read, n)
                b.store(self.add(sums[0], sums[1]), outer)
                b.store(sums[2], third)
                b.store(sums[3], rest)
                b.store(after, first_rest)
            with leaf:
                whole = b.and_(n, I64(-self._unit))
                lanes = code.variable(self._wide(kind))
                b.store(self._minus_zero(), lanes)
                with code.loop("leaf", whole, self._unit) as index:
                    b.store(self.add(b.load(lanes, typ=self._wide(kind)), read(index, self._unit)), lanes)
                total = self._pairs(b.load(lanes, typ=self._wide(kind)))
                b.store(b.select(b.icmp_signed("==", whole, I64(0)), self.zero, total), rest)
                b.store(whole, first_rest)
        with code.loop("rest", n, 1, b.load(first_rest, typ=I64)) as index:
            b.store(self.add(b.load(rest, typ=kind), read(index, 1)), rest)
        last = b.load(rest, typ=kind)
        whole_group = self.add(b.load(outer, typ=kind), self.add(b.load(third, typ=kind), last))
        return b.select(grouped, whole_group, last)

    def _group(self, read: Reader, n: Value) -> tuple[list[Value], Value]:
        """The sums of the leaves without the rest of the last, and where that rest begins."""
        code, b = self.code, self.code.b
        leaves = [(I64(0), n)]
        for _ in range(LEVELS):
            halves: list[tuple[Value, Value]] = []
            for start, length in leaves:
                left = self._half(length)
                halves += [(start, left), (b.add(start, left), b.sub(length, left))]
            leaves = halves
        wide = self._wide(self.zero.type)
        sums = [code.variable(wide) for _ in leaves]
        for variable in sums:
            b.store(self._minus_zero(), variable)
        common = b.and_(leaves[0][1], I64(-self._unit))
        with code.loop("leaves", common, self._unit) as index:
            for variable, (start, _) in zip(sums, leaves, strict=True):
                found = read(b.add(start, index), self._unit)
                b.store(self.add(b.load(variable, typ=wide), found), variable)
        for variable, (start, length) in list(zip(sums, leaves, strict=True))[1:]:
            longer = b.icmp_signed(">=", length, b.add(common, I64(self._unit)))
            with b.if_then(longer):
                found = read(b.add(start, common), self._unit)
                b.store(self.add(b.load(variable, typ=wide), found), variable)
        start, length = leaves[-1]
        after = b.add(start, b.and_(length, I64(-self._unit)))
        return [self._pairs(b.load(variable, typ=wide)) for variable in sums], after

    def _wide(self, kind: ir.Type) -> ir.Type:
        return ir.VectorType(kind.element if isinstance(kind, ir.VectorType) else kind, LANES)

    def _minus_zero(self) -> Value:
        return same(-0.0, self._wide(self.zero.type))

    def _pairs(self, lanes: Value) -> Value:
        """((r0+r1)+(r2+r3)) + ((r4+r5)+(r6+r7)); for complex numbers (r0+r2)+(r4+r6), and the odd ones likewise."""
        b = self.code.b
        if self.parts == 2:
            lanes = self.add(shuffle(b, lanes, [0, 1, 4, 5]), shuffle(b, lanes, [2, 3, 6, 7]))
            return self.add(shuffle(b, lanes, [0, 1]), shuffle(b, lanes, [2, 3]))
        while lanes_of(lanes) > 2:
            count = lanes_of(lanes)
            lanes = self.add(shuffle(b, lanes, range(0, count, 2)), shuffle(b, lanes, range(1, count, 2)))
        return self.add(*(b.extract_element(lanes, ir.IntType(32)(k)) for k in (0, 1)))
