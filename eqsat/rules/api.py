"""Rewrite rules as data, and `@rule`, which makes one from a Python function over pattern variables.

A rule's function returns its two sides, ordinary NumPy expressions; it is called once, with variables that record
what is done to them. Rules are equations: the e-graph puts both sides into one class, and the cost decides. Refused,
with `RuleError`: a variable without a kind, one that only the right side uses, an operation that is unknown or has
no meaning for the kind. Called by the tables in `eqsat.rules` and by users; read by `eqsat.egraph.declare`.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Annotated, Any, Literal, NoReturn, cast, get_args, get_origin, overload

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.nodes import Constant
from eqsat.ir.ops import UFUNCS
from eqsat.ir.span import Span

KINDS: dict[str, str] = {
    "Float": "efd",
    "Complex": "FD",
    "Signed": "bhilq",
    "Unsigned": "BHILQ",
    "Int": "bhilqBHILQ",
    "Real": "bhilqBHILQefd",
    "Number": "bhilqBHILQefdFD",
    "Bool": "?",
}
"""What a pattern variable can stand for: the dtypes of each kind, by NumPy's type characters."""

COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
PREDICATES = frozenset({"isnan", "isinf", "isfinite", "signbit"})
CONNECTIVES = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})

ElementType = Literal["T", "?"]
"""The type of a part of a pattern: the rule's own dtype, or bool."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A variable (`op` is "variable", `value` its name), a number ("literal") or an operation on patterns."""

    op: str
    args: tuple[Pattern, ...] = ()
    value: object = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        if method != "__call__" or kwargs or ufunc.__name__ not in UFUNCS:
            raise TypeError(f"np.{ufunc.__name__} with method {method!r} and {sorted(kwargs)} is no pattern")
        return apply(ufunc.__name__, *inputs)

    def __array_function__(self, function: object, types: object, args: tuple[object, ...], kwargs: object) -> Any:
        if function is np.where and len(args) == 3 and not kwargs:
            return apply("select", *args)
        raise TypeError(f"{getattr(function, '__name__', function)} is no pattern; ufuncs and np.where are")

    def __array__(self, *_: object) -> NoReturn:
        raise TypeError("a pattern has no elements")

    def __bool__(self) -> bool:
        raise TypeError("a pattern is neither true nor false; write conditions with `when=`")

    def __add__(self, other: object) -> Pattern:
        return apply("add", self, other)

    def __radd__(self, other: object) -> Pattern:
        return apply("add", other, self)

    def __sub__(self, other: object) -> Pattern:
        return apply("subtract", self, other)

    def __rsub__(self, other: object) -> Pattern:
        return apply("subtract", other, self)

    def __mul__(self, other: object) -> Pattern:
        return apply("multiply", self, other)

    def __rmul__(self, other: object) -> Pattern:
        return apply("multiply", other, self)

    def __truediv__(self, other: object) -> Pattern:
        return apply("divide", self, other)

    def __rtruediv__(self, other: object) -> Pattern:
        return apply("divide", other, self)

    def __floordiv__(self, other: object) -> Pattern:
        return apply("floor_divide", self, other)

    def __mod__(self, other: object) -> Pattern:
        return apply("remainder", self, other)

    def __pow__(self, other: object) -> Pattern:
        return apply("power", self, other)

    def __lshift__(self, other: object) -> Pattern:
        return apply("left_shift", self, other)

    def __rshift__(self, other: object) -> Pattern:
        return apply("right_shift", self, other)

    def __and__(self, other: object) -> Pattern:
        return apply("bitwise_and", self, other)

    def __or__(self, other: object) -> Pattern:
        return apply("bitwise_or", self, other)

    def __xor__(self, other: object) -> Pattern:
        return apply("bitwise_xor", self, other)

    def __invert__(self) -> Pattern:
        return apply("invert", self)

    def __neg__(self) -> Pattern:
        return apply("negative", self)

    def __pos__(self) -> Pattern:
        return apply("positive", self)

    def __abs__(self) -> Pattern:
        return apply("absolute", self)

    def __lt__(self, other: object) -> Pattern:
        return apply("less", self, other)

    def __le__(self, other: object) -> Pattern:
        return apply("less_equal", self, other)

    def __gt__(self, other: object) -> Pattern:
        return apply("greater", self, other)

    def __ge__(self, other: object) -> Pattern:
        return apply("greater_equal", self, other)

    def same(self, other: Pattern) -> bool:
        """Whether both are the same expression."""
        if (self.op, len(self.args), repr(self.value)) != (other.op, len(other.args), repr(other.value)):
            return False
        return all(mine.same(theirs) for mine, theirs in zip(self.args, other.args, strict=True))

    def __str__(self) -> str:
        if self.op in ("variable", "literal"):
            return str(self.value)
        return f"{self.op}({', '.join(map(str, self.args))})"


