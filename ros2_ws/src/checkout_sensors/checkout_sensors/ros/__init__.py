"""The camera node; the only folder of this package that imports rclpy and messages."""
