"""Metrics: what the figures mean.

Owns: figures by series, groups' sums, states per subject and period, goals and where they stand.
Consumes: reporting.figure.v1, registry.metric.v1, registry.municipality.v1,
    registry.programme.v1, registry.project.v1, registry.publisher.v1.
Publishes: metrics.metric.v1, metrics.milestone.v1.
"""
