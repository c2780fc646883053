"""Figures with every vintage, the series that they form, and the rates of a series' windows.

A series is a subject, a metric and a definition. Others lock and write it through `store`, and work
out windows with `rules.windows`. What is to be worked out is a `rules.plans.Plan`.
"""
