"""Worlds: the tray, random placements, physics, scenarios and timelines."""
