"""What every runtime must do, whatever runs underneath; a new line in RUNTIMES is covered by itself."""

import importlib
import sys
import types

import numpy as np
import pytest

from checkout_core import runtimes
from checkout_core.errors import CheckoutError
from checkout_core.runtimes import RUNTIMES, Runtime, TensorSpec, load_runtime
from checkout_core.testing import tiny_onnx

HEIGHT, WIDTH = 6, 8
EXTRAS = {'openvino'}
"""Runtimes whose package is not part of the standard installation: their tests may be skipped, the others may not."""
FAKE_OPTIONS = {
    'inputs': [TensorSpec('image', (-1, HEIGHT, WIDTH, 3), 'uint8')],
    'outputs': lambda feeds: tiny_onnx.image_statistics(feeds['image']),
}


@pytest.fixture(scope='module')
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'tiny.onnx'
    path.write_bytes(tiny_onnx.image_statistics_model(HEIGHT, WIDTH))
    return path


def skip_without_package(name):
    """Skip only when the backend's own package is absent; any other missing module is a failure."""
    if name not in EXTRAS:
        return
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        pytest.skip(f'the extra {name} is not installed: scripts/bootstrap --with {name}')


@pytest.fixture(params=sorted(RUNTIMES))
def load(request, model_path):
    """Give a function that loads the tiny model on one of the runtimes, and close what it made."""
    skip_without_package(request.param)
    made = []

    def make(**arguments):
        options = FAKE_OPTIONS if request.param == 'fake' else {}
        runtime = load_runtime(request.param, model_path, **{'options': options, **arguments})
        made.append(runtime)
        return runtime

    make.runtime_name = request.param
    yield make
    for runtime in made:
        runtime.close()


def image(seed=0, batch=1):
    return np.random.default_rng(seed).integers(0, 256, (batch, HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('batch', [1, 3])
def test_outputs_equal_those_of_numpy(load, threads, batch):
    found = load(threads=threads).run({'image': image(batch=batch)})
    expected = tiny_onnx.image_statistics(image(batch=batch))
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-5)


def test_the_same_input_gives_the_same_bytes(load):
    runtime = load()
    first = runtime.run({'image': image()})
    runtime.run({'image': image(1)})
    again = runtime.run({'image': image()})
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)


def test_outputs_stay_when_the_next_input_runs(load):
    runtime = load()
    first = runtime.run({'image': image(0)})
    before = {name: array.copy() for name, array in first.items()}
    runtime.run({'image': image(1)})
    assert all(np.array_equal(first[name], before[name]) for name in first)


def test_inputs_may_be_views_and_read_only_and_are_not_written_to(load):
    wide = np.random.default_rng(3).integers(0, 256, (1, HEIGHT, 2 * WIDTH, 3), np.uint8)
    view = wide[:, :, ::2]
    view.flags.writeable = False
    before = view.copy()
    found = load().run({'image': view})
    np.testing.assert_allclose(found['mean'], tiny_onnx.image_statistics(before)['mean'], atol=1e-5)
    assert np.array_equal(view, before)


BAD_FEEDS = [
    ({}, 'image', 'no input'),
    ({'picture': image()}, 'image', 'a wrong name'),
    ({'image': image(), 'more': image()}, 'more', 'one name too many'),
    ({'image': image().astype(np.float32)}, 'uint8', 'a wrong type'),
    ({'image': image()[0]}, 'shape', 'a dimension too few'),
    ({'image': image()[:, 1:]}, 'shape', 'a wrong height'),
    ({'image': image()[..., :1]}, 'shape', 'a wrong number of channels'),
]


@pytest.mark.parametrize(('feeds', 'word', 'what'), BAD_FEEDS, ids=[case[2] for case in BAD_FEEDS])
def test_wrong_inputs_are_refused_in_one_sentence(load, feeds, word, what):
    with pytest.raises(CheckoutError, match=word) as caught:
        load().run(feeds)
    assert '\n' not in str(caught.value)
    assert load.runtime_name in str(caught.value)


def test_it_says_what_it_is(load):
    runtime = load()
    assert isinstance(runtime, Runtime)
    assert runtime.name == load.runtime_name
    assert runtime.device, 'the device that is really used must be reported'
    assert runtime.inputs == (TensorSpec('image', (-1, HEIGHT, WIDTH, 3), 'uint8'),)
    if runtime.name != 'fake':
        assert {spec.name for spec in runtime.outputs} == {'mean', 'features'}
        assert 'CPU' in runtime.device


def test_warm_up_leaves_no_trace(load):
    runtime = load()
    runtime.warm_up()
    np.testing.assert_allclose(
        runtime.run({'image': image()})['mean'], tiny_onnx.image_statistics(image())['mean'], atol=1e-5
    )


def test_closing_twice_is_fine_and_running_afterwards_is_not(load):
    runtime = load()
    runtime.close()
    runtime.close()
    with pytest.raises(CheckoutError, match='closed'):
        runtime.run({'image': image()})
    with pytest.raises(CheckoutError, match='closed'):
        runtime.warm_up()


def test_a_with_block_closes(load):
    with load() as runtime:
        runtime.run({'image': image()})
    with pytest.raises(CheckoutError, match='closed'):
        runtime.run({'image': image()})


