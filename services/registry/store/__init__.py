"""The registry's tables: rows to domain values and back. The caller owns the transaction."""
