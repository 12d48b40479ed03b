"""A region as an e-graph's first content: every array operation unfused, as NumPy executes it.

An array operation is `store(shape, op(load a, load b))`, a view is an index map over a load and takes no memory, nor
do the parts of complex numbers; an operation on scalars is an element without memory, and a reduction is always stored.
Arguments of commutative loops are put in one order (earlier ones first, constants last), which finds `a*b` and `b*a`
equal without a rule. What overwrites a parameter is stored like a result. Refused: control flow, which the e-graph does
not hold. Called by `eqsat.egraph.optimize`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eqsat.egraph.calls import Called
from eqsat.egraph.graph import ArrayClass, ENode, Folded, Graph, Moved, Stored, Tables
from eqsat.egraph.host import is_quiet
from eqsat.errors import InternalError, UnsupportedError
from eqsat.ir.dims import Dim
from eqsat.ir.nodes import IN_PLACE, Constant, Node, Reduction, loop_of, walk
from eqsat.ir.ops import CALLS, OPS
from eqsat.ir.region import Overwrite, Region
from eqsat.ir.signature import backwards
from eqsat.ir.types import Array, Scalar, shape_of
from eqsat.ir.view import Along, View


@dataclass(slots=True)
class Seeds:
    """The program as it was written.

    `results`: result nodes that are arrays in new memory, with their array class; `scalars`: other results and
    checks, with their element class; `params`: results that are parameters. `overwrites`: what is put into parameters,
    with the array class of its value. Results that are views of parameters need no code. `elements`, `arrays`: the
    classes of every node.
    """

    graph: Graph
    tables: Tables
    results: list[tuple[Node, int]] = field(default_factory=list[tuple[Node, int]])
    scalars: list[tuple[Node, int]] = field(default_factory=list[tuple[Node, int]])
    params: list[Node] = field(default_factory=list[Node])
    overwrites: list[tuple[Overwrite, int]] = field(default_factory=list[tuple[Overwrite, int]])
    elements: dict[Node, int] = field(default_factory=dict[Node, int])
    arrays: dict[Node, int] = field(default_factory=dict[Node, int])


def encode(region: Region) -> Seeds:
    """The seeds of a region."""
    return _Encoder(region).run()


def commutes(name: str, signature: str) -> bool:
    """Whether swapping two arguments keeps the bits: NumPy's complex product rounds its parts differently."""
    op = OPS[name]
    return op.commutative and not any(backwards(signature)) and not (name == "multiply" and signature[0] in "FDG")


def is_view_of_param(node: Node) -> bool:
    """Whether the node is an array in an argument's own memory."""
    while node.op in IN_PLACE and isinstance(node.type, Array):
        node = node.args[0]
    return node.op == "param" and isinstance(node.type, Array)


