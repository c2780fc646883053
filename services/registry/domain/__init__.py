"""The registry's rules: identity of municipalities through reforms, programmes, projects,
publishers.
"""
