"""What the programme learned: good examples, publications, films, knowledge status, challenges.

Each names its source, and the themes, projects and measures that it is about. A challenge may be
lifted to the national level and answered.
"""
