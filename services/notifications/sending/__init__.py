"""Sends what is owed until it arrives or is given up.

Owns: leases on subscriptions, tries and their schedule, and the sender, which runs beside the
service. Nobody below it calls it.
"""
