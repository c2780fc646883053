"""A municipality's scoreboard: its months and years, what was reported beside what was computed,
and how many persons more are at work.

`commands.get_board` reads it; `api` and `pages` show it.
"""
