"""Outages by the clock, and load beyond what is common: `python -m tests.faults.outages`."""
