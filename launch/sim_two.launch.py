"""Start the simulated shop with two tray cameras: ros2 launch launch/sim_two.launch.py seed:=7 (see --show-args)."""

from checkout_bringup.launch_builder import launch_description


def generate_launch_description():
    """Return what the stack `sim_two` says."""
    return launch_description('sim_two')
