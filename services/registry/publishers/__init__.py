"""Organisations whose systems post figures: for whom they may speak, and their keys.

What is told of them travels to every service, which then checks keys by itself.
"""
