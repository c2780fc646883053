"""Goals: how far a rate has come from its baseline to its target, and when a target was reached or
lost.

Others call `rules.milestones` and the methods of `rules.Goal`; `store` keeps what was last said.
"""
