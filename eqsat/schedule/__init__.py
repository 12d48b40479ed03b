"""From a function's statements in order to a routine: what is computed when, and which array work runs as a whole."""
