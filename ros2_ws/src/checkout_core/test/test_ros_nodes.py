"""Parameters, diagnostics and lifecycle nodes, in one process."""

import sys

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node

from checkout_core.errors import CheckoutError
from checkout_core.ros import parameters
from checkout_core.ros.diagnostics import DiagnosticsReporter
from checkout_core.ros.lifecycle import ManagedNode
from checkout_core.testing.example_config import ExampleConfig, ExampleTracker


@pytest.fixture
def make(ros, monkeypatch):
    """Give a function that makes a node with the given arguments on its command line."""
    made = []

    def build(*arguments, cls=Node, name='cart', **keywords):
        monkeypatch.setattr(sys, 'argv', ['node', '--ros-args', *arguments])
        node = cls(name, cli_args=['--ros-args', *arguments], **keywords)
        made.append(node)
        return node

    yield build
    for node in made:
        node.destroy_node()


def test_without_a_file_the_defaults_hold(make):
    node = make()
    assert parameters.declare(node, ExampleConfig) == ExampleConfig()
    assert node.get_parameter('tracker.max_age_s').value == 0.5
    assert node.get_parameter('cameras').value == ['top', 'oblique']


def test_a_prefix_comes_before_the_names(make):
    node = make('-p', 'top.max_age_s:=2')
    assert parameters.declare(node, ExampleTracker, 'top') == ExampleTracker(max_age_s=2.0)
    assert parameters.declare(node, ExampleTracker, 'oblique') == ExampleTracker()
    assert node.get_parameter('top.max_age_s').value == 2.0
    with pytest.raises(CheckoutError, match=r"'bad\.min_hits' in the command line"):
        parameters.declare(make('-p', 'bad.min_hits:=0', name='other'), ExampleTracker, 'bad')


def test_descriptors_say_what_the_fields_say(make):
    node = make()
    parameters.declare(node, ExampleConfig)
    age = node.describe_parameter('tracker.max_age_s')
    assert age.description == 'How long a track lives without a detection.'
    assert (age.floating_point_range[0].from_value, age.floating_point_range[0].to_value) == (0.0, 10.0)
    hits = node.describe_parameter('tracker.min_hits')
    assert hits.integer_range[0].from_value == 1
    assert 'openvino' in node.describe_parameter('runtime').additional_constraints
    assert 'at least 0' in node.describe_parameter('zones_m').additional_constraints
    assert age.read_only, 'a parameter is read once; setting it later would change nothing'


GOOD = [
    ('runtime:=openvino', 'runtime', 'openvino'),
    ('debug:=true', 'debug', True),
    ('cameras:=[left]', 'cameras', ('left',)),
    ('cameras:=[]', 'cameras', ('top', 'oblique')),  # ROS cannot say of an empty list what it is a list of
    ('zones_m:=[0.1, 0.2]', 'zones_m', (0.1, 0.2)),
    ('zones_m:=[1, 2]', 'zones_m', (1.0, 2.0)),
]


@pytest.mark.parametrize(('argument', 'field', 'value'), GOOD)
def test_values_come_from_the_command_line(make, argument, field, value):
    node = make('-p', argument)
    assert getattr(parameters.declare(node, ExampleConfig), field) == value


@pytest.mark.parametrize('text', ['0', '10', '0.0', '10.0', '3'])
def test_bounds_are_inclusive_and_whole_numbers_are_numbers(make, text):
    node = make('-p', f'tracker.max_age_s:={text}')
    assert parameters.declare(node, ExampleConfig).tracker.max_age_s == float(text)
    assert node.get_parameter('tracker.max_age_s').value == float(text)
    assert type(node.get_parameter('tracker.max_age_s').value) is float, 'others that ask ROS get a float too'
    assert node.describe_parameter('tracker.max_age_s').floating_point_range, 'the range holds for both spellings'


BAD = [
    ('tracker.max_age_s:=10.5', 'a number, 0 to 10, not 10.5'),
    ('tracker.max_age_s:=11', 'a number, 0 to 10, not 11'),
    ('tracker.max_age_s:=long', 'not long'),
    ('tracker.max_age_s:=.nan', 'not nan'),
    ('tracker.min_hits:=0', 'at least 1, not 0'),
    ('tracker.min_hits:=1.5', 'a whole number'),
    ('runtime:=tflite', 'one of fake, onnxruntime, openvino, not tflite'),
    ('debug:=1', 'true or false'),
    ('zones_m:=[-0.1]', 'at least 0'),
    ('zones_m:=[a]', 'a list of numbers'),
    ('cameras:=top', 'a list of texts'),
]


@pytest.mark.parametrize(('argument', 'pattern'), BAD)
def test_bad_values_name_parameter_bounds_and_source(make, argument, pattern):
    with pytest.raises(CheckoutError, match=pattern) as caught:
        parameters.declare(make('-p', argument), ExampleConfig)
    assert f"'{argument.split(':=')[0]}' in the command line" in str(caught.value)


def test_bad_values_in_a_file_name_the_file(make, tmp_path):
    path = tmp_path / 'cart.param.yaml'
    text = parameters.write_param_yaml(ExampleConfig, 'cart')
    path.write_text(text.replace('max_age_s: 0.5', 'max_age_s: 99.0'), encoding='utf-8')
    with pytest.raises(CheckoutError, match=r"'tracker\.max_age_s' in .*/cart\.param\.yaml must be a number, 0 to 10"):
        parameters.declare(make('--params-file', str(path)), ExampleConfig)


