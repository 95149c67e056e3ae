"""Defaults live in one place; the parameter file and the README are made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout_cart.config import CartConfig
from checkout_cart.pipeline import CartPipeline
from checkout_core.config_docs import param_yaml_is_current, readme_table_is_current
from checkout_core.errors import CheckoutError

PACKAGE = Path(__file__).resolve().parents[1]


def test_parameter_file_is_current():
    assert param_yaml_is_current(PACKAGE / 'config' / 'cart_node.param.yaml', CartConfig, 'cart')


def test_readme_table_is_current():
    assert readme_table_is_current(PACKAGE / 'README.md', CartConfig, 'cart')


WRONG = [
    ({'watermark__inputs': ('identities',)}, 'contents'),
    ({'watermark__inputs': ('contents', 'weather')}, 'watermark.inputs'),
    ({'journal__busy_timeout_s': -1.0}, 'busy_timeout_s'),
    ({'payment__provider': 'shells'}, 'payment.provider'),
    ({'currency': 'EUR'}, 'EUR'),
    ({'rules__promotions': ('9+1:stranger',)}, 'stranger'),
]


@pytest.mark.parametrize(('values', 'words'), WRONG)
def test_wrong_values_are_one_sentence(shop, values, words):
    with pytest.raises(CheckoutError, match=words) as caught:
        shop.pipeline(**values)
    assert '\n' not in str(caught.value)


def test_journal_of_another_station_is_refused(shop):
    shop.close(shop.pipeline())
    with pytest.raises(CheckoutError, match='belongs to station_1'):
        shop.pipeline(station='station_2')


def test_defaults_build_the_shop_of_the_repository(tmp_path):
    from checkout_core.config import from_flat

    pipeline = CartPipeline(from_flat(CartConfig, {'journal.path': str(tmp_path / 'j')}))
    assert pipeline.cart.revision == 0
    pipeline.close()
