"""The kinds of figures.

Each is a module that says what its contract calls what all figures have, and which rules it has
beside those of all.

The gate knows `kind.Kind` and the list in `known`, and no kind by name.
"""
