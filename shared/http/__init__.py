"""HTTP doors: problems, limits, strict routes, preconditions, OpenAPI."""
