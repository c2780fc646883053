"""Finding out whether databases and log are of the same moment, and making them so; see
`docs/operating.md`.
"""

from deploy.operate.restore.check import Difference, examine
from deploy.operate.restore.repair import repair

__all__ = ["Difference", "examine", "repair"]
