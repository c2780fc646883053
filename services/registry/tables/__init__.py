"""The sources' tables, as they come out of the data, beside what the sources claim.

Nothing is kept here: each table is counted from projects, programmes and municipalities when it is
asked for. Where the two differ, both are shown and neither is mended.
"""
