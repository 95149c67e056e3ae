"""checkout_sensors."""
