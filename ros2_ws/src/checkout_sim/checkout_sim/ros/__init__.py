"""Nodes of the simulator: scale, truth and customer."""
