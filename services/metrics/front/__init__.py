"""The front page: the programme's municipalities on the map and in a table, compared by the one
definition that most have.
"""
