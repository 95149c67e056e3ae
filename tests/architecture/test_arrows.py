"""The rule of the arrows: who may import whom (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / 'ros2_ws' / 'src'

#: package -> packages of ours that its modules may import
MAY_IMPORT = {
    'checkout_core': set(),
    'checkout_sensors': {'checkout_core'},
    'checkout_perception': {'checkout_core'},
    'checkout_cart': {'checkout_core'},
    'checkout_sim': {'checkout_core'},
    'checkout_harness': {'checkout_core', 'checkout_perception', 'checkout_cart', 'checkout_sim'},
    'checkout_bringup': {
        'checkout_core',
        'checkout_sensors',
        'checkout_perception',
        'checkout_cart',
        'checkout_sim',
        'checkout_harness',
    },
}
#: what only a ros/ folder may import
ROS_ONLY = {
    'rclpy',
    'checkout_interfaces',
    'std_msgs',
    'sensor_msgs',
    'geometry_msgs',
    'diagnostic_msgs',
    'lifecycle_msgs',
    'builtin_interfaces',
    'visualization_msgs',
    'rcl_interfaces',
    'std_srvs',
    'rosgraph_msgs',
    'cv_bridge',
}
#: what no module of the project may import, unless it is chosen as an extra
NOT_OURS = {'ultralytics': 'AGPL-3.0', 'insightface': 'its model packs are for non-commercial use'}


def modules() -> Iterator[tuple[str, Path]]:
    """Give every Python module of every package, with the package's name."""
    for package in sorted(MAY_IMPORT):
        for path in sorted((SOURCE / package / package).rglob('*.py')):
            yield package, path


def imports(path: Path, package: str) -> Iterator[tuple[str, int]]:
    """Give (absolute module name, line) of each import in a file, also of imports inside functions."""
    inside = path.relative_to(SOURCE / package).with_suffix('').parts
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield node.module or '', node.lineno
            else:
                yield '.'.join([*inside[: len(inside) - node.level], *filter(None, [node.module])]), node.lineno


ALL = [pytest.param(package, path, id=str(path.relative_to(SOURCE))) for package, path in modules()]


def test_every_package_is_known():
    found = {path.parent.name for path in SOURCE.glob('*/setup.py')}
    assert found == set(MAY_IMPORT), 'a package was added or removed: say here what it may import'
    assert len(ALL) > 30, 'the modules were not found'


@pytest.mark.parametrize(('package', 'path'), ALL)
def test_imports_only_what_the_arrows_allow(package, path):
    for name, line in imports(path, package):
        top = name.split('.')[0]
        if top.startswith('checkout_') and top not in {package, 'checkout_interfaces'}:
            assert top in MAY_IMPORT[package], f'{path.relative_to(ROOT)}:{line}: {package} may not import {top}'


@pytest.mark.parametrize(('package', 'path'), ALL)
def test_the_core_of_a_package_imports_no_ros(package, path):
    if 'ros' in path.relative_to(SOURCE / package / package).parts[:-1]:
        return
    for name, line in imports(path, package):
        where = f'{path.relative_to(ROOT)}:{line}'
        assert name.split('.')[0] not in ROS_ONLY, f'{where}: {name} belongs into a ros/ folder'
        # bringup's command line starts what lies in ros/ folders by name; no other core module reaches into one.
        assert not (name.startswith('checkout_') and '.ros' in name), f'{where}: a module outside ros/ imports {name}'


@pytest.mark.parametrize(('package', 'path'), ALL)
def test_licences_that_do_not_fit_are_not_imported(package, path):
    for name, line in imports(path, package):
        top = name.split('.')[0]
        assert top not in NOT_OURS, f'{path.relative_to(ROOT)}:{line}: {top}: {NOT_OURS[top]}'


def test_perception_never_imports_the_simulator():
    for package, path in modules():
        if package == 'checkout_perception':
            assert not any(name.startswith('checkout_sim') for name, _ in imports(path, package)), path


@pytest.mark.parametrize('package', sorted(MAY_IMPORT))
def test_each_package_has_what_a_package_needs(package):
    folder = SOURCE / package
    for name in ('README.md', 'package.xml', 'setup.py', 'setup.cfg', f'resource/{package}', 'test'):
        assert (folder / name).exists(), f'{package} has no {name}'
    assert '<license>Apache-2.0</license>' in (folder / 'package.xml').read_text(encoding='utf-8')
    text = (folder / 'README.md').read_text(encoding='utf-8').lower()
    for word in ('purpose', 'inputs', 'outputs', 'parameters', 'limits'):
        assert word in text, f'{package}/README.md does not speak of its {word}'


def test_only_debug_and_observers_name_the_truth_topics():
    allowed = {'checkout_sim', 'checkout_bringup', 'checkout_harness'}
    for package, path in modules():
        if package not in allowed:
            assert 'truth/' not in path.read_text(encoding='utf-8'), f'{path} reads the ground truth'


def test_long_files_have_a_reason():
    """A file over 400 lines asks why; the ones listed have answered."""
    excused: dict[str, str] = {}
    for _package, path in modules():
        lines = len(path.read_text(encoding='utf-8').splitlines())
        assert lines <= 400 or str(path.relative_to(SOURCE)) in excused, f'{path.relative_to(ROOT)} has {lines} lines'
