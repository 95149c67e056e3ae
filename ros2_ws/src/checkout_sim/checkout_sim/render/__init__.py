"""Rendering: EGL context, shaders, materials, lights, cameras and the sensor behind the lens."""
