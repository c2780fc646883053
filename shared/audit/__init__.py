"""Who did what, append-only and sealed afterwards."""
