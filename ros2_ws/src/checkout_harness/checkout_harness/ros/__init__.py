"""What of the harness talks ROS 2: the driver of the graph lane."""
