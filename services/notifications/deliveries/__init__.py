"""Which notifications are owed, of which events, and whether they arrived.

Owns: the events that somebody is told of, and the delivery log. Others call `commands.tell` with
what happened, and `letters.write` for the words of a mail.
"""
