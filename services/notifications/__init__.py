"""Who gets told: mail and webhooks about milestones, reports and metrics.

Owns: subscriptions, deliveries, and what things are called and belong to, as the registry told.
Consumes: metrics.metric.v1, metrics.milestone.v1, reporting.report.v1, registry.municipality.v1,
registry.project.v1, registry.programme.v1.
Publishes: notifications.delivery.v1.
"""
