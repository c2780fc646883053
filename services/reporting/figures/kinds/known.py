"""The kinds that there are."""

from services.reporting.figures.kinds.absence import ABSENCE
from services.reporting.figures.kinds.indicator import INDICATOR
from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.kinds.workforce import WORKFORCE

KINDS = (ABSENCE, WORKFORCE, INDICATOR)

BY_TYPE = {kind.contract.type: kind for kind in KINDS}
"""By the CloudEvents type of what publishers send."""

NEEDED_METRICS = frozenset(
    kind.defining_metric(kind.place_metric) for kind in KINDS if kind.place_metric is not None
)
"""Without these, figures of kinds that name no metric could not be judged."""

_BY_METRIC = {kind.place_metric: kind for kind in KINDS if kind.place_metric is not None}


def kind_of(metric_id: str) -> Kind:
    """Return the kind that figures of a place with this metric are."""
    return _BY_METRIC.get(metric_id, INDICATOR)
