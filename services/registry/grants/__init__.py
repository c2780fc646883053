"""Grants: the money that the programme gives to projects, year by year.

Conditional grants are marked; sums are told per project, cohort, theme and year. Accounts come with
the financial report.
"""
