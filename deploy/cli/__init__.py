"""The command line."""

import gc

# Importing makes values that live for ever; looking through them again and again for garbage took a
# quarter of the time that a service needs to start. Batches, too, make tens of thousands of
# short-lived values without cycles.
gc.set_threshold(50_000, 20, 100)
