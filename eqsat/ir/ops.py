"""The registry of scalar operations: one record adds an op.

A record names NumPy's ufunc (which types it, and whose own inner loop runs it wherever `lowering.scalar` has no
inline code of equal bits), its algebraic properties, its cost, and values to test it on. The e-graph's
constructor, the tests, the docs row and the bench row derive from the record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy._core import umath


@dataclass(frozen=True, slots=True)
class Op:
    """A scalar operation.

    `cost`: nanoseconds an element of float64 in vector code, on one core of a 2 GHz AVX-512 machine; only ratios
    matter. `commutative` and `associative` speak of exact values: `associative` is true of integer and boolean
    loops where marked, never assumed of floats. `samples` names the values to test on: `any` (all specials),
    `small` (shift counts, exponents). `directed`: the dtypes (of the first operand) for which the bits of NumPy's loop
    depend on the signs of the strides: NumPy's vector code takes no negative stride, and the scalar code rounds
    differently. Which loops do so depends on the CPU; listed are those that do on any.
    """

    name: str
    arity: int
    cost: float
    commutative: bool = False
    associative: bool = False
    idempotent: bool = False
    samples: str = "any"
    directed: str = ""

    @property
    def ufunc(self) -> np.ufunc | None:
        """NumPy's ufunc, or None for the operations that are not one (`cast`, `select`, `real`, `imag`)."""
        found = getattr(umath, self.name, None)  # np.clip is a function around the ufunc
        return found if isinstance(found, np.ufunc) else None


def _ops(*records: Op) -> dict[str, Op]:
    return {record.name: record for record in records}


ARITHMETIC = _ops(
    Op("add", 2, 0.10, commutative=True, associative=True),
    Op("subtract", 2, 0.10),
    Op("multiply", 2, 0.10, commutative=True, associative=True, directed="F"),
    Op("divide", 2, 0.55),
    Op("floor_divide", 2, 3.0),
    Op("remainder", 2, 4.0),
    Op("fmod", 2, 6.0),
    Op("power", 2, 8.0, samples="small", directed="efd"),
    Op("float_power", 2, 8.0, samples="small", directed="d"),
    Op("negative", 1, 0.08),
    Op("positive", 1, 0.01),
    Op("absolute", 1, 0.08, idempotent=True, directed="FD"),
    Op("fabs", 1, 0.08, idempotent=True),
    Op("square", 1, 0.10, directed="F"),
    Op("reciprocal", 1, 0.55),
    Op("sign", 1, 0.3, idempotent=True),
    Op("copysign", 2, 0.15),
    Op("heaviside", 2, 2.0),
    Op("gcd", 2, 20.0, commutative=True, associative=True),
    Op("lcm", 2, 20.0, commutative=True),
)

COMPARISON = _ops(
    Op("equal", 2, 0.10, commutative=True),
    Op("not_equal", 2, 0.10, commutative=True),
    Op("less", 2, 0.10),
    Op("less_equal", 2, 0.10),
    Op("greater", 2, 0.10),
    Op("greater_equal", 2, 0.10),
    Op("maximum", 2, 0.15, commutative=False, associative=True),
    Op("minimum", 2, 0.15, commutative=False, associative=True),
    Op("fmax", 2, 0.25),
    Op("fmin", 2, 0.25),
    Op("clip", 3, 0.6),
    Op("isnan", 1, 0.10),
    Op("isinf", 1, 0.12),
    Op("isfinite", 1, 0.12),
    Op("signbit", 1, 0.10),
)

LOGIC = _ops(
    Op("logical_and", 2, 0.08, commutative=True, associative=True),
    Op("logical_or", 2, 0.08, commutative=True, associative=True),
    Op("logical_xor", 2, 0.08, commutative=True, associative=True),
    Op("logical_not", 1, 0.06),
    Op("bitwise_and", 2, 0.08, commutative=True, associative=True),
    Op("bitwise_or", 2, 0.08, commutative=True, associative=True),
    Op("bitwise_xor", 2, 0.08, commutative=True, associative=True),
    Op("invert", 1, 0.06),
    Op("left_shift", 2, 0.2, samples="small"),
    Op("right_shift", 2, 0.2, samples="small"),
    Op("bitwise_count", 1, 0.4),
)

