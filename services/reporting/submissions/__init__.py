"""What comes in from publishers, whatever it is about.

An entry is one submission that came through either door; here it is read by its contract, searched
for data about persons, and answered with a receipt. Every subject that takes submissions uses all
of it.
"""
