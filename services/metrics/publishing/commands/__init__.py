"""Finding the states of series, and telling of those that changed."""
