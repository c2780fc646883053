"""What a municipality is, how its structure changes, and who bears which number on a day."""
