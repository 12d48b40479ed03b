"""The e-graph's vocabulary and rules as egglog text, made once for a book of rules.

There are few constructors: an operation is `(Binary "add" "dd->d" a b)`, so that a new record in `eqsat.ir.ops` needs
nothing here. Rules are generic over dtypes: a table of facts, one row for each dtype of a kind, gives a rule the
signatures that its operations have. Analyses that egglog itself needs (`space`, `dtype`, `value`) do not merge: two
different values for one class stop everything at once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from itertools import product

from eqsat.egraph import properties
from eqsat.egraph.graph import SIZE
from eqsat.ir.nodes import Constant
from eqsat.ir.ops import UFUNCS
from eqsat.rules.api import (
    COMPARISONS,
    KINDS,
    PREDICATES,
    Pattern,
    Rule,
    RuleBook,
    Structural,
    literal,
    type_of,
    variables,
    walk,
)
from eqsat.rules.guards import GUARDS

VOCABULARY = """
(sort Array) (sort Elem)
(constructor Param (i64) Array)
(constructor Store (i64 Elem) Array)
(constructor Load (Array) Elem)
(constructor Const (String String) Elem)
(constructor Literal (String String) Elem)
(constructor Argument (i64) Elem)
(constructor Size (i64) Elem)
(constructor Unary (String String Elem) Elem)
(constructor Binary (String String Elem Elem) Elem)
(constructor Ternary (String String Elem Elem Elem) Elem)
(constructor Move (i64 Elem) Elem)
(constructor Fold (i64 Elem) Elem)
(constructor Call1 (String i64 Elem) Elem)
(constructor Call2 (String i64 Elem Elem) Elem)
(constructor Call3 (String i64 Elem Elem Elem) Elem)
(constructor Call4 (String i64 Elem Elem Elem Elem) Elem)
(function space (Elem) i64 :no-merge)
(function dtype (Elem) String :no-merge)
(function value (Elem) String :no-merge)
(function result (String) String :no-merge)
(function param_space (i64) i64 :no-merge) (function param_dtype (i64) String :no-merge)
(function argument_dtype (i64) String :no-merge)
(function store_space (i64) i64 :no-merge)
(function move_space (i64) i64 :no-merge)
(function fold_space (i64) i64 :no-merge) (function fold_dtype (i64) String :no-merge)
(function compose (i64 i64) i64 :no-merge)
(function same (i64) i64 :no-merge)
(function fill (i64) i64 :no-merge)
(function element_seed (i64) Elem :no-merge) (function array_seed (i64) Array :no-merge)
(relation Covers (i64))
(relation Quiet (String String))
(relation Silent (Elem))
(relation Equals (Elem String))
(relation Known (String Elem))
(relation Gives (String String String))
(relation Keeps (String String String))
(relation Folds (String i64))
(relation OfValues (String))
(relation Implies (String String))
(relation Always (String String))
(relation CastPair (String String String))
(relation Commutes (String String))
(relation Idempotent (String String))
(relation Fired (String Elem))
(ruleset analysis)
(ruleset simplify)
(ruleset expand)
(ruleset commute)
"""

ANALYSES = """
(rule ((= e (Load (Param i))) (= x (param_space i)) (= d (param_dtype i)))
  ((set (space e) x) (set (dtype e) d) (Silent e))
  :ruleset analysis :name "analysis of parameters")
(rule ((= e (Load (Store i x))) (= d (dtype x)) (= y (store_space i))) ((set (space e) y) (set (dtype e) d))
  :ruleset analysis :name "analysis of stores")
(rule ((= e (Load (Store i x))) (Silent x)) ((Silent e)) :ruleset analysis :name "analysis of silent stores")
(rule ((= e (Const c b))) ((set (space e) 0) (set (dtype e) c) CANARY (Silent e))
  :ruleset analysis :name "analysis of constants")
(rule ((= e (Literal v c))) ((set (space e) 0) (set (dtype e) c) (Silent e))
  :ruleset analysis :name "analysis of literals")
(rule ((= e (Argument i)) (= d (argument_dtype i))) ((set (space e) 0) (set (dtype e) d) (Silent e))
  :ruleset analysis :name "analysis of arguments")
(rule ((= e (Size i))) ((set (space e) 0) (set (dtype e) "SIZE") (Silent e))
  :ruleset analysis :name "analysis of sizes")
(rule ((= e (Unary n s a)) (= x (space a)))
  ((set (space e) x)) :ruleset analysis :name "shape of unary operations")
(rule ((= e (Binary n s a b)) (= x (space a)) (= y (space b)))
  ((set (space e) (max x y))) :ruleset analysis :name "shape of binary operations")
