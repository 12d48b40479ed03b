"""The same programs under Numba, NumExpr and JAX, where they are installed; None where a peer cannot run a program."""

from __future__ import annotations

import os
import types
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Any

from bench.rewritten import REWRITTEN


@cache
def package(name: str) -> Any:
    """Numba, NumExpr or JAX, or None if not installed. Each is kept to one thread, as all are measured on one core."""
    if name == "jax":
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    try:
        found = import_module(name)
    except ImportError:
        return None
    if name == "numexpr":
        found.set_num_threads(1)
    if name == "jax":
        found.config.update("jax_enable_x64", True)
        found.config.update("jax_platforms", "cpu")
    return found


def numba_version(
    function: Callable[..., Any], boundscheck: bool = False, fastmath: bool = False
) -> Callable[..., Any] | None:
    """`function` under `numba.njit`, and with it every helper that it calls, which Numba asks its users to do."""
    numba = package("numba")
    if numba is None:
        return None
    njit = numba.njit(boundscheck=boundscheck, fastmath=fastmath)
    assert isinstance(function, FunctionType)
    return njit(_with_jitted_helpers(function, njit, {}))


def _with_jitted_helpers(function: FunctionType, njit: Any, done: dict[str, Any]) -> FunctionType:
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        helper = names.get(name)
        if isinstance(helper, FunctionType) and helper.__module__ == function.__module__:
            if name not in done:
                done[name] = njit(_with_jitted_helpers(helper, njit, done))
            names[name] = done[name]
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def rewritten_for_numba(name: str, fastmath: bool = False) -> Callable[..., Any] | None:
    """The program of that name as its Numba user would write it, where Numba does not compile it as it is."""
    numba = package("numba")
    if numba is None or name not in REWRITTEN:
        return None
    return numba.njit(fastmath=fastmath)(REWRITTEN[name])


def jax_version(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """`function` under `jax.jit` with `jax.numpy` for `np`; arguments become JAX's own once, and results stay so."""
    jax = package("jax")
    if jax is None:
        return None
    assert isinstance(function, FunctionType)
    numpy = import_module("jax.numpy")
    names = {**function.__globals__, "np": numpy}
    compiled = jax.jit(types.FunctionType(function.__code__, names, function.__name__, function.__defaults__))
    converted: dict[int, tuple[Any, Any]] = {}

    def run(*args: Any) -> Any:
        given: list[Any] = []
        for arg in args:
            kept = converted.get(id(arg))
            if kept is None or kept[0] is not arg:
                kept = converted[id(arg)] = arg, numpy.asarray(arg)
            given.append(kept[1])
        return compiled(*given).block_until_ready()

    return run


def numexpr_version(name: str) -> Callable[..., Any] | None:
    """The program of that name as its NumExpr user would write it."""
    numexpr = package("numexpr")
    maker = _NUMEXPR.get(name)
    return None if numexpr is None or maker is None else maker(numexpr.evaluate)


def _erf(x: str) -> str:
    t = f"(1 / (1 + 0.3275911 * abs({x})))"
    series = (
        f"{t} * (0.254829592 + {t} * (-0.284496736 + {t} * (1.421413741 + {t} * (-1.453152027 + {t} * 1.061405429))))"
    )
    return f"where({x} > 0, 1.0, where({x} < 0, -1.0, 0.0)) * (1 - {series} * exp(-({x}**2)))"


def _black_scholes(evaluate: Any) -> Callable[..., Any]:
    def cdf(x: str) -> str:
        return f"(0.5 * (1 + {_erf(f'({x} / sqrt(2.0))')}))"

    def run(S: Any, K: Any, T: Any, r: float = 0.03, sigma: float = 0.2) -> Any:
        d1 = evaluate("(log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))")
        d2 = evaluate("d1 - sigma * sqrt(T)", {"d1": d1, "sigma": sigma, "T": T})
        call = evaluate(
            f"S * {cdf('d1')} - K * exp(-r * T) * {cdf('d2')}", {"S": S, "K": K, "T": T, "r": r, "d1": d1, "d2": d2}
        )
        return call, evaluate("call + K * exp(-r * T) - S", {"call": call, "K": K, "T": T, "r": r, "S": S})

    return run


def _stencil(evaluate: Any) -> Callable[..., Any]:
    def run(u: Any) -> Any:
        names = {"m": u[1:-1, 1:-1], "e": u[1:-1, 2:], "w": u[1:-1, :-2], "s": u[2:, 1:-1], "n": u[:-2, 1:-1]}
        return evaluate("m + 0.1 * (e + w + s + n - 4 * m)", names)

    return run


def _softmax(evaluate: Any) -> Callable[..., Any]:
    def run(x: Any) -> Any:
        powers = evaluate("exp(x - m)", {"x": x, "m": x.max(axis=-1, keepdims=True)})
        return evaluate("powers / total", {"powers": powers, "total": powers.sum(axis=-1, keepdims=True)})

    return run


def _expression(text: str, *names: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda evaluate: lambda *args: evaluate(text, dict(zip(names, args, strict=True)))


_NUMEXPR: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "example": _expression("a * b - 4.1 * a > 2.5 * b", "a", "b"),
    "example_on_six_lines": _expression("a * b - 4.1 * a > 2.5 * b", "a", "b"),
    "polynomial": _expression("((((0.3 * x - 1.2) * x + 2.5) * x - 0.7) * x + 1.1) * x - 4.0", "x"),
    "multiply_add_sum": _expression("sum(a * b + c)", "a", "b", "c"),
    "damped": _expression("exp(-a * b) + c", "a", "b", "c"),
    "broadcast_sine": _expression("sin(x**2) + cos(y**2)", "x", "y"),
    "black_scholes": _black_scholes,
    "gaussian_kernel": lambda evaluate: (
        lambda x, y, width: evaluate(
            "exp(-(x - y) ** 2 / (2 * width**2))", {"x": x[:, None], "y": y[None, :], "width": width}
        )
    ),
    "stencil": _stencil,
    "softmax": _softmax,
}
