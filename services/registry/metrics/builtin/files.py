"""Reads the files of the built-in metrics."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

_FOLDER = Path(__file__).parent


def read_builtin() -> dict[str, Metric]:
    """Return the built-in metrics by the SHA-256 of their file.

    Raises:
        OSError, ValueError, KeyError: a file is missing or malformed, so the program is not whole.
    """
    contents = [path.read_bytes() for path in sorted(_FOLDER.glob("*.json"))]
    return {
        hashlib.sha256(content).hexdigest(): metric_of(json.loads(content)) for content in contents
    }


def metric_of(content: Mapping[str, Any]) -> Metric:
    """Return the metric that a file's content, an object as `PUT` takes it, describes."""
    bounds = content["bounds"]
    return Metric(
        metric_id=content["metric_id"],
        names=content["names"],
        unit=content["unit"],
        kind=MetricKind(content["kind"]),
        numerator=_quantity(content["numerator"]),
        denominator=_quantity(content["denominator"]),
        over_time=OverTime(content["over_time"]),
        axes=tuple(Axis(axis["id"], tuple(axis["values"])) for axis in content["axes"]),
        better=Better(content["better"]),
        decimals=content["decimals"],
        minimum=_decimal(bounds["min"]),
        maximum=_decimal(bounds["max"]),
        small_persons=content["small_persons"],
    )


def _quantity(content: Mapping[str, Any] | None) -> Quantity | None:
    return None if content is None else Quantity(content["names"], content["unit"])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
