"""Start a station on a real camera: ros2 launch launch/checkout.launch.py source:=v4l2:0 (see --show-args)."""

from checkout_bringup.launch_builder import launch_description


def generate_launch_description():
    """Return what the stack `camera` says."""
    return launch_description('camera')
