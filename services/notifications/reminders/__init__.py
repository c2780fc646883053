"""Reminders of reports that are owed: a ladder of steps before and after the due date.

Owns: what is owed as reporting told, the ladders of rounds, and which step somebody was reminded
by. Each step goes once to each person; what has arrived is no longer reminded of. Others call
`commands.hear_reports` and `commands.hear_rounds`.
"""
