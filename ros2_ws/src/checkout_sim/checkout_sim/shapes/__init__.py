"""Package shapes: meshes with UVs, collision primitives and resting poses."""
