"""Rules as tables of cases: no servers, no files, no waiting; `make fast` runs these alone."""
