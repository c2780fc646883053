"""What is made of many looks: how something grows once it has settled, and what most stay below."""

from collections.abc import Sequence

MEBIBYTE = 1 << 20


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much y grows for each x in the second half of x, by least squares; 0 for fewer
    than two places.
    """
    half = points[-1][0] / 2
    late = [point for point in points if point[0] >= half]
    middle = sum(x for x, _ in late) / len(late), sum(y for _, y in late) / len(late)
    spread = sum((x - middle[0]) ** 2 for x, _ in late)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in late) / spread if spread else 0.0


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value that so many of 100 do not exceed; the values are in ascending order."""
    return ordered[len(ordered) * percent // 100]
