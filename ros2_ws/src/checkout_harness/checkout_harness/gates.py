"""Gates: what a report must reach, from a file or from another report, and a sentence for each figure that does not.

`tests/accuracy/thresholds.yaml` holds, by the name of a bag, figures of report.json (dotted) and their bound:

    smoke:
      metrics.checkout.price.exact.value: {at_least: 1.0}
      metrics.answers.lost: {at_most: 0}

`tests/latency/budgets.yaml` holds the same for times. Times of different machines say nothing about each other, so its
bounds are ratios of two figures of one report: `{ratio_to: time.stages.perception: network.p50, at_most: 1.3}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from checkout_core import data
from checkout_core.errors import CheckoutError
from checkout_harness.library import name_of

__all__ = ['Finding', 'figure', 'gate']

_ANY = '*'
_FIGURES = {
    'metrics.checkout.right.value': 1,
    'metrics.checkout.price.exact.value': 1,
    'metrics.checkout.baskets.exact_baskets.value': 1,
    'metrics.checkout.price.overcharged.value': -1,
    'metrics.checkout.price.undercharged.value': -1,
    'metrics.checkout.abstention.handed_over.value': -1,
    'metrics.unknown.wrong_sales.value': -1,
    'metrics.unknown.wrong_alarms.value': -1,
    'metrics.stability.reached.value': 1,
    'metrics.answers.lost': -1,
    'metrics.identity.false_acceptance.value': -1,
    'metrics.identity.names_of_nobody': -1,
    'metrics.identity.attack_named.value': -1,
    'metrics.identity.identification.value': 1,
    'metrics.identity.presentations.identified.value': 1,
    'metrics.identity.false_rejection.value': -1,
    'metrics.identity.faces_missed.value': -1,
    'metrics.liveness.apcer.value': -1,
    'metrics.liveness.bpcer.value': -1,
}
"""What two reports are compared by: figure -> 1 when more is better, -1 when less is."""
_BY_CAMERA = {
    'metrics.frames.{}.at_rest.exact_baskets.value': 1,
    'metrics.frames.{}.all.exact_baskets.value': 1,
    'metrics.detection.{}.map50.value': 1,
    'metrics.detection.{}.map50_95.value': 1,
    'metrics.tracking.{}.id_switches': -1,
}


@dataclass(frozen=True)
class Finding:
    """Hold one comparison."""

    figure: str
    passed: bool
    sentence: str

    def __str__(self) -> str:
        """Return one line."""
        return f'{"PASS" if self.passed else "FAIL"}  {self.figure}: {self.sentence}'

    def as_dict(self) -> dict[str, Any]:
        """Return JSON types."""
        return {'figure': self.figure, 'passed': self.passed, 'sentence': self.sentence}


def gate(
    report: Path, against: Path | None = None, thresholds: Path | None = None, budgets: Path | None = None
) -> list[Finding]:
    """Compare a report with its thresholds and budgets, or with another report.

    Raises CheckoutError for files that cannot be read and for a bag that has no thresholds: a gate that checks nothing
    must not look like one that passes.
    """
    found = _report(report)
    if against is not None:
        return _compare(found, _report(against))
    findings = [Finding('run.complete', bool(found['run']['complete']), found['run']['failure'] or 'complete')]
    name = name_of(found['bag']['path'])
    rules = _rules(thresholds or data.path('tests/accuracy/thresholds.yaml'))
    if name not in rules:
        raise CheckoutError(f'No thresholds are set for {name}; known are {", ".join(sorted(rules)) or "none"}.')
    limits = _rules(budgets or data.path('tests/latency/budgets.yaml'))
    both = [*rules[name].items(), *limits.get(_ANY, {}).items(), *limits.get(name, {}).items()]
    return findings + [finding for key, rule in both if (finding := _judge(found, key, rule)) is not None]


def figure(report: Mapping[str, Any], dotted: str) -> Any:
    """Return a figure by its dotted name; None when the report does not have it. Names may contain dots and spaces."""
    node: Any = report
    rest = dotted
    while rest:
        if not isinstance(node, Mapping):
            return None
        key = next((k for k in sorted(node, key=len, reverse=True) if rest == k or rest.startswith(k + '.')), None)
        if key is None:
            return None
        node, rest = node[key], rest[len(key) + 1 :]
    return node


def _judge(report: Mapping[str, Any], key: str, rule: Mapping[str, Any]) -> Finding | None:
    lanes = rule.get('lanes')
    if lanes and report['run']['lane'] not in lanes:
        return None
    value = figure(report, key)
    unit = ''
    if 'ratio_to' in rule:
        base = figure(report, str(rule['ratio_to']))
        value = value / base if isinstance(value, int | float) and base else None
        unit = f' times {rule["ratio_to"]}'
    if not isinstance(value, int | float):
        return Finding(key, False, 'not measured in this report')
    if 'at_least' in rule and value < rule['at_least']:
        return Finding(key, False, f'{value:.4g}{unit} is below {rule["at_least"]:g}')
    if 'at_most' in rule and value > rule['at_most']:
        return Finding(key, False, f'{value:.4g}{unit} is above {rule["at_most"]:g}')
    bounds = ', '.join(f'{word.replace("_", " ")} {rule[word]:g}' for word in ('at_least', 'at_most') if word in rule)
    return Finding(key, True, f'{value:.4g}{unit} ({bounds})')


def _compare(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Finding]:
    """Name what got worse from an old to a new report of the same bag."""
    if new['bag']['sha256'] != old['bag']['sha256']:
        raise CheckoutError('The two reports are of different bags; compare runs of one bag.')
    findings = []
    same = new['result_hash'] == old['result_hash']
    findings.append(Finding('result_hash', True, 'the same result' if same else 'another result'))
    signs = dict(_FIGURES)
    for camera in new['bag']['cameras']:
        signs |= {name.format(camera): sign for name, sign in _BY_CAMERA.items()}
    for name, sign in signs.items():
        now, before = figure(new, name), figure(old, name)
        if before is None:
            continue
        if now is None:
            findings.append(Finding(name, False, f'was {before:.4g}, is not measured any more'))
        elif sign * (now - before) < 0:
            findings.append(Finding(name, False, f'got worse, from {before:.4g} to {now:.4g}'))
        elif now != before:
            findings.append(Finding(name, True, f'got better, from {before:.4g} to {now:.4g}'))
        else:
            findings.append(Finding(name, True, f'{now:.4g}, as before'))
    return findings


def _report(path: Path) -> dict[str, Any]:
    file = path / 'report.json' if path.is_dir() else path
    try:
        loaded: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise CheckoutError(f'{file} is no report ({error}); make one with checkout replay.') from error
    if loaded.get('schema') != 'checkout-report-1':
        raise CheckoutError(f'{file} is no report of this version; replay again.')
    return loaded


def _rules(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8')) or {}
    except (OSError, yaml.YAMLError) as error:
        raise CheckoutError(f'{path} cannot be read ({" ".join(str(error).split())}).') from error
    known = {'at_least', 'at_most', 'ratio_to', 'lanes'}
    for bag, rules in content.items() if isinstance(content, Mapping) else [('?', None)]:
        if not isinstance(rules, Mapping):
            raise CheckoutError(f'{path}: {bag} must be a mapping of figures to bounds.')
        for name, rule in rules.items():
            if not isinstance(rule, Mapping) or not set(rule) <= known or not {'at_least', 'at_most'} & set(rule):
                raise CheckoutError(f'{path}: {bag}, {name} needs at_least or at_most; also ratio_to and lanes.')
    return dict(content)
