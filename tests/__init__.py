"""How many made-up examples each property is tried with: a hundred, or a handful where somebody
waits (`make fast`).

Nothing fails for being slow: that would say something of a busy machine, and nothing of the
property.
"""

import os

from hypothesis import HealthCheck, settings

_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", _PATIENT, max_examples=100)
settings.register_profile("quick", _PATIENT, max_examples=5, database=None)
settings.load_profile(os.environ.get("SAMAN_EXAMPLES", "thorough"))
