"""checkout_bringup."""
