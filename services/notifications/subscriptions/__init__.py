"""Who wants to be told of what, over which channel, and in which language.

Owns: subscriptions, and for each the row that says when a sender has to look at it. Others call
`rules.matching`, `store.list_candidates`, and `store.lock_sending` before they add work.
"""
