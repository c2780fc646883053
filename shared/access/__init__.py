"""Who comes in and what they may do: keys, and the one function that decides."""
