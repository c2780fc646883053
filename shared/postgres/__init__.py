"""The database: pool, transactions, deadlines, locks. Nothing here knows a table."""