ROUNDING = _ops(
    Op("floor", 1, 0.15, idempotent=True),
    Op("ceil", 1, 0.15, idempotent=True),
    Op("trunc", 1, 0.15, idempotent=True),
    Op("rint", 1, 0.15, idempotent=True),
    Op("nextafter", 2, 4.0),
    Op("spacing", 1, 4.0),
    Op("ldexp", 2, 4.0, samples="small"),
)

TRANSCENDENTAL = _ops(
    Op("sqrt", 1, 0.7),
    Op("cbrt", 1, 2.0, directed="efd"),
    Op("exp", 1, 1.2, directed="efd"),
    Op("exp2", 1, 1.3, directed="efd"),
    Op("expm1", 1, 1.8, directed="efd"),
    Op("log", 1, 1.3, directed="efd"),
    Op("log2", 1, 1.5, directed="efd"),
    Op("log10", 1, 1.5, directed="efd"),
    Op("log1p", 1, 1.9, directed="efd"),
    Op("logaddexp", 2, 25.0),
    Op("logaddexp2", 2, 25.0),
    Op("sin", 1, 3.0, directed="efd"),
    Op("cos", 1, 3.0, directed="efd"),
    Op("tan", 1, 3.5, directed="efd"),
    Op("arcsin", 1, 2.5, directed="efd"),
    Op("arccos", 1, 2.5, directed="efd"),
    Op("arctan", 1, 2.5, directed="efd"),
    Op("arctan2", 2, 4.0, directed="efd"),
    Op("hypot", 2, 5.0),
    Op("sinh", 1, 2.5, directed="efd"),
    Op("cosh", 1, 2.5, directed="efd"),
    Op("tanh", 1, 2.0, directed="efd"),
    Op("arcsinh", 1, 4.0, directed="efd"),
    Op("arccosh", 1, 4.0, directed="efd"),
    Op("arctanh", 1, 4.0, directed="efd"),
    Op("deg2rad", 1, 0.12),
    Op("rad2deg", 1, 0.12),
    Op("degrees", 1, 0.12),
    Op("radians", 1, 0.12),
    Op("conjugate", 1, 0.1),
)

STRUCTURAL = _ops(Op("cast", 1, 0.12), Op("select", 3, 0.15), Op("real", 1, 0.05), Op("imag", 1, 0.05))

UFUNCS: dict[str, Op] = ARITHMETIC | COMPARISON | LOGIC | ROUNDING | TRANSCENDENTAL
"""Every elementwise ufunc that eqsat knows, by NumPy's name."""

PYTHON_OPS: dict[str, Op] = _ops(
    Op("py.add", 2, 1.0),
    Op("py.sub", 2, 1.0),
    Op("py.mul", 2, 1.0),
    Op("py.truediv", 2, 5.0),
    Op("py.floordiv", 2, 10.0),
    Op("py.mod", 2, 10.0),
    Op("py.pow", 2, 40.0),
    Op("py.neg", 1, 1.0),
    Op("py.abs", 1, 1.0),
    Op("py.float", 1, 1.0),
    Op("py.int", 1, 2.0),
    Op("py.bool", 1, 1.0),
    Op("py.eq", 2, 1.0),
    Op("py.ne", 2, 1.0),
    Op("py.lt", 2, 1.0),
    Op("py.le", 2, 1.0),
    Op("py.gt", 2, 1.0),
    Op("py.ge", 2, 1.0),
    Op("py.and", 2, 1.0),
    Op("py.or", 2, 1.0),
    Op("py.xor", 2, 1.0),
    Op("py.invert", 1, 1.0),
    Op("py.lshift", 2, 2.0),
    Op("py.rshift", 2, 2.0),
    Op("py.not", 1, 1.0),
)
"""Python's operators on Python scalars. `py.<op>.ok` is the check beside each that can fail (see below)."""

