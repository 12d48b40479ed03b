"""The operations of random expressions, as texts with places for their operands. Called by the generator.

Those on Python's numbers neither raise nor grow: divisors are replaced where they are zero, products reduced.
"""

from __future__ import annotations

UNARY = (
    *("-{0}", "abs({0})", "np.square({0})", "np.sqrt(np.abs({0}))", "~{0}", "np.sign({0})", "+{0}", "np.exp({0})"),
    *("np.floor({0})", "np.sin({0})", "np.logical_not({0})", "np.isnan({0})", "{0}.real", "np.rint({0})"),
)
BINARY = (
    *("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "np.maximum({0}, {1})"),
    *("np.minimum({0}, {1})", "{0} & {1}", "{0} | {1}", "{0} ^ {1}", "{0} << {1} % 5", "{0} >> {1} % 5"),
    *("np.logical_and({0}, {1})", "np.hypot({0}, {1})", "np.add({0}, {1})", "np.fmod({0}, {1})"),
)
COMPARISONS = ("{0} < {1}", "{0} <= {1}", "{0} == {1}", "{0} != {1}", "{0} > {1}", "{0} >= {1}")
EQUALITIES = COMPARISONS[2:4]
ON_INTEGERS = (
    *("{0} + {1}", "{0} - {1}", "{0} * {1} % 1009", "{0} // ({1} or 3)", "{0} % ({1} or -7)", "{0} % 7 << {1} % 5"),
    *("{0} // (abs({1}) + 1)", "{0} % -5 + {1}", "{0} >> abs({1}) % 70", "{0} & {1}", "{0} | {1}", "{0} ^ {1}"),
    *("min({0}, {1})", "max({0}, {1})", "({0} % 7) ** ({1} % 4)", "-{0} // 3 - {1}", "~{0} + {1}"),
    *("{0} % 5 * 4611686018427387903 + {1}", "{0} - {1} % 7 * 3074457345618258602"),
)
UNSAFE = ("{0} // {1}", "{0} % {1}", "{0} / {1}")
ON_FLOATS = (
    *("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / ({1} or 0.5)", "{0} // ({1} or 0.5)", "{0} % ({1} or -2.0)"),
    *("min({0}, {1})", "max({0}, {1})", "abs({0}) - {1}", "math.hypot({0}, {1})", "math.copysign({0}, {1})"),
)
MATHEMATICS = (
    *("math.sqrt(abs({0}))", "math.atan({0})", "math.floor(max(min({0}, 99), -99))", "math.tanh({0})"),
    *("math.isnan({0})", "round(max(min({0}, 99), -99))", "math.exp(min({0}, 5))", "math.log1p(abs({0}))"),
)
REDUCTIONS = ("sum", "max", "min", "any", "all", "mean", "prod")
LITERALS = {
    "bool": ("True", "False"),
    "int64": ("1", "0", "2", "3", "-1", "7", "-3", "100"),
    "float64": ("0.5", "2.0", "-1.0", "0.1"),
}
CASTS = {"int64": "int", "float64": "float", "bool": "bool"}
