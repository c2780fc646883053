"""Metrics' tables: rows to values and back. The caller owns the transaction."""