PYTHON_CHECKS: dict[str, Op] = _ops(
    Op("ok.add", 2, 1.0),
    Op("ok.sub", 2, 1.0),
    Op("ok.mul", 2, 1.0),
    Op("ok.truediv", 2, 1.0),
    Op("ok.floordiv", 2, 1.0),
    Op("ok.mod", 2, 1.0),
    Op("ok.pow", 2, 40.0),
    Op("ok.neg", 1, 1.0),
    Op("ok.abs", 1, 1.0),
    Op("ok.int", 1, 1.0),
    Op("ok.lshift", 2, 1.0),
    Op("ok.rshift", 2, 1.0),
    Op("ok.cast", 1, 1.0),
    Op("ok.numpy_divmod", 2, 1.0),
)
"""`ok.<op>(args)`: a bool, false where Python raises or leaves int64: division by zero, overflow, a bad shift.

`ok.cast`: the int64 fits the node's `signature` dtype. `ok.numpy_divmod`: finite floats, the second not zero.
A region's `checks` hold these nodes.
"""

MATH: dict[str, Op] = _ops(
    *(Op(f"py.math.{name}", 1, 12.0) for name in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos")),
    *(Op(f"py.math.{name}", 1, 12.0) for name in ("cosh", "erf", "erfc", "exp", "exp2", "expm1", "log", "log10")),
    *(Op(f"py.math.{name}", 1, 12.0) for name in ("log1p", "log2", "sin", "sinh", "tan", "tanh")),
    *(Op(f"py.math.{name}", 1, 1.0) for name in ("isfinite", "isinf", "isnan", "fabs", "floor", "ceil", "trunc")),
    *(Op(f"py.math.{name}", 1, 2.0) for name in ("degrees", "radians", "ulp", "frexp_mantissa", "frexp_exponent")),
    Op("py.math.modf_fraction", 1, 2.0),
    Op("py.math.sqrt", 1, 5.0),
    Op("py.math.gamma", 1, 80.0),
    Op("py.math.lgamma", 1, 60.0),
    Op("py.math.factorial", 1, 2.0),
    Op("py.math.isqrt", 1, 10.0),
    Op("py.math.bit_length", 1, 1.0),
    Op("py.math.bit_count", 1, 1.0),
    *(Op(f"py.math.{name}", 2, 20.0) for name in ("atan2", "fmod", "hypot", "pow", "remainder", "gcd", "lcm")),
    *(Op(f"py.math.{name}", 2, 20.0) for name in ("comb", "perm")),
    *(Op(f"py.math.{name}", 2, 4.0) for name in ("copysign", "ldexp", "nextafter", "round_to", "round_tens")),
    Op("py.math.round", 1, 2.0),
    Op("py.math.fma", 3, 2.0),
    Op("py.math.hypot3", 3, 30.0),
    Op("py.math.pow_mod", 3, 200.0),
)
"""What `math` and the builtins compute of Python's floats and ints, beyond operators (see `lowering.mathematics`)."""

_MATH_THAT_FAILS = (
    *("acos", "acosh", "asin", "atanh", "cos", "cosh", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sin"),
    *(
        "sinh",
        "tan",
        "sqrt",
        "gamma",
        "lgamma",
        "factorial",
        "isqrt",
        "fmod",
        "pow",
        "remainder",
        "lcm",
        "comb",
        "perm",
    ),
    *("ldexp", "fma", "gcd", "pow_mod"),
)

MATH_CHECKS: dict[str, Op] = _ops(
    *(
        Op(f"ok.math.{name}", MATH[f"py.math.{name}"].arity, min(MATH[f"py.math.{name}"].cost, 4.0))
        for name in _MATH_THAT_FAILS
    )
)
"""The checks beside those that can fail: false where Python raises, and nowhere else than near there."""

_CMATH = ("cos", "cosh", "exp", "log", "log10", "phase", "sin", "sinh", "sqrt", "tan", "tanh")

COMPLEX: dict[str, Op] = _ops(
    Op("py.complex", 2, 1.0),
    Op("py.as_complex", 1, 1.0),
    Op("py.whole_power", 2, 20.0),
    Op("ok.whole_power", 2, 4.0),
    Op("ok.some_number", 1, 1.0),
    Op("py.numpy_multiply", 2, 2.0),
    Op("py.numpy_divide", 2, 10.0),
    Op("ok.numpy_divide", 1, 1.0),
    Op("py.numpy_absolute", 1, 8.0),
    Op("py.numpy_less", 2, 2.0),
    Op("py.numpy_less_equal", 2, 2.0),
    Op("py.numpy_greater", 2, 2.0),
    Op("py.numpy_greater_equal", 2, 2.0),
    *(Op(f"py.cmath.{name}", 1, 50.0) for name in _CMATH),
    *(Op(f"ok.cmath.{name}", 1, 4.0) for name in _CMATH),
    Op("py.cmath.rect", 2, 40.0),
    Op("ok.cmath.rect", 2, 4.0),
)
"""Complex numbers that are single, beside the operators of `PYTHON_OPS`.

`py.complex`: of two floats; `py.as_complex`: Python's number of any other; `py.whole_power`: to an int of at most 100,
by products; `ok.some_number`: not both parts are NaNs; `ok.numpy_divide`: no part of a divisor is a NaN;
`py.numpy_*`: what NumPy's scalars compute otherwise than its ufuncs and than Python; `py.cmath.*`: the module's
functions, `rect` of two floats.
"""

LIBRARY: dict[str, Op] = _ops(
    Op("empty", 0, 1.0),
    Op("literal", 0, 1.0),
    Op("iota", 2, 1.0),
    Op("gather", 2, 1.0),
    Op("nonzero", 1, 1.0),
    Op("matmul", 2, 1.0),
    Op("accumulate", 1, 1.0),
    Op("argmax", 1, 1.0),
    Op("argmin", 1, 1.0),
    Op("searchsorted", 2, 1.0),
    Op("inv", 1, 1.0),
    Op("solve", 2, 1.0),
    Op("det", 1, 1.0),
    Op("opaque", 0, 1.0),
)
"""Operations that the e-graph does not hold: each runs as a whole, at its place, and its result is new memory.

========== ======================= =================================================================================
op         args                    result, and what `attr` holds
========== ======================= =================================================================================
empty      -                       memory as it comes
literal    -                       known elements; attr: their bytes, in C order
iota       two numbers             `start + k * delta` in the dtype, one axis; integers, float32 and float64
gather     array, m index arrays   `array[i0, ..., im-1]`: the indices, int64 arrays of one shape, are for the first m
                                   axes; shape: that of an index, then the other axes. Negative ones count from the end.
                                   attr: whether each is checked to be in range; one that is not fails as a `Check` does
nonzero    array of bools          int64[rank, count]: where they are true, in C order; count is the last dimension of
                                   the node's type, a symbol whose node has counted them before
matmul     two arrays of one dtype as `np.matmul`, ranks 1 or 2 each, shapes that fit; two vectors give a NumPy scalar
accumulate array                   `np.<ufunc>.accumulate` in the array's dtype; attr: (name of the ufunc, axis)
argmax     array                   `np.argmax`, `np.argmin` of real numbers, of which there is one at least; attr: the
argmin                             axis, or None: then a NumPy scalar
searchsorted vector, array         where the array's elements belong in the vector, of one dtype of real numbers, as
                                   `np.searchsorted`; attr: the side; the array's shape
inv        matrix                  as `np.linalg.inv` of a square matrix of float32, float64 or complex; a singular one
                                   fails as a `Check` does
solve      matrix, array           as `np.linalg.solve` of a square matrix and a vector or matrix, of one such dtype
det        matrix                  as `np.linalg.det`: a NumPy scalar
opaque     (by function)           a function of the user's; attr: an `eqsat.ir.opaque.Opaque`
========== ======================= =================================================================================

The memory order of a result is the layout of its type.

Written-to counterpart of `gather`: the statement `Scatter` of `eqsat.ir.body`.
"""

CALLS = frozenset({"matmul", "inv", "solve", "det", "opaque"})
"""Library operations that depend on nothing but their operands' elements, and that rules can speak of.

Where a rule at hand speaks of one, the e-graph holds it (`eqsat.ir.program.Call`).
"""

OPS: dict[str, Op] = UFUNCS | STRUCTURAL | PYTHON_OPS | PYTHON_CHECKS | MATH | MATH_CHECKS | COMPLEX
"""Every scalar operation by name."""
