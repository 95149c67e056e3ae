"""checkout_sim."""
