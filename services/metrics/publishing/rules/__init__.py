"""`states` what is true of a series at a period · `published` what readers see of it."""