Float = Annotated[Pattern, "Float"]
Complex = Annotated[Pattern, "Complex"]
Signed = Annotated[Pattern, "Signed"]
Unsigned = Annotated[Pattern, "Unsigned"]
Int = Annotated[Pattern, "Int"]
Real = Annotated[Pattern, "Real"]
Number = Annotated[Pattern, "Number"]
Bool = Annotated[Pattern, "Bool"]


def apply(op: str, *args: object) -> Pattern:
    """The pattern of an operation; numbers become literals."""
    return Pattern(op, tuple(_pattern(arg) for arg in args))


def _pattern(value: object) -> Pattern:
    if isinstance(value, Pattern):
        return value
    if isinstance(value, bool | int | float):
        return Pattern("literal", (), value)
    raise TypeError(f"{value!r} is no part of a pattern")


@dataclass(frozen=True, slots=True)
class Condition:
    """`test` is known to hold for the constant that stands for variable `variable`."""

    test: str
    variable: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`left` equals `right` for every value of the variables, to the bit.

    `kinds` says what each variable stands for: every variable that is not Bool has one and the same dtype, of kind
    `kind`. `requires`: the fast-math flags that must be granted. `when`: what must be known of constants.
    """

    name: str
    reason: str
    left: Pattern
    right: Pattern
    kinds: tuple[tuple[str, str], ...]
    kind: str
    requires: frozenset[str]
    when: tuple[Condition, ...]
    span: Span

    @property
    def dropped(self) -> tuple[str, ...]:
        """Variables that the right side no longer computes."""
        right = set(variables(self.right))
        return tuple(name for name, _ in self.kinds if name not in right)

    def __str__(self) -> str:
        return f"{self.name}: {self.left} = {self.right}"


@dataclass(frozen=True, slots=True)
class Structural:
    """An equation about memory, index maps or signatures, which no NumPy expression states: egglog text.

    `text` are egglog rules; in them `$fired` stands for the record that the rule fired on class `l`. `phase`:
    "simplify" runs to saturation, "expand" at most as often as the budget says, "commute" once if it could help.
    """

    name: str
    reason: str
    text: str
    phase: Literal["simplify", "expand", "commute"]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A set of rules, in order."""

    rules: tuple[Rule | Structural, ...]

    def without(self, *names: str) -> RuleBook:
        """The book with some rules torn out."""
        unknown = set(names) - {one.name for one in self.rules}
        if unknown:
            raise RuleError(f"no rule is called {', '.join(sorted(unknown))}")
        return RuleBook(tuple(one for one in self.rules if one.name not in names))

    def granted(self, flags: frozenset[str]) -> RuleBook:
        """The rules that need no more than `flags`."""
        return RuleBook(tuple(one for one in self.rules if isinstance(one, Structural) or one.requires <= flags))

    def __add__(self, other: RuleBook) -> RuleBook:
        return rules(*self.rules, *other.rules)


def rules(*given: Rule | Structural) -> RuleBook:
    """A book of rules; two of the same name are refused."""
    names: set[str] = set()
    for one in given:
        if one.name in names:
            raise RuleError(f"two rules are called {one.name}", getattr(one, "span", Span("", 0, 0, 0, "", "")))
        names.add(one.name)
    return RuleBook(given)


