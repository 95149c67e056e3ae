"""ROS side of bringup: an observer of a running station, and a view of its topics."""
