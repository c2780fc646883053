"""What runs and operates Saman: the command line, one machine, containers, and the client for
others. Knows the services; they know nothing of it.
"""
