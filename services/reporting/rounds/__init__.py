"""Calls for reports, and what each project owes because of them.

A round makes one obligation for each project that it concerns, and the calendar turns obligations
due and overdue. Reports lock obligations and settle them through the store.
"""
