"""Networks: projects of one programme that learn from each other.

A network has members for a time, themes, cohorts and goals in words; who leads it is a role of a
person. Gatherings look it up in the store.
"""
