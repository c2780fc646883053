"""What a count of a municipality's workforce says of the built-in metrics: position size, part-time
and full-time work.

`intake` calls `rules.derived` for each figure.
"""
