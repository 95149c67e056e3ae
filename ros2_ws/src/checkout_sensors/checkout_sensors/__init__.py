"""Cameras of the checkout: sources of pictures, one pipeline, one node.

`sources` opens what gives pictures (a simulator, a file, a folder, a device, a stream), `pipeline` limits the rate,
reconnects, encodes and counts, and `ros.camera_node` publishes. Only `ros/` imports ROS.
"""
