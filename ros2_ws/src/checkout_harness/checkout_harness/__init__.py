"""Replay recorded checkouts in lock step, compare them with the truth, report and gate."""
