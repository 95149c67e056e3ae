"""The model card of a trained detector: what is written into it, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from checkout_core.errors import CheckoutError
from checkout_core.model_card import CARD_NAME
from checkout_perception.open_set import OpenSetRule


def record_test_figures(out: Path, figures: dict[str, Any]) -> None:
    """Write the figures of the test split into the card; nothing else in it changes."""
    card = yaml.safe_load((out / CARD_NAME).read_text(encoding='utf-8'))
    card['trained']['figures_on_test'] = short_figures(figures)
    write_card(out / CARD_NAME, card)


def record_limits(out: Path, rule: OpenSetRule, figures: dict[str, Any]) -> None:
    """Write other limits and what they give on validation pictures; figures of test pictures go, they are of others."""
    card = yaml.safe_load((out / CARD_NAME).read_text(encoding='utf-8'))
    card['thresholds'] = thresholds_of(rule)
    card['trained']['figures_on_val'] = short_figures(figures)
    card['trained'].pop('figures_on_test', None)
    write_card(out / CARD_NAME, card)


def record_usual(out: Path, rule: OpenSetRule) -> None:
    """Write what distances are usual; limits and figures stay."""
    card = yaml.safe_load((out / CARD_NAME).read_text(encoding='utf-8'))
    kept = {key: limit for key, limit in card['thresholds'].items() if key.partition('.')[0] != 'usual'}
    found = {key: limit for key, limit in thresholds_of(rule).items() if key.startswith('usual.')}
    card['thresholds'] = kept | found
    write_card(out / CARD_NAME, card)


def thresholds_of(rule: OpenSetRule) -> dict[str, float]:
    """Return the limits of a rule as a card has them."""
    limits = {
        'shown_from': round(float(rule.shown_from), 4),
        'sold_from': round(float(rule.sold_from[0]), 4),
        'margin': round(float(rule.margin), 4),
        'doubted_from': round(float(rule.doubted_from), 4),
        'reach': 2.0,
    }
    for label, name in enumerate(rule.names):
        if label != rule.unknown:
            limits[f'reach.{name}'] = round(float(rule.reach[label]), 4)
    if rule.usual is not None:
        limits |= {
            f'usual.{name}': round(float(own), 4) for name, own in zip(rule.names, rule.usual, strict=True) if own
        }
    return limits


def short_figures(full: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that belong into a card: value, interval and n of each."""

    def short(entry: dict[str, Any]) -> str:
        value = entry['value']
        if value is None:
            return 'not measured'
        low, high = entry.get('low'), entry.get('high')
        interval = f' [{low:.3f}, {high:.3f}]' if low is not None and high is not None else ''
        return f'{value:.4f}{interval} (n={entry["n"]})'

    return {
        'map50': short(full['detection']['map50']),
        'map50_95': short(full['detection']['map50_95']),
        **{f'exact_baskets_{span}_items': short(entry) for span, entry in full['exact_by_items'].items() if entry['n']},
        'strangers_sold': short(full['strangers']['sold']),
        'strangers_shown_as_unknown': short(full['strangers']['shown_as_unknown']),
        'false_alarms_on_known_trays': short(full['strangers']['false_alarms_on_known_trays']),
    }


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write a card. Raises CheckoutError for a folder that cannot be written."""
    try:
        path.write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110), encoding='utf-8')
    except OSError as error:
        raise CheckoutError(
            f'{path} cannot be written ({error.strerror}); choose another folder with --out.'
        ) from error