@pytest.mark.parametrize('device', ['tpu', '', 'auto', 'cuda', 'cuda:x', 'tensorrt', 'gpu', 'npu'])
def test_a_device_that_is_not_there_is_refused(load, device):
    """On a host with the accelerator the device must be the one that was asked for."""
    refusal = None
    try:
        runtime = load(device=device)
    except CheckoutError as error:
        refusal = str(error)
    if refusal is None:
        assert 'CPU' not in runtime.device
    else:
        assert '\n' not in refusal


def test_an_unknown_option_is_refused_with_those_that_exist(load):
    with pytest.raises(CheckoutError, match='speed'):
        load(options={'speed': 11})


def test_a_thread_count_of_zero_is_refused(load):
    with pytest.raises(CheckoutError, match='thread'):
        load(threads=0)


@pytest.mark.parametrize('name', sorted(set(RUNTIMES) - {'fake'}))
def test_a_missing_model_file_is_named(name, tmp_path):
    skip_without_package(name)
    with pytest.raises(CheckoutError, match=r'gone\.onnx'):
        load_runtime(name, tmp_path / 'gone.onnx')


@pytest.mark.parametrize('content', [b'', b'no model at all', b'\x08\x08\x12'])
@pytest.mark.parametrize('name', sorted(set(RUNTIMES) - {'fake'}))
def test_a_file_that_is_no_model_is_refused_in_one_sentence(name, content, tmp_path):
    skip_without_package(name)
    path = tmp_path / 'broken.onnx'
    path.write_bytes(content)
    with pytest.raises(CheckoutError, match=r'broken\.onnx') as caught:
        load_runtime(name, path)
    assert '\n' not in str(caught.value)


def test_an_unknown_runtime_is_refused_with_those_that_exist(model_path):
    with pytest.raises(CheckoutError, match='onnxruntime'):
        load_runtime('onyx', model_path)


@pytest.mark.parametrize('name', sorted(set(RUNTIMES) - {'fake'}))
def test_a_missing_package_is_named_with_the_command_that_installs_it(name, model_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)  # makes `import name` raise ModuleNotFoundError
    with pytest.raises(CheckoutError, match=f"'{name}', which is not installed; run: .*scripts/bootstrap"):
        load_runtime(name, model_path)


def test_a_missing_module_of_our_own_is_not_taken_for_a_missing_package(monkeypatch, model_path):
    monkeypatch.setitem(RUNTIMES, 'lost', 'checkout_core.runtimes.lost_runtime:LostRuntime')
    with pytest.raises(ModuleNotFoundError, match='lost_runtime'):
        load_runtime('lost', model_path)


@pytest.mark.parametrize(
    ('missing', 'expected', 'word'),
    [
        ('backend', CheckoutError, 'not installed'),
        ('backend_helper', CheckoutError, "lacks the module 'backend_helper'"),
        ('checkout_core.gone', ModuleNotFoundError, 'gone'),
    ],
)
def test_require_tells_an_absent_package_from_a_broken_one_and_from_our_own(monkeypatch, missing, expected, word):
    def fail(name):
        raise ModuleNotFoundError(f'No module named {missing!r}', name=missing)

    monkeypatch.setattr(importlib, 'import_module', fail)
    with pytest.raises(expected, match=word):
        runtimes.base.require('backend', 'pip install backend', 'x')


def test_require_reports_a_library_that_does_not_load(monkeypatch):
    def fail(name):
        raise ImportError('libfoo.so.1: cannot open\nshared object file')

    monkeypatch.setattr(importlib, 'import_module', fail)
    with pytest.raises(CheckoutError, match=r'does not load \(libfoo\.so\.1: cannot open shared object file\)'):
        runtimes.base.require('backend', 'pip install backend', 'x')


def silent_fallback_module(active):
    """Imitate ONNX Runtime on a host whose CUDA libraries do not load: it logs and goes on with the CPU."""

    class Session:
        def __init__(self, path, settings, providers):
            self.asked = providers

        def get_providers(self):
            return active

        def get_inputs(self):
            return []

        get_outputs = get_inputs

    options = types.SimpleNamespace(add_session_config_entry=lambda key, value: (key, value))
    level = types.SimpleNamespace(ORT_DISABLE_ALL=0, ORT_ENABLE_BASIC=1, ORT_ENABLE_EXTENDED=2, ORT_ENABLE_ALL=3)
    return types.SimpleNamespace(
        get_available_providers=lambda: ['TensorrtExecutionProvider', 'CUDAExecutionProvider', 'CPUExecutionProvider'],
        SessionOptions=lambda: options,
        GraphOptimizationLevel=level,
        InferenceSession=Session,
    )


@pytest.mark.parametrize('device', ['cuda', 'cuda:1', 'tensorrt'])
def test_onnxruntime_that_falls_back_to_the_cpu_is_an_error(monkeypatch, model_path, device):
    monkeypatch.setitem(sys.modules, 'onnxruntime', silent_fallback_module(['CPUExecutionProvider']))
    with pytest.raises(CheckoutError, match='did not start'):
        load_runtime('onnxruntime', model_path, device=device)


def test_onnxruntime_reports_the_provider_that_is_active(monkeypatch, model_path):
    active = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setitem(sys.modules, 'onnxruntime', silent_fallback_module(active))
    assert load_runtime('onnxruntime', model_path, device='cuda').device == 'CUDAExecutionProvider'
