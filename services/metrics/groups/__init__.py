"""Groups of municipalities - projects, cohorts, themes, counties, programmes - and the sums of
their members' figures.

The roster says who belongs where now; `store.hold_roster` keeps it as it is for a transaction.
`commands` plans groups and sums them anew.
"""
