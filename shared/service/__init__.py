"""A running service: settings, health, supervision, telemetry, operators' routes."""
