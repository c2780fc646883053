"""What things are called and belong to, as the registry told.

Owns: names of subjects, municipalities with their dated versions, and what projects belong to.
Others call `store.list_names`, `store.list_project_subjects` and `store.list_municipalities`.
"""
