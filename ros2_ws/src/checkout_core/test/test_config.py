"""Configuration dataclasses: fields, checks, files and tables."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from checkout_core import config, config_docs
from checkout_core.config import check_value, fields_of, from_flat, from_mapping, markdown_table, param, validate
from checkout_core.errors import CheckoutError
from checkout_core.testing.example_config import ExampleConfig


@dataclass(frozen=True)
class Tracker:
    """Stand for a nested group."""

    max_age_s: float = param(0.5, 'How long a track lives without a detection.', minimum=0.0, maximum=10.0)
    min_hits: int = param(3, 'Detections before a track counts.', minimum=1)


@dataclass(frozen=True)
class Inner:
    """Stand for a group in a group."""

    tracker: Tracker = field(default_factory=Tracker)
    label: str = param('', 'A text | with a bar.')


@dataclass(frozen=True)
class Config:
    """Stand for the configuration of a node."""

    runtime: str = param('onnxruntime', 'What runs the network.', choices=('fake', 'onnxruntime'))
    debug: bool = param(False, 'Whether to publish debug images.')
    cameras: tuple[str, ...] = param(('top', 'oblique'), 'Names of the cameras.')
    ranges: tuple[float, ...] = param((), 'Ranges.', minimum=0.0)
    tracker: Tracker = field(default_factory=Tracker)
    inner: Inner = field(default_factory=Inner)
    tiny: float = param(1e-5, 'A small number.', maximum=1.0)


def test_fields_are_flat_and_in_order():
    names = [info.name for info in fields_of(Config)]
    assert names == [
        'runtime', 'debug', 'cameras', 'ranges', 'tracker.max_age_s', 'tracker.min_hits', 'inner.tracker.max_age_s',
        'inner.tracker.min_hits', 'inner.label', 'tiny',
    ]  # fmt: skip
    age = fields_of(Config)[4]
    assert (age.default, age.minimum, age.maximum, age.kind, age.is_list) == (0.5, 0.0, 10.0, float, False)
    assert fields_of(Config)[2].is_list


def test_no_values_give_the_defaults():
    assert from_mapping(Config, {}) == Config()
    assert from_flat(Config, {}) == Config()


def test_nested_and_dotted_names_mean_the_same():
    nested = from_mapping(Config, {'tracker': {'max_age_s': 2}, 'inner': {'tracker': {'min_hits': 7}}})
    dotted = from_flat(Config, {'tracker.max_age_s': 2.0, 'inner.tracker.min_hits': 7})
    mixed = from_mapping(Config, {'tracker.max_age_s': 2, 'inner': {'tracker.min_hits': 7}})
    assert nested == dotted == mixed
    assert nested.inner.tracker == Tracker(0.5, 7)
    assert nested.tracker.max_age_s == 2.0


def test_a_whole_number_becomes_a_float_and_a_list_a_tuple():
    found = from_mapping(Config, {'tiny': 1, 'ranges': [1, 2.5]})
    assert (found.tiny, found.ranges) == (1.0, (1.0, 2.5))
    assert type(found.tiny) is float


BAD = [
    ({'tracker': {'max_age_s': -0.001}}, "'tracker.max_age_s'.*0 to 10, not -0.001", 'below the minimum'),
    ({'tracker': {'max_age_s': 10.001}}, '0 to 10', 'above the maximum'),
    ({'tracker': {'max_age_s': float('nan')}}, 'max_age_s', 'no number'),
    ({'tracker': {'min_hits': 0}}, 'at least 1', 'below a lone minimum'),
    ({'tiny': 1.5}, 'at most 1', 'above a lone maximum'),
    ({'tracker': {'min_hits': 2.0}}, 'a whole number', 'a float for an int'),
    ({'tracker': {'min_hits': True}}, 'a whole number', 'a bool for an int'),
    ({'debug': 1}, 'true or false', 'an int for a bool'),
    ({'debug': 'yes'}, 'true or false', 'a text for a bool'),
    ({'runtime': 'tflite'}, 'one of fake, onnxruntime, not tflite', 'not among the choices'),
    ({'runtime': 3}, 'a text', 'a number for a text'),
    ({'cameras': 'top'}, 'a list of texts', 'a text for a list'),
    ({'cameras': ['top', 1]}, 'a list of texts', 'a wrong element'),
    ({'ranges': [1.0, -1.0]}, 'at least 0', 'an element below the minimum'),
    ({'tracker': 3}, 'group', 'a value for a group'),
    ({'runtimes': 'fake'}, "did you mean 'runtime'", 'a slip of the pen'),
    ({'zzz': 1}, 'known are', 'an unknown name'),
    ({'tracker': {'age': 1}}, "'tracker.age'", 'an unknown name in a group'),
    ({'tracker.min_hits': 1, 'tracker': {'min_hits': 2}}, 'twice', 'one name in two spellings'),
]


@pytest.mark.parametrize(('mapping', 'pattern', 'what'), BAD, ids=[case[2] for case in BAD])
def test_bad_values_are_named_with_bounds_and_file(mapping, pattern, what):
    with pytest.raises(CheckoutError, match=pattern) as caught:
        from_mapping(Config, mapping, 'cart.yaml')
    assert 'in cart.yaml' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('value', [0.0, 10.0])
def test_bounds_are_inclusive(value):
    assert from_mapping(Config, {'tracker': {'max_age_s': value}}).tracker.max_age_s == value


def test_an_instance_built_by_hand_can_be_checked():
    validate(Config())
    with pytest.raises(CheckoutError, match=r"'tracker\.min_hits'"):
        validate(Config(tracker=Tracker(min_hits=0)))


def test_check_value_names_the_field():
    info = fields_of(Tracker)[1]
    assert check_value(info, 4) == 4
    with pytest.raises(CheckoutError, match='min_hits'):
        check_value(info, 'four')


def test_what_is_no_configuration_is_a_mistake_of_the_programmer():
    @dataclass(frozen=True)
    class Plain:
        value: int = 3

    @dataclass(frozen=True)
    class Strange:
        value: bytes = param(b'', 'A type that no parameter has.')

    @dataclass(frozen=True)
    class Needy:
        value: int

    for cls in (Plain, Strange, Needy, int):
        with pytest.raises(TypeError):
            fields_of(cls)
    with pytest.raises(ValueError, match='sentence'):
        param(1, ' ')


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().debug = True


def test_a_parent_may_change_the_defaults_of_a_group():
    @dataclass(frozen=True)
    class Slow:
        tracker: Tracker = field(default_factory=lambda: Tracker(max_age_s=5.0))

    assert from_mapping(Slow, {}).tracker.max_age_s == 5.0
    assert fields_of(Slow)[0].default == 5.0, 'tables and files must show what the parent says'
    assert from_mapping(Slow, {'tracker': {'min_hits': 9}}).tracker == Tracker(5.0, 9)


def test_the_table_has_a_row_for_each_field():
    table = markdown_table(Config)
    assert len(table.splitlines()) == 2 + len(fields_of(Config))
    assert '| `tracker.max_age_s` | float | `0.5` | 0 to 10 |' in table
    assert '| `cameras` | list of str | `[top, oblique]` |  |' in table
    assert 'A text \\| with a bar.' in table


def test_the_parameter_file_gives_the_defaults_back():
    text = config_docs.write_param_yaml(Config, 'cart')
    values = yaml.safe_load(text)['/**/cart']['ros__parameters']
    assert from_mapping(Config, values) == Config()
    assert type(values['tiny']) is float, 'ROS takes 1e-05 for a text without the point'
    assert '# ranges: []' in text, 'ROS cannot read the type of an empty list'
    assert '# How long a track lives without a detection. (0 to 10)' in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert config_docs.write_param_yaml(Config, '/**').splitlines()[2] == '/**:'


README = 'Before.\n\n<!-- parameters: cart -->\nold\n<!-- end: cart -->\n\nAfter.\n'


def test_readme_tables_are_checked_and_written(tmp_path):
    readme = tmp_path / 'README.md'
    readme.write_text(README, encoding='utf-8')
    assert not config_docs.readme_table_is_current(readme, Config, 'cart')
    config_docs.update_readme_table(readme, Config, 'cart')
    assert config_docs.readme_table_is_current(readme, Config, 'cart')
    assert not config_docs.readme_table_is_current(readme, Tracker, 'cart')
    once = readme.read_text(encoding='utf-8')
    config_docs.update_readme_table(readme, Config, 'cart')
    assert readme.read_text(encoding='utf-8') == once
    assert once.startswith('Before.')
    assert once.endswith('After.\n')
    with pytest.raises(CheckoutError, match='no lines'):
        config_docs.readme_table_is_current(readme, Config, 'scale')


def test_parameter_files_are_checked_and_written(tmp_path):
    path = tmp_path / 'cart.param.yaml'
    assert not config_docs.param_yaml_is_current(path, Config, 'cart')
    config_docs.update_param_yaml(path, Config, 'cart')
    assert config_docs.param_yaml_is_current(path, Config, 'cart')
    assert not config_docs.param_yaml_is_current(path, Config, 'scale')


def test_the_command_line_writes_both(tmp_path, capsys):
    readme, path = tmp_path / 'README.md', tmp_path / 'x.param.yaml'
    readme.write_text(README, encoding='utf-8')
    name = 'checkout_core.config:FieldInfo'  # any class will do for the argument checks
    with pytest.raises(SystemExit):
        config_docs.main([name, '--yaml', str(path)])
    monkey = 'checkout_core.testing.example_config:ExampleConfig'
    arguments = [monkey, '--node', 'cart', '--yaml', str(path), '--readme', str(readme), '--marker', 'cart']
    assert config_docs.main(arguments) == 0
    assert path.is_file()
    assert '`tracker.max_age_s`' in readme.read_text(encoding='utf-8')
    assert config_docs.main([monkey, '--readme', str(readme), '--marker', 'gone']) == 2
    assert 'no lines' in capsys.readouterr().err


def test_everything_public_is_exported():
    assert set(config.__all__) <= set(dir(config))


def test_the_table_in_our_readme_is_current():
    readme = Path(__file__).resolve().parents[1] / 'README.md'
    assert config_docs.readme_table_is_current(readme, ExampleConfig, 'example')
