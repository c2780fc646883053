"""Calendars and news feeds, open to all: the deadlines of reports, and the milestones of goals.

Owns: the entries of the calendars with their sequence numbers, and the news. Calendars are
iCalendar (RFC 5545, RFC 7986), feeds are Atom (RFC 4287). Others call `commands.hear_…`.
"""
