"""Rankings: who has the best figure of a metric over a window, with ties, and who cannot be ranked.

`commands.get_ranking` reads one; `api` and `pages` show it.
"""
