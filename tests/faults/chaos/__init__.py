"""Random faults, seeded, while figures come in: `python -m tests.faults.chaos`."""
