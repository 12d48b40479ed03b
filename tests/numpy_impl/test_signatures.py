"""Every handler reads calls as NumPy's own function does: names, kinds and defaults of its parameters."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from eqsat.errors import PythonRaises, UnsupportedError
from eqsat.frontend.values import Known
from numpy_impl.calls import SignedHandler
from numpy_impl.library import LIBRARY
from tests.builder.building import computed

WITH_SIGNATURE = [
    f
    for f, handler in LIBRARY.functions.items()
    if isinstance(handler, SignedHandler) and getattr(f, "__module__", "").startswith("numpy")
]
NEWER = {"ndmax"}
"""Parameters that not every supported release has; they must not be given."""


def plain(default: object) -> object:
    return default.value if isinstance(default, Known) else default


@pytest.mark.parametrize("function", WITH_SIGNATURE, ids=lambda f: f.__name__)
def test_parameters_are_numpys(function: object) -> None:
    try:
        numpys = inspect.signature(function)  # type: ignore[arg-type]
    except ValueError:
        pytest.skip("NumPy tells no signature of this function")
    ours = LIBRARY.functions[function].__signature__  # type: ignore[attr-defined]
    theirs = [p for name, p in numpys.parameters.items() if name not in NEWER]
    for mine, his in zip(ours.parameters.values(), theirs, strict=True):
        assert mine.name == his.name
        assert mine.kind == his.kind
        assert (mine.default is inspect.Parameter.empty) == (his.default is inspect.Parameter.empty)
        if his.default is not inspect.Parameter.empty:
            assert plain(mine.default) is his.default or plain(mine.default) == his.default


@pytest.mark.parametrize(
    ("function", "kwargs", "named"),
    [
        (np.sum, {"where": np.True_}, None),
        (np.sum, {"where": np.False_}, "where"),
        (np.sum, {"initial": 3}, "initial"),
        (np.add, {"casting": "unsafe"}, "casting"),
        (np.add, {"signature": "dd->d"}, "signature"),
        (np.mean, {"out": 3}, "out"),
        (np.clip, {"a_min": 0, "a_max": 1, "where": False}, "where"),
    ],
)
def test_a_parameter_that_is_not_compiled_is_refused_by_name(function: object, kwargs: dict, named: str | None) -> None:
    operands = 2 if function is np.add else 1

    def build(b, x, s):
        return b.call(function, *[x] * operands, **kwargs)

    if named is None:
        computed(build, np.ones(3))
        return
    with pytest.raises(UnsupportedError, match=f"`{named}`"):
        computed(build, np.ones(3))


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (np.sum, (), {"axes": 1}),
        (np.sum, (0, None, None, False, 0, True, 9), {}),
        (np.exp, (1, 2), {}),
        (np.exp, (), {"axess": 1}),
        (np.add, (), {}),
        (np.sum, (5,), {}),
        (np.sum, ((0, 0),), {}),
        (np.sum, (1.5,), {}),
        (np.transpose, ((0, 0),), {}),
        (np.squeeze, (0,), {}),
        (np.clip, (), {"a_min": 1}),
        (np.max, (), {"dtype": float}),
        (np.broadcast_to, ((4,),), {}),
    ],
)
def test_what_numpy_refuses_is_left_to_numpy(function: object, args: tuple, kwargs: dict) -> None:
    array = np.ones(3)
    with pytest.raises((TypeError, ValueError)):
        function(array, *args, **kwargs)  # type: ignore[operator]
    with pytest.raises(PythonRaises):
        computed(lambda b, x, s: b.call(function, x, *args, **kwargs), array)
