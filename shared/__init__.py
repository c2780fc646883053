"""Contracts and mechanisms that the services share; it knows no service and holds no policy."""
