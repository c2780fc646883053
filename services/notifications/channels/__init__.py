"""How a notification leaves the house: put into words, as mail or as a signed webhook, tried until
it is taken.
"""