(rule ((= e (Ternary n s a b c)) (= x (space a)) (= y (space b)) (= z (space c)))
  ((set (space e) (max x (max y z)))) :ruleset analysis :name "shape of ternary operations")
(rule ((= e (Unary n s a)) (= d (result s))) ((set (dtype e) d)) :ruleset analysis :name "dtype of unary operations")
(rule ((= e (Binary n s a b)) (= d (result s)))
  ((set (dtype e) d)) :ruleset analysis :name "dtype of binary operations")
(rule ((= e (Ternary n s a b c)) (= d (result s)))
  ((set (dtype e) d)) :ruleset analysis :name "dtype of ternary operations")
(rule ((= e (Unary n s a)) (Quiet n s) (Silent a)) ((Silent e)) :ruleset analysis :name "silence of unary operations")
(rule ((= e (Binary n s a b)) (Quiet n s) (Silent a) (Silent b))
  ((Silent e)) :ruleset analysis :name "silence of binary operations")
(rule ((= e (Ternary n s a b c)) (Quiet n s) (Silent a) (Silent b) (Silent c))
  ((Silent e)) :ruleset analysis :name "silence of ternary operations")
(rule ((= e (Move m x)) (= d (dtype x)) (= y (move_space m))) ((set (space e) y) (set (dtype e) d))
  :ruleset analysis :name "analysis of moves")
(rule ((= e (Move m x)) (Silent x)) ((Silent e)) :ruleset analysis :name "silence of moves")
(rule ((= e (Fold f x)) (= y (fold_space f)) (= d (fold_dtype f))) ((set (space e) y) (set (dtype e) d))
  :ruleset analysis :name "analysis of reductions")
