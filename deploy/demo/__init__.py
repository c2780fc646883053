"""The demonstration: the whole system, real figures of one municipality, generated ones for all
other participants.
"""
