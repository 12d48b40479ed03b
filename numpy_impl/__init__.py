"""NumPy's API in terms of the IR: a private part of eqsat; import `eqsat` instead."""
