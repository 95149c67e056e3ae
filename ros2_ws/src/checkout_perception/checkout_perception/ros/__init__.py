"""ROS side of tray perception: the only modules here that import rclpy and messages."""