@overload
def rule(function: Callable[..., object], /) -> Rule: ...
@overload
def rule(
    *, requires: set[str] | frozenset[str] = ..., when: Callable[..., object] | None = ...
) -> Callable[[Callable[..., object]], Rule]: ...
def rule(
    function: Callable[..., object] | None = None,
    /,
    *,
    requires: set[str] | frozenset[str] = frozenset(),
    when: Callable[..., object] | None = None,
) -> Rule | Callable[[Callable[..., object]], Rule]:
    """Make a rule of a function that returns its left and right side.

    `when` gets the variables of the same names and returns a condition on them (or a tuple of some), made by the
    functions of `CONSTANT_TESTS`: the rule fires where they are known to hold.
    """
    if function is None:
        return lambda given: _made(given, frozenset(requires), when)
    return _made(function, frozenset(requires), when)


def _made(function: Callable[..., object], requires: frozenset[str], when: Callable[..., object] | None) -> Rule:
    span = _span(function)
    name = function.__name__
    if not function.__doc__:
        raise RuleError(f"rule {name} gives no reason", span, instead="write why it holds, as the docstring")
    kinds = _kinds(function, name, span)
    parameters = {variable: Pattern("variable", (), variable) for variable, _ in kinds}
    try:
        sides = function(**parameters)
    except TypeError as error:
        raise RuleError(f"rule {name}: {error}", span) from error
    if not isinstance(sides, tuple) or len(sides) != 2:
        raise RuleError(f"rule {name} must return two sides, left and right", span, have=f"it returned {sides!r}")
    try:
        left, right = (_pattern(side) for side in cast(tuple[object, object], sides))
    except TypeError as error:
        raise RuleError(f"rule {name}: {error}", span) from error
    if left.op in ("variable", "literal"):
        raise RuleError(f"rule {name}: the left side must be an operation", span, have=f"it is {left}")
    bound = set(variables(left))
    if loose := [variable for variable in variables(right) if variable not in bound]:
        raise RuleError(f"rule {name}: only the right side has {', '.join(sorted(set(loose)))}", span)
    if unused := [variable for variable, _ in kinds if variable not in bound]:
        raise RuleError(f"rule {name}: the left side does not use {', '.join(unused)}", span)
    numeric = {kind for _, kind in kinds if kind != "Bool"}
    if len(numeric) > 1:
        raise RuleError(f"rule {name} mixes {', '.join(sorted(numeric))}", span, instead="one kind besides Bool")
    made = Rule(
        name,
        inspect.cleandoc(function.__doc__),
        left,
        right,
        kinds,
        numeric.pop() if numeric else "Bool",
        requires,
        _conditions(when, parameters, name, span),
        span,
    )
    if type_of(made, left) != type_of(made, right):
        raise RuleError(f"rule {name}: the sides differ in dtype", span, have=f"{left} and {right}")
    return made


def _kinds(function: Callable[..., object], name: str, span: Span) -> tuple[tuple[str, str], ...]:
    hints = function.__annotations__
    if any(isinstance(hint, str) for hint in hints.values()):
        known = getattr(function, "__globals__", {})
        hints = {one: known.get(hint, hint) if isinstance(hint, str) else hint for one, hint in hints.items()}
    found: list[tuple[str, str]] = []
    for parameter in inspect.signature(function).parameters:
        hint = hints.get(parameter)
        kind = get_args(hint)[1] if get_origin(hint) is Annotated else None
        if kind not in KINDS:
            raise RuleError(f"rule {name}: {parameter} needs a kind", span, instead=f"one of {', '.join(KINDS)}")
        found.append((parameter, kind))
    return tuple(found)


def _conditions(
    when: Callable[..., object] | None, parameters: dict[str, Pattern], name: str, span: Span
) -> tuple[Condition, ...]:
    if when is None:
        return ()
    wanted = inspect.signature(when).parameters
    if unknown := [one for one in wanted if one not in parameters]:
        raise RuleError(f"rule {name}: `when` asks about {', '.join(unknown)}, which is no variable", span)
    said = when(**{one: parameters[one] for one in wanted})
    conditions = said if isinstance(said, tuple) else (said,)
    if not all(isinstance(one, Condition) for one in conditions):
        raise RuleError(f"rule {name}: `when` must return conditions", span, instead=f"use {', '.join(CONSTANT_TESTS)}")
    return cast(tuple[Condition, ...], conditions)


