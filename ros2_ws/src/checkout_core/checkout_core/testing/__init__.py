"""Helpers for tests of several packages; no node imports them."""
