"""The e-graph: the only folder that imports egglog."""
