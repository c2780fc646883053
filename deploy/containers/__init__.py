"""Saman in containers: the image, the gateway, the health check, and the secrets of an
installation.
"""
