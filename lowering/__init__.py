"""Loop nests, LLVM and run time: a private part of eqsat; import `eqsat` instead."""
