"""The stack of two tray cameras says where the simulator really mounts them."""

import pytest

from checkout_bringup.stacks import load_stack
from checkout_core.camera_geometry import NUMBERS, CameraGeometry
from checkout_sim.render.camera import calibration, make_camera


def test_the_stack_knows_where_the_cameras_are():
    parameters = load_stack('sim_two').node('tray_perception').parameters
    numbers = parameters['geometry.calibration']
    for place, name in enumerate(parameters['cameras']):
        said = CameraGeometry.from_numbers(numbers[place * NUMBERS : (place + 1) * NUMBERS])
        real = calibration(make_camera(name, said.width, said.height))
        mounted = CameraGeometry.from_info(said.width, said.height, real.k, real.d, real.position, real.quaternion)
        assert said.numbers() == pytest.approx(mounted.numbers(), abs=1e-4)
    assert len(numbers) == NUMBERS * len(parameters['cameras'])