@pytest.mark.parametrize('namespace', ['', '/station_1', '/a/b'])
def test_the_generated_file_is_read_by_ros_in_any_namespace(make, tmp_path, namespace):
    path = tmp_path / 'cart.param.yaml'
    text = parameters.write_param_yaml(ExampleConfig, 'cart')
    path.write_text(text.replace('min_hits: 3', 'min_hits: 5'), encoding='utf-8')
    node = make('--params-file', str(path), namespace=namespace)
    assert parameters.declare(node, ExampleConfig) == ExampleConfig(tracker=ExampleTracker(min_hits=5))


SECTIONS = [('cart', True), ('/station_1/cart', True), ('/**', True), ('/**/cart', True), ('/*/cart', True),
            ('scale', False), ('/**/scale', False)]  # fmt: skip


@pytest.mark.parametrize(('section', 'ours'), SECTIONS)
def test_the_source_is_the_file_whose_section_names_the_node(make, tmp_path, section, ours):
    path = tmp_path / 'x.yaml'
    path.write_text(f'{section}:\n  ros__parameters:\n    tracker: {{max_age_s: 1.0}}\n', encoding='utf-8')
    node = make(namespace='' if section == 'cart' else '/station_1')
    arguments = ['--ros-args', '--params-file', str(path)]
    assert parameters.source_of(node, 'tracker.max_age_s', arguments) == (str(path) if ours else '')
    assert parameters.source_of(node, 'runtime', arguments) == ''
    assert parameters.source_of(node, 'tracker.max_age_s', [*arguments, '-p', 'cart:tracker.max_age_s:=2']) == (
        'the command line'
    )


def test_a_file_that_cannot_be_read_is_no_source(make, tmp_path):
    node = make()
    assert parameters.source_of(node, 'runtime', ['--params-file', str(tmp_path / 'gone.yaml')]) == ''


def test_nodes_that_declare_their_overrides_themselves_are_served_too(make):
    node = make('-p', 'tracker.max_age_s:=3', automatically_declare_parameters_from_overrides=True)
    assert parameters.declare(node, ExampleConfig).tracker.max_age_s == 3.0


def spin_until(ros, nodes, condition):
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    for _ in range(200):
        if condition():
            break
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    assert condition()


def test_diagnostics_reach_a_subscriber(ros, make):
    node, listener = make(namespace='/station_1'), make(name='listener')
    heard = []
    listener.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    reporter = DiagnosticsReporter(node, 'tray_camera_top', period_s=0.02)
    reporter.set('device', 'CPUExecutionProvider')
    reporter.add_stage('decode', 1.25)
    reporter.tick()
    reporter.drop(2)
    spin_until(ros, [node, listener], lambda: heard)
    status = heard[0].status[0]
    values = {pair.key: pair.value for pair in status.values}
    assert status.name == '/station_1/cart: tray_camera_top'
    assert (status.level, status.message, status.hardware_id) == (DiagnosticStatus.OK, 'running', 'tray_camera_top')
    assert (values['device'], values['dropped'], values['answered']) == ('CPUExecutionProvider', '2', '1')
    assert values['stage.decode.p95_ms'] == '1.25'
    assert {'rate_hz', 'cpu_percent', 'rss_mb', 'gpu'} <= set(values)
    node.create_publisher(DiagnosticStatus, 'verdict', 1)
    listener.create_subscription(DiagnosticStatus, '/station_1/verdict', heard.append, 1)

    def reached():
        pairs = {pair.key: pair.value for pair in reporter.message().status[0].values}
        return pairs['subscribers./station_1/verdict'] == '1'

    spin_until(ros, [node, listener], reached)
    reporter.set_status(DiagnosticStatus.WARN, 'No camera.')
    assert reporter.message().status[0].level == DiagnosticStatus.WARN
    assert reporter.message().status[0].message == 'No camera.'
    reporter.close()
    reporter.close()


def test_diagnostics_are_not_published_into_a_context_that_has_ended(ros, make):
    reporter = DiagnosticsReporter(make())
    ros.shutdown()
    reporter.publish()


class Managed(ManagedNode):
    """Write down what is called, and fail where it is told to."""

    def __init__(self, name, fails='', **keywords):
        self.calls = []
        self.fails = fails
        super().__init__(name, **keywords)

    def _note(self, name):
        self.calls.append(name)
        if self.fails == name:
            raise CheckoutError(f'{name} cannot work; do this.')

    def configure(self):
        self._note('configure')

    def activate(self):
        self._note('activate')

    def deactivate(self):
        self._note('deactivate')

    def cleanup(self):
        self.calls.append('cleanup')


def test_a_managed_node_starts_itself(make):
    node = make(cls=Managed)
    assert not node.is_active
    node.autostart()
    assert node.is_active
    assert node.calls == ['configure', 'activate']
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert not node.is_active
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    node.autostart()
    assert node.calls == ['configure', 'activate', 'deactivate', 'cleanup', 'configure', 'activate']


@pytest.mark.parametrize('step', ['configure', 'activate'])
def test_a_failure_at_the_start_is_raised_and_cleaned_up(make, step):
    node = make(cls=Managed, fails=step)
    with pytest.raises(CheckoutError, match=f'{step} cannot work'):
        node.autostart()
    assert not node.is_active
    assert node.calls[-1] == 'cleanup'
    node.fails = ''
    node.autostart()
    assert node.is_active, 'after a failure it may be tried again'


def test_destroying_cleans_up(make):
    node = Managed('cart')
    node.autostart()
    node.destroy_node()
    assert node.calls[-1] == 'cleanup'
    assert not node.is_active
