"""What eqsat says of the parts of Python that it does not compile: one row for each, with what to write instead.

Called by the translation wherever it meets syntax, a builtin or a function that it has no meaning for.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

import numpy as np

from eqsat.errors import UnsupportedError
from eqsat.ir.span import Span

OUTSIDE = "do it outside the jitted function and pass the result in"
WHOLE_ARRAYS = "write it over whole arrays: slices, broadcasting, reductions"

SYNTAX: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Try: ("`try`", "let exceptions pass, and catch them around the call"),
    ast.TryStar: ("`try`", "let exceptions pass, and catch them around the call"),
    ast.With: ("`with`", "put the `with` around the call"),
    ast.Match: ("a pattern of this `match`", "match numbers and strings, with | and _, or use `if`"),
    ast.ClassDef: ("a class", "define it outside"),
    ast.Global: ("`global`", "return the new value"),
    ast.Nonlocal: ("`nonlocal`", "return the new value"),
    ast.Import: ("`import` in a function", "import at the top of the file"),
    ast.ImportFrom: ("`import` in a function", "import at the top of the file"),
    ast.AsyncFunctionDef: ("an `async` function", "use def"),
    ast.AsyncFor: ("`async for`", WHOLE_ARRAYS),
    ast.AsyncWith: ("`async with`", "put the `with` around the call"),
    ast.SetComp: ("a set comprehension", WHOLE_ARRAYS),
    ast.DictComp: ("a dict comprehension", WHOLE_ARRAYS),
    ast.Yield: ("`yield`", "return a tuple"),
    ast.YieldFrom: ("`yield from`", "return a tuple"),
    ast.Await: ("`await`", "await it outside the jitted function and pass the result in"),
    ast.JoinedStr: ("an f-string", "format outside the jitted function"),
    ast.Dict: ("a dict", "use local names or a tuple"),
    ast.Set: ("a set", "use a tuple"),
}

FUNCTIONS: Mapping[object, str] = {
    builtins.print: "print outside the jitted function, or the returned values",
    builtins.range: "use it in the head of a `for` loop",
    builtins.enumerate: "use it in the head of a `for` loop",
    builtins.zip: "use it in the head of a `for` loop",
    builtins.map: WHOLE_ARRAYS,
    builtins.filter: "use np.where",
    builtins.sum: "use np.sum",
    builtins.min: "use np.min over an array, np.minimum of two",
    builtins.max: "use np.max over an array, np.maximum of two",
    builtins.any: "use np.any",
    builtins.all: "use np.all",
    builtins.sorted: "sort outside the jitted function and pass the result in",
    builtins.round: "use np.rint, np.floor or np.ceil",
    builtins.divmod: "use // and %",
    builtins.pow: "use **",
    builtins.list: "use a tuple",
    np.array: "make the array outside the jitted function and pass it in",
    np.vectorize: "call the function on the whole array: jitted code is already elementwise",
    np.copyto: "build a new array, as with np.where",
    np.put: "build a new array, as with np.where",
}


def refused_syntax(node: ast.AST, span: Span) -> UnsupportedError:
    """The error for a piece of syntax."""
    name = type(node).__name__
    what, instead = SYNTAX.get(type(node), (f"this syntax ({name})", OUTSIDE))
    return UnsupportedError(f"{what} is not supported yet", span, instead=instead)


def refused_function(function: object, name: str, span: Span) -> UnsupportedError:
    """The error for a call of a function that is neither in the library nor Python code to be translated."""
    try:
        instead = FUNCTIONS.get(function, "")
    except TypeError:  # unhashable
        instead = ""
    if isinstance(function, type) and not instead:
        what = f"`{name}` makes an object of class {function.__name__}, which is not supported"
        return UnsupportedError(what, span, instead=OUTSIDE)
    return UnsupportedError(f"`{name}` is not supported yet", span, instead=instead or _remedy(function))


def _remedy(function: object) -> str:
    """What to do instead of calling a function of which nothing is known."""
    module = getattr(function, "__module__", None) or getattr(type(function), "__module__", "")
    known = isinstance(module, str) and module.partition(".")[0] in ("builtins", "numpy")
    return OUTSIDE if known else f"{OUTSIDE}, or state its type: eqsat.opaque"
