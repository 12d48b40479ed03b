"""The house stands: modules import downwards, without cycles, and strangers are kept in their rooms."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.floors import Import, floor_of, imports, imports_of, modules, our_module, room_of

ALLOWED: dict[str, tuple[str, ...]] = {
    "egglog": ("eqsat.egraph",),
    "llvmlite": ("lowering",),
    "llvmlite.binding": ("lowering.engine",),
    "hypothesis": ("eqsat.testing",),
    "numba": (),
    "numexpr": (),
    "pytest": ("eqsat.testing.plugin",),
    "scipy": (),
    "z3": ("eqsat.rules.proofs",),
}


def under(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def breaks_floors(found: Import) -> bool:
    target = our_module(found.target)
    if target is None or target == found.module:
        return False
    mine, theirs = floor_of(found.module), floor_of(target)
    if mine is None or theirs is None:
        return True
    same_room = room_of(found.module) == room_of(target)
    return theirs > mine if same_room else theirs >= mine


def test_every_module_has_a_floor() -> None:
    assert [module for module in modules() if floor_of(module) is None] == []


def test_imports_go_to_lower_floors_or_stay_in_their_room() -> None:
    assert [str(found) for found in imports() if breaks_floors(found)] == []


def test_an_import_inside_a_function_counts() -> None:
    found = list(imports_of("eqsat.errors", "def f():\n    from eqsat.jit import Dispatcher\n"))
    assert [breaks_floors(one) for one in found] == [True]


def test_an_import_for_typing_counts_for_floors() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lowering.frame\n"
    found = [one for one in imports_of("eqsat.ir.nodes", source) if our_module(one.target)]
    assert [(one.typing_only, breaks_floors(one)) for one in found] == [(True, True)]


def test_no_import_cycles() -> None:
    graph: dict[str, set[str]] = {}
    for found in imports():
        target = our_module(found.target)
        if target and target != found.module:
            graph.setdefault(found.module, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " -> ".join(error.args[1]))


def test_the_code_generator_and_numpys_api_do_not_know_each_other() -> None:
    pairs = {("lowering", "numpy_impl"), ("numpy_impl", "lowering")}
    assert [str(one) for one in imports() if (one.module.split(".")[0], one.target.split(".")[0]) in pairs] == []


def test_one_module_names_all_three_packages() -> None:
    named = {
        module: {one.target.split(".")[0] for one in imports() if one.module == module} & {"lowering", "numpy_impl"}
        for module in modules()
        if module.startswith("eqsat")
    }
    assert [module for module, packages in named.items() if packages] == ["eqsat.compose"]
    assert named["eqsat.compose"] == {"lowering", "numpy_impl"}


@pytest.mark.parametrize("stranger", ALLOWED)
def test_strangers_are_confined(stranger: str) -> None:
    wrong = [
        str(one)
        for one in imports()
        if (one.target == stranger or one.target.startswith(stranger + "."))
        and not under(one.module, ALLOWED[stranger])
    ]
    assert wrong == []
