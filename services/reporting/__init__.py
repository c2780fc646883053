"""Reporting: what is owed, and what came in.

Owns: figures of every metric with every vintage, withdrawals, forms, rounds, obligations, submitted
    reports.
Consumes: registry.metric.v1, registry.municipality.v1, registry.project.v1,
    registry.publisher.v1, inbound.<orgnr>.figures.v1, inbound.<orgnr>.reports.v1.
Publishes: reporting.figure.v1, reporting.form.v1, reporting.report.v1, receipts.<orgnr>.v1.
"""
