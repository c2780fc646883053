"""Rules of notifications: who is told what, where a webhook may go, and what follows from a try to
deliver.
"""
