"""One module per kind of input; see `tests.hostile` for how to write one."""
