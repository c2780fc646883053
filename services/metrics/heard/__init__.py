"""What other services told: municipalities, programmes and projects, as they are now and on the
days on which they change.

Others call `store` to read it and `rules` for lives and memberships; `intake` alone writes it.
"""
