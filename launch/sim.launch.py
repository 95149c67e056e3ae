"""Start the simulated shop: ros2 launch launch/sim.launch.py seed:=7 once:=true (see --show-args)."""

from checkout_bringup.launch_builder import launch_description


def generate_launch_description():
    """Return what the stack `sim` says."""
    return launch_description('sim')
