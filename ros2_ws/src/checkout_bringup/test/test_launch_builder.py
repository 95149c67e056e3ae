"""The launch builder, against a stand-in for launch, which is on no package index."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from checkout_bringup import launch_builder
from checkout_bringup.stacks import load_stack, read_arguments, stack_names
from checkout_core.errors import CheckoutError

RUNNING, ENDING = SimpleNamespace(is_shutdown=False), SimpleNamespace(is_shutdown=True)


class Recorded(SimpleNamespace):
    """Keep what a launch class was built with."""

    def __init__(self, *args, **kwargs):
        super().__init__(args=args, **kwargs)


@pytest.fixture
def launch(monkeypatch):
    """Put modules of the names of launch in place whose classes only record."""
    content = {
        'launch': ('LaunchDescription',),
        'launch.actions': ('DeclareLaunchArgument', 'OpaqueFunction', 'SetEnvironmentVariable', 'Shutdown'),
        'launch_ros': (),
        'launch_ros.actions': ('Node',),
        'launch_ros.parameter_descriptions': ('ParameterValue',),
    }
    for name, classes in content.items():
        module = ModuleType(name)
        for cls in classes:
            setattr(module, cls, type(cls, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(launch_builder, 'parameter_file', lambda node: f'/share/{node.parameter_file}')


def entities(description, kind):
    return [entity for entity in description.args[0] if type(entity).__name__ == kind]


def nodes(description, **given):
    """Let launch's OpaqueFunction run with the declared defaults and some arguments given; return the nodes by name."""
    values = {entity.args[0]: entity.default_value for entity in entities(description, 'DeclareLaunchArgument')}
    context = SimpleNamespace(launch_configurations={**values, **given})
    (start,) = entities(description, 'OpaqueFunction')
    return {node.name: node for node in start.function(context)}


@pytest.mark.parametrize('stack', stack_names())
def test_every_argument_of_the_stack_is_a_launch_argument(launch, stack):
    declared = {e.args[0]: e for e in entities(launch_builder.launch_description(stack), 'DeclareLaunchArgument')}
    assert list(declared) == [*(argument.name for argument in read_arguments(stack)), 'host', 'once']
    for argument in read_arguments(stack):
        assert declared[argument.name].description == argument.doc
        # Only what has to be given has no default.
        assert (declared[argument.name].default_value is None) == (argument.default is None and not argument.optional)


def test_launch_starts_what_the_stack_says(launch):
    made = nodes(launch_builder.launch_description('sim'), seed='7', namespace='/other')
    stack = load_stack('sim', {'seed': 7, 'namespace': '/other'})
    assert list(made) == [node.name for node in stack.nodes]
    for node in stack.nodes:
        one = made[node.name]
        assert (one.package, one.executable, one.namespace) == (node.package, node.executable, '/other')
        file, parameters = one.parameters
        assert file == f'/share/{node.parameter_file}'
        plain = {key: value.args[0] if hasattr(value, 'args') else value for key, value in parameters.items()}
        assert plain == dict(node.parameters)
        assert one.remappings == list(node.remappings)
    assert 'seed=7' in made['tray_camera_top'].parameters[1]['source'].args[0]


def test_host_roles_select_nodes(launch):
    description = launch_builder.launch_description('sim')
    edge, server = nodes(description, host='edge'), nodes(description, host='server')
    assert set(server) == {'cart'}
    assert not set(edge) & set(server)


ENDS = [
    ('a death of a node is cured by a new start', 'cart', 1, 'false', False),
    ('what the user must mend ends all', 'cart', 2, 'false', True),
    ('a required node that just ends, ends all', 'cart', 0, 'false', True),
    ('the job is done, and once was asked for', 'sim_customer', 0, 'true', True),
    ('the job is done, and all goes on', 'sim_customer', 0, 'false', False),
    ('the job failed', 'sim_customer', 1, 'false', True),
    ('one can do without the truth', 'truth', 2, 'false', False),
]


@pytest.mark.parametrize(
    ('name', 'status', 'once', 'stops'), [case[1:] for case in ENDS], ids=[case[0] for case in ENDS]
)
def test_ends_of_nodes(launch, name, status, once, stops):
    node = nodes(launch_builder.launch_description('sim'), once=once)[name]
    answer = node.on_exit(SimpleNamespace(returncode=status), RUNNING)
    assert [type(action).__name__ for action in answer] == (['Shutdown'] if stops else [])


def test_a_node_that_keeps_dying_ends_all(launch):
    cart = nodes(launch_builder.launch_description('sim'))['cart']
    tries = load_stack('sim').node('cart').restart.max_tries
    assert (cart.respawn, cart.respawn_max_retries) == (True, tries)
    answers = [bool(cart.on_exit(SimpleNamespace(returncode=1), RUNNING)) for _ in range(tries + 1)]
    assert answers == [False] * tries + [True]


def test_ends_during_the_shutdown_mean_nothing(launch):
    cart = nodes(launch_builder.launch_description('sim'))['cart']
    assert cart.on_exit(SimpleNamespace(returncode=2), ENDING) == []


def test_the_user_s_environment_is_kept(launch, monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    monkeypatch.delenv('FASTRTPS_DEFAULT_PROFILES_FILE', raising=False)
    names = [e.args[0] for e in entities(launch_builder.launch_description('sim'), 'SetEnvironmentVariable')]
    assert 'FASTRTPS_DEFAULT_PROFILES_FILE' in names
    assert 'ROS_AUTOMATIC_DISCOVERY_RANGE' not in names


def test_a_machine_without_launch_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, 'launch', None)
    with pytest.raises(CheckoutError, match='scripts/checkout up starts the same nodes'):
        launch_builder.launch_description('sim')


FILES = sorted((Path(__file__).resolve().parents[4] / 'launch').glob('*.launch.py'))


@pytest.mark.parametrize('path', FILES, ids=[path.name for path in FILES])
def test_launch_files_load(launch, path):
    spec = spec_from_file_location(path.stem.replace('.', '_'), path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert entities(module.generate_launch_description(), 'OpaqueFunction')
