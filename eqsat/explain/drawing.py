"""Pictures of e-graphs as data for the script of a page, which draws them.

A graph too large to be sent whole is cut at the classes farthest from the results, and says so. Called by
`eqsat.explain.page`.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Sequence

from eqsat.egraph.picture import Box, Picture
from eqsat.explain.links import Links


def drawn(pictures: Sequence[Picture], links: Links, room: int) -> str:
    """JSON that can stand in a script element: one graph for each picture."""
    graphs: list[dict[str, object]] = []
    for number, one in enumerate(pictures):
        share = room // (len(pictures) - number)
        graph = _graph(one, links, share)
        room -= len(_text(graph))
        graphs.append(graph)
    return _text(graphs)


def _text(value: object) -> str:
    """No text within can end the element that it stands in, or begin another one."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _graph(picture: Picture, links: Links, room: int) -> dict[str, object]:
    rules: dict[str, int] = {}
    boxes: dict[int, dict[str, object]] = {}
    for number in _outwards(picture):
        box = _box(picture.boxes[number], rules, links)
        room -= len(_text(box)) + 8
        if room < 0:
            break
        boxes[number] = box
    return {
        "roots": [root for root in picture.roots if root in boxes],
        "boxes": boxes,
        "rules": list(rules),
        "rows": picture.rows,
        "all": len(picture.boxes),
        "stop": picture.stop,
    }


def _outwards(picture: Picture) -> list[int]:
    """The classes in the order of their distance from the results; those that no result is made of come last."""
    order: dict[int, None] = dict.fromkeys(picture.roots)
    waiting = deque(order)
    while waiting:
        for alternative in picture.boxes[waiting.popleft()].alternatives:
            for arg in alternative.args:
                if arg not in order:
                    order[arg] = None
                    waiting.append(arg)
    order.update(dict.fromkeys(range(len(picture.boxes))))
    return list(order)


def _box(box: Box, rules: dict[str, int], links: Links) -> dict[str, object]:
    marks = links.marks(box.spans)
    return {
        "type": f"{box.dtype}[{box.shape}]" if box.shape else box.dtype,
        "kept": box.kept,
        "leaf": box.leaf,
        "shows": marks,
        "lit": [*marks, *links.kernels_of(box.spans)],
        "rules": [rules.setdefault(rule, len(rules)) for rule in box.rules],
        "ways": [
            [
                alternative.label,
                list(alternative.args),
                float(f"{alternative.cost:.4g}") if math.isfinite(alternative.cost) else None,
                alternative.chosen,
                alternative.written,
            ]
            for alternative in box.alternatives
        ],
    }
