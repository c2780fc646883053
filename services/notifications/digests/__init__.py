"""Digests: all that a subscription is told of on a day or in a week, in one mail.

What stands in a digest is owed and kept like any other delivery; its time is the same for all, so
the sender takes all of them together and calls `letters.write`.
"""
