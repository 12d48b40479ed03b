"""Build the right side of a rule in a read-out e-graph, for what its variables stand for.

Called by `eqsat.egraph.apply`. Where the right side has no meaning it raises `Impossible`.
"""

from __future__ import annotations

from eqsat.egraph.calls import Called
from eqsat.egraph.match import Binding, axes_of, map_of
from eqsat.egraph.terms import Impossible, Number, Ref, Terms
from eqsat.ir.dims import Dim, product
from eqsat.ir.opaque import Opaque
from eqsat.rules.pattern import MOVEMENT, Pattern


def instantiate(pattern: Pattern, binding: Binding, terms: Terms, like: int) -> Ref:
    """The class of the right side, over the shape and in the dtype of class `like`, the left side's."""
    found = _Builder(terms, binding).build(pattern)
    shape, dtype = terms.shape(like), terms.dtype(like)
    if not isinstance(found, Ref):
        found = terms.number(found, dtype)
    if terms.dtype(found) != dtype:
        raise Impossible("the sides have different dtypes")
    if terms.shape(found) == shape:
        return found
    if terms.broadcast([terms.shape(found), shape]) != shape:
        raise Impossible("the right side has another shape")
    return terms.fill(found, shape)


class _Builder:
    def __init__(self, terms: Terms, binding: Binding) -> None:
        self.terms, self.binding = terms, binding

    def build(self, pattern: Pattern) -> Ref | Number | Dim:
        """A class, or a number or size that takes the dtype of its neighbours."""
        terms = self.terms
        match pattern.op:
            case "variable":
                return Ref(self.binding.values[str(pattern.value)])
            case "literal":
                return pattern.value
            case "size":
                return self.size(pattern)
            case "reduce":
                op, axes = pattern.value
                below = self.ref(pattern.args[0])
                wanted = axes_of(axes, len(terms.shape(below)))
                return terms.fold(op, self.binding.axes[axes] if wanted is None else wanted, below, self.binding.folds)
            case "call":
                return self.call(pattern)
            case op if op in MOVEMENT:
                below = self.ref(pattern.args[0])
                view, shape = map_of([pattern], terms.shape(below), self.binding)
                return terms.move(view, shape, below)
            case _:
                return terms.elementwise(pattern.op, [self.build(arg) for arg in pattern.args])

    def ref(self, pattern: Pattern) -> Ref:
        """A class; a number alone has no dtype."""
        found = self.build(pattern)
        if not isinstance(found, Ref):
            raise Impossible(f"{pattern} has no dtype of its own")
        return found

    def size(self, pattern: Pattern) -> Dim:
        shape = self.terms.shape(self.ref(pattern.args[0]))
        if pattern.value is not None:
            return shape[pattern.value]
        return self.terms.tables.same.resolve(product(shape))

    def call(self, pattern: Pattern) -> Ref:
        terms, function = self.terms, pattern.value
        if not isinstance(function, Opaque):
            return terms.call(Called(str(function), None), [self.ref(arg) for arg in pattern.args])
        built = [self.build(arg) for arg in pattern.args]
        args = [
            terms.cast(one, kind.dtype) if isinstance(one, Ref) else terms.number(one, kind.dtype)
            for one, kind in zip(built, function.parameters, strict=True)
        ]
        if function.elementwise:
            shape = terms.broadcast([terms.shape(arg) for arg in args])
            args = [terms.spread(arg, shape) for arg in args]
        return terms.call(Called("opaque", function), args)
