"""The operators' console: the state of the four services, signing in, and dead letters.

It keeps nothing. Each page asks the services over HTTP, in the operator's name where that is
needed.
"""
