"""Gatherings: when and where, agenda, who comes, panel, seating plan, evaluation.

Numbers of persons are kept and never their names. Commitments look a gathering up in the store.
"""