def _span(function: Callable[..., object]) -> Span:
    assert isinstance(function, FunctionType)
    code = function.__code__
    text = linecache.getline(code.co_filename, code.co_firstlineno).rstrip()
    return Span(code.co_filename, code.co_firstlineno, 0, len(text), text, function.__name__)


def walk(pattern: Pattern) -> Iterator[Pattern]:
    """The pattern and everything in it."""
    yield pattern
    for arg in pattern.args:
        yield from walk(arg)


def variables(pattern: Pattern) -> Iterator[str]:
    """Names of the variables, with repetitions, left to right."""
    return (str(one.value) for one in walk(pattern) if one.op == "variable")


def type_of(made: Rule, pattern: Pattern) -> ElementType:
    """Whether a part of the rule has the rule's own dtype or is bool; refuses what has no meaning."""
    if made.kind == "Bool":
        return "?"
    kinds = dict(made.kinds)
    if pattern.op == "variable":
        return "?" if kinds[str(pattern.value)] == "Bool" else "T"
    if pattern.op == "literal":
        return "?" if isinstance(pattern.value, bool) else "T"
    if pattern.op != "select" and pattern.op not in UFUNCS:
        raise RuleError(f"rule {made.name}: unknown operation {pattern.op}", made.span)
    arity = 3 if pattern.op == "select" else UFUNCS[pattern.op].arity
    if len(pattern.args) != arity:
        raise RuleError(f"rule {made.name}: {pattern.op} takes {arity} arguments", made.span, have=str(pattern))
    types: list[ElementType] = [type_of(made, arg) for arg in pattern.args]
    if pattern.op == "select":
        if types[0] != "?" or types[1] != types[2]:
            raise RuleError(f"rule {made.name}: where needs a bool and two of one dtype", made.span, have=str(pattern))
        return types[1]
    if len(set(types)) > 1:
        raise RuleError(f"rule {made.name}: {pattern.op} mixes dtypes", made.span, have=str(pattern))
    if made.kind in ("Complex", "Number") and types[0] == "T" and pattern.op in ("absolute", *PREDICATES):
        raise RuleError(f"rule {made.name}: {pattern.op} changes a complex dtype", made.span, have=str(pattern))
    if pattern.op in CONNECTIVES and types[0] == "T":
        raise RuleError(f"rule {made.name}: {pattern.op} is for Bool", made.span, have=str(pattern))
    return "?" if pattern.op in COMPARISONS | PREDICATES else types[0]


def literal(value: object, dtype: np.dtype) -> Constant | None:
    """A literal of a rule in a dtype, exactly; integers wrap, so that -1 is all ones. None: not representable."""
    if isinstance(value, bool) or dtype.kind == "b":
        return Constant.of(value, dtype) if isinstance(value, bool) and dtype.kind == "b" else None
    if dtype.kind in "iu":
        return Constant.of(np.array(value, np.int64).astype(dtype), dtype) if isinstance(value, int) else None
    return Constant.of(value, dtype)


def _exact_reciprocal(constant: Constant) -> bool:
    """A power of two whose reciprocal is a normal number: dividing by it is multiplying by that."""
    if constant.dtype.kind != "f":
        return False
    value = abs(float(constant.value))
    if not (0 < value < float("inf")) or np.frexp(value)[0] != 0.5:
        return False
    tiny = float(np.finfo(constant.dtype).tiny)
    return tiny <= value <= 1 / tiny and 1 / value <= float(np.finfo(constant.dtype).max)


CONSTANT_TESTS: dict[str, Callable[[Constant], bool]] = {
    "is_constant": lambda constant: True,
    "exact_reciprocal": _exact_reciprocal,
}
"""What `when=` can ask of a constant, by name."""


def is_constant(variable: Pattern) -> Condition:
    """The variable stands for a known number."""
    return Condition("is_constant", str(variable.value))


def exact_reciprocal(variable: Pattern) -> Condition:
    """The variable stands for a power of two whose reciprocal is a normal number."""
    return Condition("exact_reciprocal", str(variable.value))
