"""Municipalities through reforms: dated numbers and names, other names, lineage.

Norway's municipalities of 2013 and every change since lie in `reference/` and are registered at the
start. Other subjects may call `rules.membership`, and the store to learn who is registered.
"""
