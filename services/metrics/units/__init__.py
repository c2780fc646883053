"""What a municipality has beside its published units: a cell like any other, which must not be
small.

`commands.withhold_beside` decides which units' figures are withheld besides the small ones, and
marks them; `series` and `groups` treat marked figures as withheld.
"""
