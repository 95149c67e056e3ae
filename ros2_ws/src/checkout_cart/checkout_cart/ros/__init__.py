"""The node of the cart; the only folder of this package that imports rclpy and messages."""
