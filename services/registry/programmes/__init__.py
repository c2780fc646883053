"""A programme as data: its names, cohorts, themes and kinds of report.

Counts that a source claims stand beside those that the data give. Projects look a programme up in
the store; `folder` reads a whole programme from a folder of files.
"""
