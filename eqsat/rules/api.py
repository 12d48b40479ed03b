"""Rewrite rules as data, and `@rule`, which makes one from a Python function over pattern variables.

A rule's function returns its two sides, ordinary NumPy expressions; it is called once, with variables that record
what is done to them. Rules are equations: the e-graph puts both sides into one class, and the cost decides. Refused,
with `RuleError`: a variable without a kind, one that only the right side uses, an operation that is unknown or has
no meaning for the kind, sides of different shapes or dtypes, guards of the wrong type. Called by the tables in
`eqsat.rules` and by users; read by `eqsat.egraph`.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Annotated, Any, Literal, cast, get_args, get_origin, overload

import numpy as np

from eqsat.errors import RuleError
from eqsat.ir.flags import FLAGS
from eqsat.ir.nodes import Constant
from eqsat.ir.opaque import Opaque
from eqsat.ir.ops import UFUNCS
from eqsat.ir.span import NOWHERE, Span
from eqsat.rules.guards import CONSTANT_TESTS, GUARDS, Condition, exact_reciprocal, is_constant
from eqsat.rules.pattern import (
    AXIS,
    DTYPES,
    SHAPED,
    STRUCTURE,
    Bool,
    Complex,
    Float,
    Int,
    Number,
    Pattern,
    Real,
    Signed,
    Unsigned,
    as_pattern,
    kind_of,
    narrowed,
    variables,
    walk,
)
from eqsat.rules.shapes import Inference

__all__ = [
    "CONSTANT_TESTS",
    "KINDS",
    "Bool",
    "Complex",
    "Condition",
    "Float",
    "Int",
    "Number",
    "Pattern",
    "Real",
    "Rule",
    "RuleBook",
    "Signed",
    "Structural",
    "Unsigned",
    "Verify",
    "exact_reciprocal",
    "is_constant",
    "literal",
    "rule",
    "rules",
    "type_of",
    "variables",
    "walk",
]

KINDS: dict[str, str] = {name: chars for name, chars in DTYPES.items() if name != "Inexact"}
"""The kinds that elementwise rules speak of: the dtypes of each, by NumPy's type characters."""

COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
PREDICATES = frozenset({"isnan", "isinf", "isfinite", "signbit"})
CONNECTIVES = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})

Verify = Literal["always", "once", "never"]
"""When rules are checked: at each compile, at the first one that uses them, or not at all."""

ElementType = Literal["T", "?"]
"""The type of a part of a pattern: the rule's own dtype, or bool."""

