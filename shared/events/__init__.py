"""The contracts: one module per producer, and the envelope they share. `docs/contracts/` is
generated from here.
"""
