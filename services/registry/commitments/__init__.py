"""Commitments: the first thing that they do when they get home from a gathering.

Each is one municipality's or project's, has a date, and is kept or dropped with a note. Open ones
are shown at the next gathering; notifications reminds of them.
"""
