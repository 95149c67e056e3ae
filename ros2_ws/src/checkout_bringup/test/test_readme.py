"""The README against what it is made from."""

from pathlib import Path

import pytest

from checkout_bringup import stack_docs
from checkout_bringup.restart import RestartPolicy
from checkout_core.config_docs import readme_table_is_current
from checkout_core.errors import CheckoutError

README = Path(__file__).resolve().parents[1] / 'README.md'


def test_the_tables_of_the_stacks_are_current():
    text = README.read_text(encoding='utf-8')
    assert stack_docs.put_into(text) == text, 'run: python -m checkout_bringup.stack_docs README.md'


def test_the_table_of_the_restart_policy_is_current():
    assert readme_table_is_current(README, RestartPolicy, 'restart')


def test_a_readme_without_a_place_for_the_tables_is_refused():
    with pytest.raises(CheckoutError, match='add them where the tables belong'):
        stack_docs.put_into('# Nothing here\n')
