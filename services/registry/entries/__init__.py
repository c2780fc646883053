"""What all entries of the registry share, whatever they are.

An entry has an id that its client chose, names in several languages, a version that rises with
every change, and a `PUT` that may be repeated. Every other subject stands on this one and may call
all of it.
"""
