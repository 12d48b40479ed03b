"""Index maps commute with elementwise operations, and compose.

A map that leaves elements out (a slice, or a broadcast along an axis that may have length zero) passes only operations
that raise no floating-point flag, because NumPy would have raised one for an element that nobody reads.

`(Covers m)`: map m reads every element; `(Quiet name signature)`: the loop raises no flag; `space` numbers the shape
over which an `Elem` is defined, 0 for scalars. `(compose m n)` and `(same m)` are facts that the host finds.
"""

from __future__ import annotations

from eqsat.rules.api import Structural

_THROUGH = (
    ("Unary", "a", "(Move m a)"),
    ("Binary", "a b", "(Move m a) (Move m b)"),
    ("Ternary", "a b c", "(Move m a) (Move m b) (Move m c)"),
)


def _through(guard: str) -> str:
    return "\n".join(
        f"(rule ((= l (Move m x)) (= x ({arity} n s {args})) {guard} (!= (space x) 0))"
        f" ((union l ({arity} n s {moved})) $fired) $where)"
        for arity, args, moved in _THROUGH
    )


_SCALARS = (
    ("Binary n s", "(Move m e) b", "e b", "b"),
    ("Binary n s", "a (Move m e)", "a e", "a"),
    ("Ternary n s", "(Move m e) b c", "e b c", "b"),
    ("Ternary n s", "(Move m e) b c", "e b c", "c"),
    ("Ternary n s", "a (Move m e) c", "a e c", "a"),
    ("Ternary n s", "a (Move m e) c", "a e c", "c"),
    ("Ternary n s", "a b (Move m e)", "a b e", "a"),
    ("Ternary n s", "a b (Move m e)", "a b e", "b"),
)

MOVEMENT = (
    Structural(
        "move_through_operation",
        "An elementwise operation on rearranged or repeated elements gives the rearranged or repeated results.",
        _through("(Covers m)"),
        "expand",
    ),
    Structural(
        "slice_through_quiet_operation",
        "An elementwise operation on selected elements gives the selected results; nobody sees the others.",
        _through("(Quiet n s)"),
        "expand",
    ),
    Structural(
        "compose_moves",
        "A view of a view is a view of the base; the detour is not followed any further.",
        """(rule ((= l (Move m x)) (= x (Move n e)) (= k (compose n m)))
        ((union l (Move k e)) (subsume (Move m x)) $fired) $where)""",
        "simplify",
    ),
    Structural(
        "move_identity",
        "A view of everything in its place is the array.",
        """(rule ((= l (Move m e)) (= (space e) (same m))) ((union l e) $fired) $where)""",
        "simplify",
    ),
    Structural(
        "scalar_broadcasts_itself",
        "An operation repeats its scalar operands by itself, wherever another operand gives the shape; the other form"
        " is of no further use.",
        "\n".join(
            f"(rule ((= l ({head} {args})) (= (space e) 0) (= (space l) (space {other})))"
            f" ((union l ({head} {bare})) $fired (subsume ({head} {args}))) $where)"
            for head, args, bare, other in _SCALARS
        ),
        "simplify",
    ),
)