class _Encoder:
    def __init__(self, region: Region) -> None:
        self.region = region
        self.graph = Graph()
        self.tables = Tables(region)
        self.element_numbers: dict[ENode, int] = {}
        self.array_numbers: dict[tuple[int | None, int, int], int] = {}
        self.arrays: dict[Node, int] = {}
        self.elements: dict[Node, int] = {}
        self.shapes: list[tuple[Dim, ...]] = []

    def run(self) -> Seeds:
        if self.region.body is not None:
            raise InternalError("control flow is not held by the e-graph", self.region.span)
        seeds = Seeds(self.graph, self.tables, elements=self.elements, arrays=self.arrays)
        for node in walk(self.region.roots()):
            if isinstance(node.type, Array | Scalar):
                self.add(node)
        done: set[Node] = set()
        for node in (*self.region.result_nodes(), *self.region.checks):
            if node in done:
                continue
            done.add(node)
            if node.op == "param":
                seeds.params.append(node)
            elif is_view_of_param(node):
                continue
            elif self.shape(node):
                array = self.arrays.get(node)
                if array is None:
                    array = self.store(node, self.elements[node])
                seeds.results.append((node, array))
            else:
                seeds.scalars.append((node, self.elements[node]))
        seeds.overwrites = [(one, self.overwrite(one)) for one in self.region.overwrites]
        self.graph.array_roots = [array for _, array in (*seeds.results, *seeds.overwrites)]
        self.graph.element_roots = [element for _, element in seeds.scalars]
        return seeds

    def overwrite(self, one: Overwrite) -> int:
        """The value, stored with the shape and the order of the elements that it is put into."""
        shape = self.tables.resolved(one.shape)
        element = self.elements[one.value]
        if not self.shape(one.value):
            element = self.move(View((), len(shape)), shape, element)
        order = one.view.order(self.tables.array_type(one.param).layout.order)
        return self.array(None, self.tables.stores.number(Stored(shape, order)), element)

    def add(self, node: Node) -> None:
        match node.op:
            case "param":
                assert isinstance(node.attr, int)
                if isinstance(node.type, Array):
                    self.arrays[node] = self.array(node.attr, 0, 0)
                    self.elements[node] = self.load(node)
                else:
                    self.elements[node] = self.element(ENode("argument", attr=node.attr))
            case "constant":
                assert isinstance(node.attr, Constant)
                data = node.attr
                self.elements[node] = self.element(ENode("constant", data.dtype.char, data.data.hex()))
            case "dim":
                assert isinstance(node.attr, Dim)
                self.elements[node] = self.element(
                    ENode("size", attr=self.tables.sizes.number(self.tables.same.resolve(node.attr)))
                )
            case "view":
                assert isinstance(node.attr, View)
                below = self.elements[node.args[0]]
                self.elements[node] = self.move(self.resolved(node.attr), self.shape(node), below)
            case "real" | "imag":
                self.elements[node] = self.apply(node)
            case "copy":
                self.fresh(node, self.elements[node.args[0]])
            case "reduce":
                assert isinstance(node.attr, Reduction) and isinstance(node.type, Array | Scalar)
                folded = Folded(node.attr, self.shape(node.args[0]), node.type.dtype)
                fold = ENode("fold", attr=self.tables.folds.number(folded), args=(self.elements[node.args[0]],))
                self.arrays[node] = self.store(node, self.element(fold, self.shape(node)))
                self.elements[node] = self.load(node)
            case name if name in CALLS:
                called = self.tables.calls.number(Called(name, node.attr))
                key = self.tables.calls.values[called].key
                call = ENode("call", key, attr=called, args=tuple(self.elements[arg] for arg in node.args))
                self.arrays[node] = self.store(node, self.element(call, self.shape(node)))
                self.elements[node] = self.load(node)
            case _:
                self.fresh(node, self.apply(node))

    def move(self, view: View, shape: tuple[Dim, ...], below: int) -> int:
        """A view of a view is a view of the base from the start, a view of everything nothing at all.

        A view of the parts of complex numbers is the parts of a view of the whole, since parts have no memory.
        """
        part = self.graph.elements[below][0]
        if part.kind == "apply" and part.name in IN_PLACE:
            args = (self.move(view, shape, part.args[0]),)
            return self.element(ENode("apply", part.name, part.signature, args=args), shape)
        while (inner := self.graph.elements[below][0]).kind == "move":
            view = self.tables.moves.values[inner.attr].view.then(view)
            below = inner.args[0]
        if view.is_identity and shape == self.shapes[below]:
            return below
        return self.element(
            ENode("move", attr=self.tables.moves.number(Moved(view, self.shapes[below], shape)), args=(below,)), shape
        )

    def apply(self, node: Node) -> int:
        args = tuple(self.elements[arg] for arg in node.args)
        if node.op not in OPS:
            raise UnsupportedError(f"the operation {node.op} is not known to the optimizer", node.span)
        signature = loop_of(node)
        if len(args) == 2 and commutes(node.op, signature):
            first, second = args
            if (self.is_constant(first), first) > (self.is_constant(second), second):
                args = (second, first)
        return self.element(ENode("apply", node.op, signature, args=args), self.shape(node))

    def is_constant(self, element: int) -> bool:
        return self.graph.elements[element][0].kind == "constant"

    def fresh(self, node: Node, element: int) -> None:
        """The node's value is in new memory, if it is an array that has any.

        A scalar that can raise a floating-point flag is stored too: it must be computed even where the array that it
        goes into has no elements.
        """
        enode = self.graph.elements[element][0]
        heard = enode.kind == "apply" and not is_quiet(enode.name, enode.signature)
        if self.shape(node) or (heard and "." not in enode.name):
            self.arrays[node] = self.store(node, element)
            element = self.load(node)
        self.elements[node] = element

    def load(self, node: Node) -> int:
        return self.element(ENode("load", attr=self.arrays[node]), self.shape(node))

    def store(self, node: Node, element: int) -> int:
        shape = self.shape(node)
        order = node.type.layout.order if isinstance(node.type, Array) else ()
        return self.array(None, self.tables.stores.number(Stored(shape, order)), element)

    def shape(self, node: Node) -> tuple[Dim, ...]:
        """The dimensions, with one name for sizes that the guards make equal."""
        assert isinstance(node.type, Array | Scalar)
        return self.tables.resolved(shape_of(node.type))

    def resolved(self, view: View) -> View:
        return View(tuple(Along(a.axis, self.tables.same.resolve(a.start), a.step) for a in view.axes), view.rank)

    def element(self, enode: ENode, shape: tuple[Dim, ...] = ()) -> int:
        number = self.element_numbers.setdefault(enode, len(self.graph.elements))
        if number == len(self.graph.elements):
            self.graph.elements.append([enode])
            self.shapes.append(shape)
        return number

    def array(self, param: int | None, info: int, element: int) -> int:
        key = (param, info, element)
        number = self.array_numbers.setdefault(key, len(self.graph.arrays))
        if number == len(self.graph.arrays):
            stores = [] if param is not None else [(info, element)]
            self.graph.arrays.append(ArrayClass(param, stores, rank=number))
        return number
