"""From a stack to commands and environments."""

from pathlib import Path

import pytest

from checkout_bringup import environment
from checkout_bringup.stacks import NodeSpec, Stack
from checkout_core.errors import CheckoutError


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Make an install prefix with one package `p` and one executable `e`."""
    for file in ('share/ament_index/resource_index/packages/p', 'lib/p/e', 'share/p/config/e.param.yaml'):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / 'lib/p/e').chmod(0o755)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')
    return tmp_path


def stack(**options):
    node = NodeSpec('camera', 'p', 'e', **options)
    return Stack('s', 's', '/station_1', (), {}, (node,))


def test_a_node_becomes_a_command(built):
    parameters = {'source': 'images:/a b', 'rate_hz': 5.0, 'loop': True, 'seed': 7, 'list': ['1', '2']}
    spec = stack(
        parameters=parameters,
        remappings=(('image', 'tray/image'),),
        env={'A': 'b'},
        parameter_file='config/e.param.yaml',
    )
    (program,) = environment.programs(spec, {'PATH': '/bin'})
    assert program.command == (
        str(built / 'lib/p/e'), '--ros-args', '-r', '__node:=camera', '-r', '__ns:=/station_1',
        '--params-file', str(built / 'share/p/config/e.param.yaml'),
        '-p', 'source:="images:/a b"', '-p', 'rate_hz:=5.0', '-p', 'loop:=true', '-p', 'seed:=7',
        '-p', 'list:=["1", "2"]', '-r', 'image:=tray/image',
    )  # fmt: skip
    assert program.env == {'PATH': '/bin', 'A': 'b'}


CASES = [
    ('a package that is not built', {'package': 'q'}, 'Package q is not built'),
    ('an executable that is not there', {'executable': 'f'}, "no executable 'f'"),
    ('a parameter file that is not there', {'parameter_file': 'config/none.yaml'}, 'is not there'),
]


@pytest.mark.parametrize(('change', 'message'), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_not_built_is_explained(built, change, message):
    node = NodeSpec(**{'name': 'camera', 'package': 'p', 'executable': 'e', **change})
    with pytest.raises(CheckoutError, match=message):
        environment.programs(Stack('s', 's', '/s', (), {}, (node,)), {})


def test_the_environment_keeps_what_the_user_chose(tmp_path):
    ours = environment.ros_environment({'HOME': str(tmp_path)}, 46)
    assert ours['ROS_DOMAIN_ID'] == '46'
    assert ours['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert ours['FASTRTPS_DEFAULT_PROFILES_FILE'] == ours['FASTDDS_DEFAULT_PROFILES_FILE'] == environment.dds_profile()
    theirs = environment.ros_environment(
        {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET', 'ROS_DOMAIN_ID': '1', 'HOME': str(tmp_path)}, 46
    )
    assert (theirs['ROS_AUTOMATIC_DISCOVERY_RANGE'], theirs['ROS_DOMAIN_ID']) == ('SUBNET', '46')


LOGS = [
    ('a home folder that can be written', {'HOME': 'TMP'}, None),
    ('one that cannot', {'HOME': '/proc/none'}, 'TMP/run/log'),
    ('a folder that the user chose', {'HOME': '/proc/none', 'ROS_LOG_DIR': '/logs'}, '/logs'),
    ('a home of ROS that the user chose', {'HOME': '/proc/none', 'ROS_HOME': '/ros'}, None),
]


@pytest.mark.parametrize(('base', 'folder'), [case[1:] for case in LOGS], ids=[case[0] for case in LOGS])
def test_ros_has_a_folder_for_its_logs(tmp_path, monkeypatch, base, folder):
    monkeypatch.setenv('CHECKOUT_RUNTIME_DIR', str(tmp_path / 'run'))
    env = environment.ros_environment({k: v.replace('TMP', str(tmp_path)) for k, v in base.items()}, 46)
    assert env.get('ROS_LOG_DIR') == (folder and folder.replace('TMP', str(tmp_path)))


def test_the_profile_is_a_file_that_can_be_read():
    assert '<type>SHM</type>' in Path(environment.dds_profile()).read_text(encoding='utf-8')