Worth = Callable[..., object]
"""Whether a rule is worth offering, from the shapes of its variables (tuples of int) at the first call."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """`left` equals `right` for every value of the variables: to the bit, or as exactly as `requires` permits.

    `kinds` says what each variable stands for. Of an elementwise rule every variable that is not Bool has one and the
    same dtype, of kind `kind`; of any other `kind` is "". `requires`: the fast-math flags that must be granted. `when`:
    what must be known. `two_way`: the right side is also rewritten to the left one. `accuracy`: the right side is the
    more accurate one. `worth`: a hint at sizes for which the rule pays; never a matter of correctness.
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
    two_way: bool = False
    accuracy: bool = False
    worth: Worth | None = None

    @property
    def is_elementwise(self) -> bool:
        """Whether it speaks of single elements alone, and not of shapes, reductions or calls."""
        return bool(self.kind)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Variables that the right side no longer computes."""
        right = set(variables(self.right))
        return tuple(name for name, _ in self.kinds if name not in right)

    @property
    def reverse(self) -> Rule:
        """The rule from right to left."""
        return replace(self, left=self.right, right=self.left)

    def __str__(self) -> str:
        return f"{self.name}: {self.left} {'<->' if self.two_way else '='} {self.right}"


@dataclass(frozen=True, slots=True, eq=False)
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
    """A set of rules, in order.

    >>> from eqsat import Float, rule, rules
    >>> @rule
    ... def twice(x: Float):
    ...     "Doubling is exact."
    ...     return x + x, 2 * x
    >>> [one.name for one in rules(twice)]
    ['twice']
    """

    rules: tuple[Rule | Structural, ...]

    def __iter__(self) -> Any:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __contains__(self, name: object) -> bool:
        return any(one is name or one.name == name for one in self.rules)

    def __getitem__(self, name: str) -> Rule | Structural:
        for one in self.rules:
            if one.name == name:
                return one
        raise KeyError(name)

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


def rules(*given: Rule | Structural | RuleBook | Iterable[Rule | Structural]) -> RuleBook:
    """A book of rules, made of rules and other books, in order.

    Raises RuleError if two different rules have one name, TypeError for what is no rule.
    """
    found: dict[str, Rule | Structural] = {}
    for one in given:
        for each in one if isinstance(one, Iterable) else (one,):
            if not isinstance(each, Rule | Structural):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"rules() takes rules and books of rules, not {each!r}")
            if found.setdefault(each.name, each) is not each:
                span = getattr(each, "span", NOWHERE)
                raise RuleError(f"two rules are called {each.name}", span, instead="give one of them another name")
    return RuleBook(tuple(found.values()))


@overload
def rule(function: Callable[..., object], /) -> Rule: ...
@overload
def rule(
    *,
    requires: Iterable[str] = ...,
    when: Callable[..., object] | None = ...,
    two_way: bool = ...,
    accuracy: bool = ...,
    worth: Worth | None = ...,
) -> Callable[[Callable[..., object]], Rule]: ...
def rule(
    function: Callable[..., object] | None = None,
    /,
    *,
    requires: Iterable[str] = frozenset(),
    when: Callable[..., object] | None = None,
    two_way: bool = False,
    accuracy: bool = False,
    worth: Worth | None = None,
) -> Rule | Callable[[Callable[..., object]], Rule]:
    """Make a rule of a function that returns its left and right side.

    The function is called once, with a pattern for each parameter; its docstring is the reason. `requires` names the
    fast-math flags without which the rule is not exact. `when` gets the variables of the same names and returns a
    guard, or a tuple of guards (`eqsat.is_positive(x)`, ...): the rule fires where they are known to hold. With
    `two_way` the right side is rewritten to the left one as well. `accuracy=True` says that the right side is the more
    accurate one. `worth` gets the shapes of the variables that it names, at the first call, and says whether to offer
    the rule at all.

    Raises RuleError if the rule is ill-formed.

    >>> import numpy as np
    >>> from eqsat import Matrix, Vector, rule
    >>> @rule(requires={"reassoc"})
    ... def product_with_vector(a: Matrix, b: Matrix, v: Vector):
    ...     "Two products with a vector take fewer operations than one of matrices."
    ...     return (a @ b) @ v, a @ (b @ v)
    >>> print(product_with_vector)
    product_with_vector: matmul(matmul(a, b), v) = matmul(a, matmul(b, v))
    """
    if isinstance(requires, str):
        raise TypeError(f"requires={requires!r} is a string; write a set of flags")
    extras = {"two_way": two_way, "accuracy": accuracy, "worth": worth}
    if function is None:
        return lambda given: _made(given, frozenset(requires), when, extras)
    return _made(function, frozenset(requires), when, extras)


def _made(
    function: Callable[..., object],
    requires: frozenset[str],
    when: Callable[..., object] | None,
    extras: dict[str, Any],
) -> Rule:
    if not isinstance(function, FunctionType):
        raise TypeError(f"rule expects a Python function, not {type(function).__name__}")
    span = _span(function)
    name = function.__name__
    if unknown := requires - FLAGS.keys():
        raise RuleError(
            f"rule {name}: {', '.join(sorted(unknown))} is no fast-math flag",
            span,
            instead=f"some of {', '.join(FLAGS)}",
        )
    if not function.__doc__:
        raise RuleError(f"rule {name} gives no reason", span, instead="write why it holds, as the docstring")
    kinds = _kinds(function, name, span)
    parameters = {variable: Pattern("variable", (), variable) for variable, _ in kinds}
    left, right = _sides(function, parameters, name, span)
    if left.op in ("variable", "literal"):
        raise RuleError(f"rule {name}: the left side must be an operation", span, have=f"it is {left}")
    bound = set(variables(left))
    if loose := [variable for variable in variables(right) if variable not in bound]:
        raise RuleError(f"rule {name}: only the right side has {', '.join(sorted(set(loose)))}", span)
    if unused := [variable for variable, _ in kinds if variable not in bound]:
        raise RuleError(f"rule {name}: the left side does not use {', '.join(unused)}", span)
    if extras["two_way"] and (right.op in ("variable", "literal") or set(variables(right)) != bound):
        raise RuleError(f"rule {name}: two-way needs all variables on both sides", span, have=f"{left} and {right}")
    conditions = _conditions(when, parameters, dict(kinds), name, span)
    _check_worth(extras["worth"], parameters, name, span)
    made = Rule(name, inspect.cleandoc(function.__doc__), left, right, kinds, "", requires, conditions, span, **extras)
    return _checked_elements(made) if _is_elementwise(made) else _checked_arrays(made)


def _sides(
    function: Callable[..., object], parameters: dict[str, Pattern], name: str, span: Span
) -> tuple[Pattern, Pattern]:
    try:
        sides = function(**parameters)
    except Exception as error:
        said = f"rule {name}: {error}" if isinstance(error, TypeError) else f"rule {name} raised {error!r}"
        raise RuleError(said, span) from error
    if not isinstance(sides, tuple) or len(cast(tuple[object, ...], sides)) != 2:
        raise RuleError(f"rule {name} must return two sides, left and right", span, have=f"it returned {sides!r}")
    try:
        left, right = (as_pattern(side) for side in cast(tuple[object, object], sides))
    except TypeError as error:
        raise RuleError(f"rule {name}: {error}", span) from error
    return left, right


def _is_elementwise(made: Rule) -> bool:
    parts = [*walk(made.left), *walk(made.right)]
    kinds = [kind_of(kind) for _, kind in made.kinds]
    plain = all(kind is not None and kind.ndim is None for kind in kinds)
    shapes = any(GUARDS[condition.test].of == "shape" for condition in made.when)
    return plain and not shapes and made.worth is None and not any(part.op in STRUCTURE for part in parts)


def _checked_elements(made: Rule) -> Rule:
    """A rule about single elements."""
    numeric = {kind.partition("[")[0] for _, kind in made.kinds if kind != "Bool"}
    if len(numeric) > 1:
        raise RuleError(
            f"rule {made.name} mixes {', '.join(sorted(numeric))}", made.span, instead="one kind besides Bool"
        )
    kind = numeric.pop() if numeric else "Bool"
    if kind not in KINDS:
        raise RuleError(f"rule {made.name}: {kind} is for arrays", made.span, instead="Float or Complex")
    made = replace(made, kind=kind)
    if type_of(made, made.left) != type_of(made, made.right):
        raise RuleError(f"rule {made.name}: the sides differ in dtype", made.span, have=f"{made.left} and {made.right}")
    return made


def _checked_arrays(made: Rule) -> Rule:
    """A rule about arrays: the sides must agree for every choice of dtypes."""
    kinds = _as_given(made)
    made = replace(made, kinds=tuple(kinds.items()))
    sets = sorted({parsed.dtypes for kind in kinds.values() if (parsed := kind_of(kind)) is not None})
    for last in (False, True):
        chars = {dtypes: _representative(dtypes, last) for dtypes in sets}
        dtypes = {
            name: np.dtype(chars[parsed.dtypes])
            for name, kind in kinds.items()
            if (parsed := kind_of(kind)) is not None
        }
        try:
            Inference(kinds, made.when, dtypes).check(made.left, made.right)
        except TypeError as error:
            have = f"{made.left} and {made.right}"
            raise RuleError(f"rule {made.name}: {error}", made.span, have=have) from None
    return made


def _as_given(made: Rule) -> dict[str, str]:
    """The kinds of the variables; what is given to an opaque function has the dtype that the function takes."""
    kinds = dict(made.kinds)
    for part in (*walk(made.left), *walk(made.right)):
        if part.op == "call" and isinstance(part.value, Opaque):
            for arg, parameter in zip(part.args, part.value.parameters, strict=False):
                if arg.op == "variable":
                    name = str(arg.value)
                    kinds[name] = narrowed(kinds[name], parameter.dtype)
    return kinds


def _representative(dtypes: str, last: bool) -> str:
    """A dtype to try: float64 or int64 where there is one, or the last one."""
    return dtypes[-1] if last else next((char for char in "dl" if char in dtypes), dtypes[0])


def _kinds(function: Callable[..., object], name: str, span: Span) -> tuple[tuple[str, str], ...]:
    hints = function.__annotations__
    known = getattr(function, "__globals__", {})
    found: list[tuple[str, str]] = []
    for parameter in _parameters(function):
        hint = _evaluated(hints.get(parameter), known)
        kind = get_args(hint)[1] if get_origin(hint) is Annotated else None
        if not isinstance(kind, str) or (kind != AXIS and kind_of(kind) is None):
            choices = ", ".join([*KINDS, *SHAPED, AXIS])
            raise RuleError(f"rule {name}: {parameter} needs a kind", span, instead=f"one of {choices}")
        found.append((parameter, kind))
    return tuple(found)


def _parameters(function: Callable[..., object]) -> tuple[str, ...]:
    """The names of the parameters; `inspect.signature` takes ten times as long."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return tuple(inspect.signature(function).parameters)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _evaluated(hint: object, known: dict[str, object]) -> object:
    """An annotation that is text, as `from __future__ import annotations` makes it."""
    if not isinstance(hint, str):
        return hint
    try:
        return known[hint] if hint in known else eval(hint, known)  # the text is the rule's own source
    except Exception:
        return hint


