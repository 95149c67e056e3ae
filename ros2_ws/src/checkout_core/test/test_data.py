"""Where data lies, and model cards."""

import textwrap
from pathlib import Path

import pytest

from checkout_core import data, model_card
from checkout_core.errors import CheckoutError
from checkout_core.model_card import load_model_card, sha256_of
from checkout_core.runtimes import load_runtime

WEIGHTS = b'weights'


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    return tmp_path


def write_card(root, text='', **changes):
    lines = {
        'name': 'tray',
        'task': 'detection',
        'file': 'tray.onnx',
        'sha256': sha256_of_bytes(root, WEIGHTS),
        'licence': 'Apache-2.0',
        'input': '{name: image, layout: nhwc, dtype: uint8, width: 64, height: 48, channels: bgr}',
        'outputs': '[{name: boxes, shape: [1, -1, 4], dtype: float32}, scores]',
        'decoder': 'boxes_scores',
        'classes': '[cola, water, stranger]',
        'unknown_class': 'stranger',
        'thresholds': '{score: 0.35, nms: 1}',
        'trained': '{by: us, seed: 0}',
        **changes,
    }
    folder = root / 'models' / 'tray'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'tray.onnx').write_bytes(WEIGHTS)
    content = text or ''.join(f'{key}: {value}\n' for key, value in lines.items() if value is not None)
    (folder / 'model.yaml').write_text(content, encoding='utf-8')
    return folder


def sha256_of_bytes(root, content):
    path = root / 'sum'
    path.write_bytes(content)
    return sha256_of(path)


def test_the_variable_comes_first(root):
    assert data.data_root() == root
    assert data.path('models/x') == root / 'models' / 'x'
    assert data.path('/etc/hosts') == Path('/etc/hosts')


def test_a_variable_that_names_no_folder_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path / 'gone'))
    with pytest.raises(CheckoutError, match='CHECKOUT_DATA'):
        data.data_root()