"""
"""`Silent`: computing the class raises no floating-point flag, so that nobody hears whether it is computed."""

_SIGNATURES = ("{t}->{t}", "{t}{t}->{t}", "{t}{t}->?", "{t}->?", "?{t}{t}->{t}")
_COLUMNS = ("unary", "binary", "compare", "predicate", "select")


STANDARD_SIGNATURES = frozenset(
    signature.format(t=char) for chars in KINDS.values() for char in chars for signature in _SIGNATURES
)
"""Signatures whose result the declarations state already."""


def declarations(book: RuleBook) -> list[str]:
    """What every e-graph for this book begins with, in small texts: vocabulary, analyses, structural rules.

    Every command keeps the whole text that it was parsed from: one text for all would take ten times as long.
    """
    kinds = "\n".join(
        f"(relation {kind} (String {'String ' * len(_COLUMNS)}))\n(ruleset simplify_{kind})\n(ruleset grow_{kind})"
        for kind in KINDS
    )
    facts = "\n".join(_kind_facts())
    # Under flags, rules may round constants differently: `eqsat.egraph.graph.analyse` allows for that, egglog cannot.
    exact = not any(isinstance(one, Rule) and one.requires for one in book.rules)
    analyses = ANALYSES.replace("SIZE", SIZE.char).replace("CANARY", "(set (value e) (+ c b))" if exact else "")
    texts = "\n".join(text for one in book.rules if isinstance(one, Structural) for text in texts_of(one))
    known = properties.declared(properties.asked(book))
    text = f"{VOCABULARY}{kinds}\n{analyses}{known}\n{facts}\n{texts}\n"
    return ["(" + part for part in text.split("\n(")[1:]]


def needed_rules(book: RuleBook, kinds: Iterable[str], operations: Iterable[str]) -> list[Rule]:
    """The rules that can matter to a program with these kinds of dtypes and operations: each costs time in every one.

    A rule needs the operations of its left side, and brings those of its right side.
    """
    there = set(operations)
    waiting = [part for kind in kinds for part in _heads(book).get(kind, ())]
    found: list[Rule] = []
    while True:
        ready = [(one, right) for one, left, right in waiting if left <= there]
        if not ready:
            return found
        there.update(*(right for _, right in ready))
        taken = dict.fromkeys(one for one, _ in ready)
        found += taken
        waiting = [part for part in waiting if part[0] not in taken]


@functools.lru_cache(maxsize=64)
def _heads(book: RuleBook) -> dict[str, list[tuple[Rule, frozenset[str], frozenset[str]]]]:
    """Elementwise rules by kind, with the operations of their sides; of two-way rules either side will do."""
    found: dict[str, list[tuple[Rule, frozenset[str], frozenset[str]]]] = {}
    for one in book.rules:
        if isinstance(one, Rule) and one.is_elementwise:
            left, right = (frozenset(part.op for part in walk(side) if part.args) for side in (one.left, one.right))
            found.setdefault(one.kind, []).append((one, left, right))
            if one.two_way:
                found[one.kind].append((one, right, left))
    return found


def kinds_of(signatures: Iterable[str]) -> list[str]:
    """The kinds of rules that can matter to a program with these loops."""
    chars = {char for signature in signatures for char in signature}
    return [kind for kind, of_kind in KINDS.items() if chars & set(of_kind)]


def _kind_facts() -> Iterator[str]:
    signatures: dict[str, str] = {}
    for kind, chars in KINDS.items():
        for char in chars:
            row = [signature.format(t=char) for signature in _SIGNATURES]
            signatures.update((signature, signature[-1]) for signature in row)
            yield f'({kind} "{char}" {" ".join(_quoted(signature) for signature in row)})'
    for signature, char in signatures.items():
        yield f'(set (result "{signature}") "{char}")'


def _quoted(text: str) -> str:
    return f'"{text}"'


def literals(book: RuleBook) -> tuple[float | int | bool, ...]:
    """The numbers that left sides ask about, each once."""
    found: dict[str, float | int | bool] = {}
    for one in book.rules:
        if isinstance(one, Rule):
            for part in walk(one.left):
                if part.op == "literal" and isinstance(part.value, bool | int | float):
                    found[repr(part.value)] = part.value
    return tuple(found.values())


def equal_literals(constant: Constant, asked: tuple[float | int | bool, ...]) -> list[str]:
    """Which of the numbers a constant is, to the bit."""
    return [repr(value) for value in asked if literal(value, constant.dtype) == constant]


def texts_of(one: Rule | Structural) -> Iterator[str]:
    """The egglog rules of a rule: several if a commutative operation can be met both ways around."""
    if isinstance(one, Structural):
        where = f':ruleset {one.phase} :name "{one.name}'
        for number, text in enumerate(_split(one.text)):
            yield text.replace("$fired", f'(Fired "{one.name}" l)').replace("$where", f'{where}#{number}"')
        return
    for number, left in enumerate(_variants(one)):
        yield from _rewrite(one, left, str(number))
    if one.two_way:
        for number, left in enumerate(_variants(one.reverse)):
            yield from _rewrite(one.reverse, left, f"back{number}")


_LARGE = 4
"""Operations on a left side."""


def grows(one: Rule) -> bool:
    """Whether a rule can go on for ever, so that it runs once between simplifications, and only on small graphs.

    So do those of approximate algebra whose left side is large: looking for them takes long.
    """
    left, right = (sum(bool(part.args) for part in walk(side)) for side in (one.left, one.right))
    return one.two_way or right > left or (bool(one.requires) and (right == left or left >= _LARGE))


def _split(text: str) -> list[str]:
    """Top-level forms: each begins with `(rule` at the start of a line."""
    return ["(rule" + part for part in text.split("(rule")[1:]]


def _variants(one: Rule) -> list[Pattern]:
    """The left side, met every way around; without those that are another one with the variables renamed."""
    found: dict[str, Pattern] = {}
    for left in _mirrored(one.left, one):
        found.setdefault(_renamed(one, left), left)
    return list(found.values())


def _renamed(one: Rule, left: Pattern) -> str:
    """The rule as text that does not know the names of variables, nor the order of operands on the right side."""
    names: dict[str, str] = {}
    conditions: dict[str, list[str]] = {}
    for condition in one.when:
        conditions.setdefault(condition.variable, []).append(condition.test)
    kinds = dict(one.kinds)

    def text(pattern: Pattern, ordered: bool) -> str:
        if pattern.op == "variable":
            name = str(pattern.value)
            return names.setdefault(name, f"v{len(names)}:{kinds[name]}:{conditions.get(name)}")
        args = [text(arg, ordered) for arg in pattern.args]
        if not ordered and _commutes(one, pattern):
            args.sort()
        return f"{pattern.op}({pattern.value!r};{','.join(args)})"

    first = text(left, ordered=True)
    return f"{first}={text(one.right, ordered=False)}"


def _commutes(one: Rule, pattern: Pattern) -> bool:
    op = UFUNCS.get(pattern.op)
    return op is not None and op.commutative and not (pattern.op == "multiply" and one.kind in ("Complex", "Number"))


def _mirrored(pattern: Pattern, one: Rule) -> list[Pattern]:
    choices = [_mirrored(arg, one) for arg in pattern.args]
    found: list[Pattern] = []
    for args in product(*choices):
        orders = [args]
        if _commutes(one, pattern):
            first, second = args
            if second.op != "literal" and not _is_constant(second, one) and not first.same(second):
                orders.append((second, first))
        found += [Pattern(pattern.op, tuple(order), pattern.value) for order in orders]
    return found


def _is_constant(pattern: Pattern, one: Rule) -> bool:
    """Constants stand right of commutative operations already in the encoding."""
    return pattern.op == "variable" and any(
        condition.variable == pattern.value and GUARDS[condition.test].of == "constant" for condition in one.when
    )


def _rewrite(one: Rule, left: Pattern, number: str) -> Iterator[str]:
    facts: list[str] = []
    # A class that is a part of itself (0 = 0 c, x = x/2 + x/2) lets a rule of approximate algebra gather without end.
    inner: dict[str, set[str]] | None = {} if one.requires and one.right.args else None
    body = _term(one, left, facts, matching=True, inner=inner)
    facts.insert(0, f"(= l {body})")
    facts += [f"(!= {part} {below})" for part, parts in (inner or {}).items() for below in sorted(parts)]
    if one.kind != "Bool":
        used = _columns(one)
        row = " ".join(column if column in used else "_" for column in ("t", *_COLUMNS))
        facts.append(f"({one.kind} {row})")
    facts += [f'(Known "{condition.test}" v_{condition.variable})' for condition in one.when]
    silent = () if one.requires else one.dropped  # who grants freedoms does not listen for flags
    facts += [f"(Silent v_{name})" for name in silent]
    right = _term(one, one.right, [], matching=False)
    fired = f'(Fired "{one.name}" l)'
    # What is a part of itself, or a number, is of no further use: rules that match it would build on it without end
    # (x 0 = 0 alone lets a common factor 0 be taken out of any two terms, and then out of all of their sums).
    done = f" (subsume {body})" if one.right.op in ("variable", "literal") else ""
    ruleset = f"{'grow' if grows(one) else 'simplify'}_{one.kind}"

    def text(guard: str, result: str, suffix: str) -> str:
        name = f'"{one.name}#{number}{suffix}"'
        actions = f"(union l {result}) {fired}{done}"
        return f"(rule ({' '.join(facts)} {guard}) ({actions}) :ruleset {ruleset} :name {name})"

    kept = sorted(set(variables(one.right)))
    if not kept:
        yield text("(= (space l) 0)", right, " of scalars")
        yield text("(= m (fill (space l)))", f"(Move m {right})", " of arrays")
    elif not one.dropped:
        yield text("", right, "")
    else:  # the shape of the left side must not hang on what is dropped: some variable that is kept has it
        for variable in kept:
            yield text(f"(= (space l) (space v_{variable}))", right, f" shaped by {variable}")


def _term(
    one: Rule,
    pattern: Pattern,
    facts: list[str],
    matching: bool,
    inner: dict[str, set[str]] | None = None,
    root: bool = True,
) -> str:
    """The pattern as an egglog term; what else it asks is added to `facts`.

    With `inner` every part gets a name, which is added there with the names of what is below it.
    """
    if pattern.op == "variable":
        return f"v_{pattern.value}"
    type_ = type_of(one, pattern)
    if pattern.op == "literal":
        value = repr(pattern.value)
        if matching:
            name = f"k{len(facts)}"
            facts.append(f'(Equals {name} "{value}")')
            return name
        return f'(Literal "{value}" {"t" if type_ == "T" else _quoted("?")})'
    args = " ".join(_term(one, arg, facts, matching, inner, root=False) for arg in pattern.args)
    arity = {1: "Unary", 2: "Binary", 3: "Ternary"}[len(pattern.args)]
    term = f'({arity} "{pattern.op}" {_signature(one, pattern)} {args})'
    if inner is None:
        return term
    name = "l" if root else f"p{len(inner)}"
    direct = [arg for arg in args.split() if arg[0] in "vp"]
    inner[name] = {below for arg in direct for below in (arg, *inner.get(arg, ()))}
    if root:
        return term
    facts.append(f"(= {name} {term})")
    return name


def _signature(one: Rule, pattern: Pattern) -> str:
    column = _column(pattern)
    if type_of(one, pattern.args[-1]) == "T":
        return column
    return _quoted(_SIGNATURES[_COLUMNS.index(column)].format(t="?"))


def _column(pattern: Pattern) -> str:
    if pattern.op == "select":
        return "select"
    if pattern.op in COMPARISONS:
        return "compare"
    if pattern.op in PREDICATES:
        return "predicate"
    return "unary" if len(pattern.args) == 1 else "binary"


def _columns(one: Rule) -> set[str]:
    used: set[str] = set()
    for side in (one.left, one.right):
        for part in walk(side):
            if part.args and type_of(one, part.args[-1]) == "T":
                used.add(_column(part))
            elif part.op == "literal" and type_of(one, part) == "T":
                used.add("t")
    return used
