"""Reference data of Norway's municipalities, kept as tables that a person can read; see README.md
beside them.
"""
