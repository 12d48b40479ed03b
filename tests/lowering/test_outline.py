"""A routine as text."""

from __future__ import annotations

import numpy as np

from eqsat.ir.body import Label, Leave, Variable
from eqsat.ir.routine import If, Labeled, Segment, While
from lowering.outline import outline
from tests.lowering.kernel_building import Build, ufunc
from tests.lowering.routine_building import INT, Routines, array, node, number, put

EXPECTED = """\
total = 0
out:
  for i0 in range(0, p0.0, 1):
    v1 = p0[i0 + 1]
    check v1
    p0[i0] = v1
    v2 = segment of p0 = p0, p1 = i0 + 1:
      result r0: float64[p0.0]
        row i0 < p0.0:
          r0[i0] = add:dd->d(p0[i0], p0[i0])
    if v1:
      leave out
    else:
      while:
        v3 = total
        v4 = py.lt(v3, 5)
      v4, do:
        total = 5
"""


def test_a_routine_is_shown_with_its_control_structure_and_its_nests() -> None:
    build = Routines(np.ones(3))
    (a,) = build.nodes
    total, out = Variable("total", INT), Label("out")
    block = build.write()
    i, _, body = build.loop(block, build.size(0, 0))
    value = body.load(a, i + 1)
    body.check(value)
    body.store(a, [i], value)
    inner = Build(np.ones(3), 1)
    inner.kernel(ufunc("add", inner.load(0), inner.load(0)), inner.shape(0))
    made = node("made", [], array([build.size(0, 0)]))
    body.steps.append(Segment(inner.program(), (a, i + 1), (made,)))
    head = build.write()
    small = head.py("lt", head.read(total), 5)
    loop = While(tuple(head.steps), small, (put(total, number(5)),))
    body.steps.append(If(value, (Leave(out),), (loop,)))
    build.top.steps += [put(total, number(0)), Labeled(out, build.close(block))]
    assert outline(build.routine(number(1))) == EXPECTED
