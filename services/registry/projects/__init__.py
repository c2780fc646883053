"""Local projects: who takes part, what they work on, and the goals that they set themselves.

A project belongs to one programme for ever. Other subjects may look it up in the store.
"""