def test_without_it_the_repository_is_found(monkeypatch):
    monkeypatch.delenv(data.VARIABLE, raising=False)
    assert (data.data_root() / 'ros2_ws' / 'src' / 'checkout_core').is_dir()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Pretend that the module lies in an installation without the repository around it."""
    monkeypatch.delenv(data.VARIABLE, raising=False)
    prefix = tmp_path / 'opt'
    monkeypatch.setattr(data, '__file__', str(prefix / 'lib' / 'data.py'))
    monkeypatch.setattr(data.sys, 'prefix', str(tmp_path / 'python'))
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix))
    return prefix


def test_installed_the_share_folder_is_found(installed):
    share = installed / 'share' / 'checkout_bringup' / 'data'
    share.mkdir(parents=True)
    assert data.data_root() == share


def test_installed_beside_the_sources_the_repository_is_found(installed, monkeypatch, tmp_path):
    (tmp_path / 'repo' / 'ros2_ws' / 'src').mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path / 'repo' / 'ros2_ws' / 'install' / 'checkout_core'))
    assert data.data_root() == tmp_path / 'repo'


def test_nowhere_is_said_in_one_sentence(installed):
    with pytest.raises(CheckoutError, match='set CHECKOUT_DATA'):
        data.data_root()


def test_a_card_is_read_by_name_folder_and_file(root):
    folder = write_card(root)
    card = load_model_card('tray')
    assert card == load_model_card(folder) == load_model_card(folder / 'model.yaml') == load_model_card(str(folder))
    assert card.file == folder / 'tray.onnx'
    assert card.input.shape == (1, 48, 64, 3)
    assert card.classes == ('cola', 'water', 'stranger')
    assert card.unknown_class == 'stranger'
    assert [output.name for output in card.outputs] == ['boxes', 'scores']
    assert card.outputs[0].shape == (1, -1, 4)
    assert card.threshold('nms') == 1.0
    assert card.trained['seed'] == 0
    hash(card)


def test_the_shape_of_the_input_follows_layout_and_channels(root):
    write_card(root, input='{name: i, layout: nchw, dtype: float32, width: 64, height: 48, channels: grey}')
    assert load_model_card('tray').input.shape == (1, 1, 48, 64)


def test_a_card_cannot_be_changed(root):
    write_card(root)
    with pytest.raises(TypeError):
        load_model_card('tray').thresholds['score'] = 0.0


def test_a_missing_threshold_is_named_with_those_there_are(root):
    write_card(root)
    with pytest.raises(CheckoutError, match=r"no threshold 'unknown' \(it has nms, score\)"):
        load_model_card('tray').threshold('unknown')


def test_a_missing_model_is_named_with_those_there_are(root):
    with pytest.raises(CheckoutError, match='none yet'):
        load_model_card('tray')
    write_card(root)
    with pytest.raises(CheckoutError, match='choose one of tray'):
        load_model_card('tary')


def test_missing_weights_say_what_to_do(root):
    (write_card(root) / 'tray.onnx').unlink()
    with pytest.raises(CheckoutError, match=r'tray\.onnx.*missing; fetch them'):
        load_model_card('tray')
    assert load_model_card('tray', verify=False).name == 'tray'


def test_weights_that_differ_say_what_to_do(root):
    (write_card(root) / 'tray.onnx').write_bytes(WEIGHTS + b'.')
    with pytest.raises(CheckoutError, match='git checkout') as caught:
        load_model_card('tray')
    assert '\n' not in str(caught.value)


BAD_CARDS = [
    ({'sha256': 'abc'}, '64 hexadecimal'),
    ({'sha256': None}, "'sha256' is missing"),
    ({'file': '../other.onnx'}, 'beside the card'),
    ({'file': '/etc/passwd'}, 'beside the card'),
    ({'input': '[1, 2]'}, 'mapping'),
    ({'input': '{name: i, layout: nhw, dtype: uint8, width: 6, height: 4, channels: bgr}'}, r'input\.layout'),
    ({'input': '{name: i, layout: nhwc, dtype: uint8, width: 0, height: 4, channels: bgr}'}, r'input\.width'),
    ({'input': '{name: i, layout: nhwc, dtype: uint8, width: 6, height: 4, channels: yuv}'}, 'bgr, rgb, grey'),
    ({'outputs': '[]'}, 'outputs'),
    ({'outputs': '[{name: a, shape: [x]}]'}, r'outputs\[0\]\.shape'),
    ({'outputs': '[{nam: a}]'}, r'outputs\[0\]\.name'),
    ({'classes': '[a, a]'}, 'a twice'),
    ({'classes': '[a, no]'}, 'quotes'),
    ({'unknown_class': 'other'}, 'not among'),
    ({'thresholds': '{score: high}'}, r'thresholds\.score'),
    ({'licence': ''}, 'licence'),
    ({'tresholds': '{}'}, "did you mean 'thresholds'"),
    ({'task': '[a'}, 'no YAML'),
]


@pytest.mark.parametrize(('changes', 'pattern'), BAD_CARDS, ids=[case[1] for case in BAD_CARDS])
def test_bad_cards_name_the_file_and_the_field(root, changes, pattern):
    folder = write_card(root, **changes)
    with pytest.raises(CheckoutError, match=pattern) as caught:
        load_model_card('tray')
    assert str(folder / 'model.yaml') in str(caught.value)
    assert '\n' not in str(caught.value)


def test_the_example_in_the_module_is_a_card(root):
    example = model_card.__doc__.split('\n\n')[1]
    example = textwrap.dedent(example).replace('0f3c…', '0f' * 32).replace(', …', '').replace('data: …, ', '')
    write_card(root, text=example.replace('{…}', '{}'))
    assert load_model_card('tray', verify=False).name == 'tray_detector'


def test_the_fake_runtime_takes_its_shapes_from_the_card(root):
    import numpy as np

    folder = write_card(root)
    with load_runtime('fake', folder / 'tray.onnx') as runtime:
        assert runtime.inputs[0].shape == (1, 48, 64, 3)
        found = runtime.run({'image': np.zeros((1, 48, 64, 3), np.uint8)})
        assert found['boxes'].shape == (1, 0, 4)
        found = load_runtime('fake', folder, options={'outputs': {'boxes': np.ones((1, 2, 4))}})
        assert found.run({'image': np.zeros((1, 48, 64, 3), np.uint8)})['boxes'].sum() == 8


def test_the_fake_runtime_without_card_and_options_says_what_it_needs(tmp_path):
    with pytest.raises(CheckoutError, match=r'model\.yaml, or the options'):
        load_runtime('fake', tmp_path / 'x.onnx')
