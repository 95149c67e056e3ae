"""checkout_perception."""
