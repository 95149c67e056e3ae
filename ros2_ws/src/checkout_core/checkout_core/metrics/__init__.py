"""Figures of merit, each with its 95 % interval; definitions in docs and in each module."""
