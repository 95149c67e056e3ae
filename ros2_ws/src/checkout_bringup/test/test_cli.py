"""The console command."""

import subprocess
import sys

import pytest

from checkout_bringup import cli
from checkout_core.errors import CheckoutError


def test_an_unknown_name_lists_the_known_ones(capsys):
    assert cli.main(['dmeo']) == 2
    assert "there is no 'dmeo'; choose one of up, demo, bench" in capsys.readouterr().err


@pytest.mark.parametrize(('arguments', 'status'), [([], 2), (['--help'], 0), (['help'], 0)])
def test_the_overview_names_every_command(capsys, arguments, status):
    assert cli.main(arguments) == status
    said = capsys.readouterr().out
    assert all(name in said for name in cli.COMMANDS)


@pytest.mark.parametrize('name', [name for name, command in cli.COMMANDS.items() if 'bringup' in command.target])
def test_every_command_of_this_package_has_help(capsys, name):
    with pytest.raises(SystemExit) as stop:
        cli.main([name, '--help'])
    assert stop.value.code == 0
    assert f'checkout {name}' in capsys.readouterr().out


def test_a_user_error_is_one_sentence(capsys):
    assert cli.main(['up', '--stack', 'nothing']) == 2
    said = capsys.readouterr()
    assert said.err.startswith("checkout up: There is no stack 'nothing'; choose one of ")
    assert said.err.count('\n') == 1
    assert said.out == ''


def test_a_package_that_is_not_installed_is_named(monkeypatch, capsys):
    monkeypatch.setitem(cli.COMMANDS, 'x', cli.Command('not_installed_at_all.cli:main', ''))
    assert cli.main(['x']) == 2
    assert "'not_installed_at_all' is not installed; run scripts/bootstrap" in capsys.readouterr().err


def test_a_missing_module_of_ours_is_a_mistake_that_must_be_seen(monkeypatch):
    monkeypatch.setitem(cli.COMMANDS, 'x', cli.Command('checkout_bringup.not_there:main', ''))
    with pytest.raises(ModuleNotFoundError):
        cli.main(['x'])


def test_only_what_is_asked_for_is_imported():
    code = (
        'import sys\nfrom checkout_bringup.cli import main\nmain(["up", "--list"])\n'
        'heavy = {"rclpy", "cv2", "numpy", "checkout_sim", "checkout_perception"} & set(sys.modules)\n'
        'sys.exit(str(heavy) if heavy else 0)'
    )
    path = ':'.join(sys.path)
    subprocess.run([sys.executable, '-c', code], check=True, env={'PYTHONPATH': path}, capture_output=True)


ARGUMENTS = [
    (['--set', 'seed'], "--set 'seed' has no value"),
    (['--duration', '0'], 'seconds above 0'),
    (['--stack', 'sim', '--domain', '400'], 'no ROS domain'),
]


@pytest.mark.parametrize(('arguments', 'message'), ARGUMENTS)
def test_wrong_arguments_of_up_are_explained(capsys, arguments, message):
    assert cli.main(['up', *arguments]) == 2
    assert message in capsys.readouterr().err


def test_other_errors_are_not_swallowed(monkeypatch):
    def fail(_arguments):
        raise RuntimeError('a mistake of ours')

    monkeypatch.setattr('checkout_bringup.up.main', fail)
    with pytest.raises(RuntimeError):
        cli.main(['up'])
    assert not issubclass(RuntimeError, CheckoutError)
