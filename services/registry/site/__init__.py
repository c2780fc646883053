"""The programme's own pages: who takes part, what they do, where they meet, what came of it.

It keeps nothing and reads every other subject of the registry. All of it is open.
"""
