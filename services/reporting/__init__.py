"""Reporting: what is owed, and what came in.

Owns: absence figures with every vintage, withdrawals, rounds, obligations, submitted reports.
Consumes: registry.municipality.v1, registry.project.v1, registry.publisher.v1,
    inbound.<orgnr>.figures.v1, inbound.<orgnr>.reports.v1.
Publishes: reporting.figure.v1, reporting.report.v1, receipts.<orgnr>.v1.
"""
