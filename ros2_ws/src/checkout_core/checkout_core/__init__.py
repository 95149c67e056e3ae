"""checkout_core."""
