"""A fixed sample of pictures and whole checkouts must not get worse, and a spoilt model must not pass.

`scripts/bench accuracy` measures; this is its ratchet. Everything is rendered here, from seeds that never change.
"""

import shutil

import pytest
import yaml

from checkout_bringup.bench_sample import limits, measure_checkouts, measure_frames, measure_strangers, missed
from checkout_core.errors import CheckoutError
from checkout_core.model_card import load_model_card
from checkout_perception.pipeline import ModelConfig

MODEL = ModelConfig().name
MODELS = (MODEL, 'tray60')

pytestmark = pytest.mark.timeout(1200)  # about 80 s of one core for both; busy machines take longer


@pytest.fixture(scope='session')
def rendered(tmp_path_factory):
    """Return the folder in which the sample is kept for this session."""
    return tmp_path_factory.mktemp('sample')


@pytest.fixture(scope='session')
def spoilt(tmp_path_factory):
    """Return a copy of the model whose classes have changed places."""
    card = load_model_card(MODEL)
    folder = tmp_path_factory.mktemp('models') / 'spoilt'
    shutil.copytree(card.directory, folder)
    content = yaml.safe_load((folder / 'model.yaml').read_text())
    products = [name for name in content['classes'] if name != content['unknown_class']]
    turned = dict(zip(products, [*products[1:], products[0]], strict=True))
    content['classes'] = [turned.get(name, name) for name in content['classes']]
    content['name'] = 'spoilt'
    (folder / 'model.yaml').write_text(yaml.safe_dump(content))
    return str(folder)


def of(part, model=MODEL):
    """Return the limits of one part of the sample."""
    return {key: rule for key, rule in limits(model).items() if key.startswith(part)}


@pytest.mark.parametrize('model', MODELS)
def test_pictures_of_the_sample_reach_their_limits(rendered, model):
    assert of('frames.', model), 'no limits would be no ratchet'
    assert missed(measure_frames(model, rendered), of('frames.', model)) == []


@pytest.mark.parametrize('model', MODELS)
def test_checkouts_of_the_sample_reach_their_limits(rendered, model):
    assert of('checkouts.', model), 'no limits would be no ratchet'
    assert missed(measure_checkouts(model, rendered), of('checkouts.', model)) == []


@pytest.mark.parametrize('model', MODELS)
def test_things_that_are_not_for_sale_are_not_named(rendered, model):
    assert of('strangers.', model), 'no limits would be no ratchet'
    assert missed(measure_strangers(model, rendered), of('strangers.', model)) == []


def test_a_spoilt_model_fails(rendered, spoilt):
    failures = missed(measure_frames(spoilt, rendered), of('frames.'))
    assert any(failure.startswith('frames.exact') for failure in failures)
    assert any(failure.startswith('frames.confused') for failure in failures)
    one = measure_checkouts(spoilt, rendered, {(1, 4): 1})
    assert one['checkouts.exact'] == 0


@pytest.mark.parametrize(
    ('value', 'passes'), [(2.9, False), (3.0, True), (5.0, True), (5.1, False)], ids=['below', 'at', 'at', 'above']
)
def test_a_limit_is_reached_at_its_value(value, passes):
    assert (missed({'a': value}, {'a': {'at_least': 3, 'at_most': 5}}) == []) is passes


def test_what_is_not_measured_is_not_reached():
    assert missed({}, {'a': {'at_least': 0}}) == ['a is not measured']


def test_a_model_without_limits_is_an_error():
    with pytest.raises(CheckoutError, match="nothing about the model 'none'"):
        limits('none')
