"""What a user can get wrong: one sentence that says what to do, exit status 2, and nothing left running."""

import shutil
import socket

import pytest
import yaml

from checkout_core import data


def camera(source):
    return lambda _: ['up', '--stack', 'camera', '--set', f'source={source}', '--set', 'journal=:memory:']


def model(change):
    def arguments(tmp_path):
        folder = tmp_path / 'model'
        shutil.copytree(data.path('models/tray_starter'), folder)
        card = yaml.safe_load((folder / 'model.yaml').read_text(encoding='utf-8'))
        (folder / 'model.yaml').write_text(yaml.safe_dump({**card, **change}), encoding='utf-8')
        return ['up', '--set', f'model={folder}', '--set', 'journal=:memory:', '--set', 'scenario=empty']

    return arguments


def read_only(*words):
    # /proc takes no new files from anybody, not even from root, who may write into any read-only directory.
    return lambda _: [*words]


def an_empty_folder(tmp_path):
    (tmp_path / 'empty').mkdir()
    return ['up', '--stack', 'photos', '--tray', tmp_path / 'empty']


def a_port_without_a_camera(_):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    return camera(f'rtsp://127.0.0.1:{port}/tray')(_)


SIM = ['up', '--set', 'scenario=empty', '--set', 'journal=:memory:']
CASES = [
    ('an unknown stack', lambda _: ['up', '--stack', 'shop'], "no stack 'shop'; choose one of"),
    ('an unknown argument', lambda _: [*SIM, '--set', 'sede=1'], "no argument 'sede'; it has"),
    ('a wrong value', lambda _: [*SIM, '--set', 'seed=one'], "seed: 'one' is no int"),
    ('a domain that is none', lambda _: ['up', '--domain', '300'], 'choose a number from 0 to 101'),
    ('a stack without a source', lambda _: ['up', '--stack', 'camera'], 'give --set source=VALUE'),
    ('an unknown source', camera('webcam:0'), "'webcam:0' is unknown"),
    ('a camera that is not there', camera('v4l2:97'), 'there is no /dev/video97; plug the camera in'),
    ('a camera that does not answer', a_port_without_a_camera, 'does not open'),
    ('no photographs', an_empty_folder, 'holds no JPEG or PNG file'),
    ('a folder that is not there', lambda p: ['up', '--stack', 'photos', '--tray', p / 'none'], 'no folder'),
    ('an unknown scenario', lambda _: ['up', '--set', 'scenario=flood', '--set', 'journal=:memory:'], 'flood'),
    ('a missing model', lambda _: [*SIM, '--set', 'model=none'], "Model 'none' is missing"),
    ('weights that were changed', model({'sha256': '0' * 64}), 'sha256'),
    ('a journal in a read-only folder', lambda _: [*SIM, '--set', 'journal=/proc/cart.sqlite'], '/proc/cart.sqlite'),
    ('results into a read-only folder', read_only('demo', '--once', '--out', '/proc/demo'), 'cannot be written to'),
    ('figures into a read-only folder', read_only('bench', 'graph', '--json', '/proc/x.json'), 'cannot be written to'),
    ('an unknown command', read_only('dmeo'), "there is no 'dmeo'"),
]


@pytest.mark.parametrize(('arguments', 'words'), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_sentence_and_exit_status_two(start, tmp_path, arguments, words):
    command = start(*arguments(tmp_path))
    assert command.wait() == 2, command.said
    assert words in command.lines[-1]
    assert command.lines[-1].startswith('checkout')
    assert 'Traceback' not in command.said