def _conditions(
    when: Callable[..., object] | None, parameters: dict[str, Pattern], kinds: dict[str, str], name: str, span: Span
) -> tuple[Condition, ...]:
    if when is None:
        return ()
    wanted = _parameters(when)
    if unknown := [one for one in wanted if one not in parameters]:
        raise RuleError(f"rule {name}: `when` asks about {', '.join(unknown)}, which is no variable", span)
    try:
        said = when(**{one: parameters[one] for one in wanted})
    except TypeError as error:
        raise RuleError(f"rule {name}: {error}", span, instead=f"use {', '.join(GUARDS)}") from error
    conditions = cast(tuple[object, ...], said if isinstance(said, tuple) else (said,))
    for one in conditions:
        if not isinstance(one, Condition):
            raise RuleError(
                f"rule {name}: `when` must return guards, not {one}", span, instead=f"use {', '.join(GUARDS)}"
            )
        _check_guard(one, kinds, name, span)
    return cast(tuple[Condition, ...], conditions)


def _check_guard(condition: Condition, kinds: dict[str, str], name: str, span: Span) -> None:
    guard = GUARDS[condition.test]
    for variable in condition.variables:
        kind = kind_of(kinds[variable])
        wrong = kind is None or not set(kind.dtypes) <= set(guard.dtypes)
        wrong = wrong or (guard.of == "constant" and kind is not None and kind.ndim not in (None, 0))
        if wrong:
            raise RuleError(f"rule {name}: {condition} asks a {kinds[variable]} what it cannot know", span)


def _check_worth(worth: Worth | None, parameters: dict[str, Pattern], name: str, span: Span) -> None:
    if worth is None:
        return
    if unknown := [one for one in _parameters(worth) if one not in parameters]:
        raise RuleError(f"rule {name}: `worth` asks about {', '.join(unknown)}, which is no variable", span)


def _span(function: FunctionType) -> Span:
    code = function.__code__
    text = linecache.getline(code.co_filename, code.co_firstlineno).rstrip()
    return Span(code.co_filename, code.co_firstlineno, 0, len(text), text, function.__name__)


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
