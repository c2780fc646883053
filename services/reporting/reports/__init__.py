"""Reports that are handed in; every version is kept.

The first version decides how late the report was.
"""
