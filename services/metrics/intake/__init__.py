"""What comes in: figures, and what the registry tells of who takes part with which goals.

The handlers call `commands`; each keeps what came and has everything worked out that it
touches.
"""
