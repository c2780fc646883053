"""Tests that open the pages in a real browser."""
