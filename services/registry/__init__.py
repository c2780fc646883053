"""Who takes part: municipalities through reforms, programmes, projects, publishers.

Owns: municipalities with dated numbers and names, metrics, programmes with cohorts and themes,
projects with members and goals, publishers with their keys.
Consumes: nothing.
Publishes: registry.municipality.v1, registry.programme.v1, registry.metric.v1,
    registry.project.v1, registry.publisher.v1.
"""
