"""What is kept of what the registry told: municipalities with their numbers, projects with their
members.

Others may read the store, lock municipalities through it, and call `commands.keep_projects`.
"""
