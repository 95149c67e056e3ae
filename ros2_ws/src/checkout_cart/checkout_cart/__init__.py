"""checkout_cart."""
