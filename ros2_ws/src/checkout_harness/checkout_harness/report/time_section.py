"""The part of report.html about time: latencies and histograms, the slowest pictures, processes, GPU and power."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from checkout_harness.report.charts import histogram_svg
from checkout_harness.report.parts import NONE, grid, section

__all__ = ['time_section']


def time_section(report: Mapping[str, Any]) -> str:
    """Return the section."""
    time = report['time']
    whole = {'picture to cart': time['end_to_end']} if time['end_to_end']['n'] else {}
    summaries = {**whole, **time['parts'], **time['stages']}
    keys = ('p50', 'p95', 'p99', 'max')
    rows = [
        [escape(name), str(summary['n']), *(f'{summary[key]:.2f}' for key in keys)]
        for name, summary in summaries.items()
        if summary['n']
    ]
    table = grid(('milliseconds',), ('n', *keys), rows)
    charts = []
    for name, histogram in time['histograms'].items():
        summary = summaries.get('picture to cart' if name == 'camera to cart' else name)
        if histogram['counts'] and summary:
            charts.append(
                f'<div class="chart"><b>{escape(name)}</b><span>p50 {summary["p50"]:.2f}, p95 {summary["p95"]:.2f}, '
                f'max {summary["max"]:.2f} ms</span>{histogram_svg(histogram, summary)}</div>'
            )
    worst = usage = ''
    if time['worst']:
        rows = [
            [f'{w["stamp_ns"] / 1e9:.3f} s', escape(w['camera']), escape(_most(w['parts'])), f'{w["ms"]:.1f}']
            for w in time['worst']
        ]
        worst = f'<h3>Slowest pictures</h3>{grid(("stamp", "camera", "most of it"), ("ms",), rows)}'
    if report['resources']:
        rows = [[escape(r['name']), f'{r["cpu_percent"]:.0f} %', f'{r["rss_mb"]:.0f} MB'] for r in report['resources']]
        usage = f'<h3>Processes</h3>{grid(("process",), ("processor", "memory"), rows)}'
    usage += _devices(report['devices'])
    hint = '' if time['parts'] else 'In the core lane nothing is sent and nothing waits: these are stages of the work.'
    details = f'<details><summary>All times</summary>{table}</details>'
    return section('Where the time goes', hint, f'<div class="charts">{"".join(charts)}</div>{details}{worst}{usage}')


def _devices(devices: Mapping[str, Any]) -> str:
    """Return GPUs and power: the mean and the greatest of each, or why there is nothing."""
    keys = (('gpu_percent', '%'), ('memory_mb', 'MB'), ('power_w', 'W'))
    rows = [
        [
            escape(row['name']),
            str(row['n']),
            *(f'{row[k]["mean"]:.1f} / {row[k]["max"]:.1f} {unit}' if k in row else NONE for k, unit in keys),
        ]
        for row in devices['measured']
    ]
    rows += [[escape(f'{name} ({why})'), '', NONE, NONE, NONE] for name, why in devices['not_measured'].items()]
    if not rows:
        return ''
    return f'<h3>GPU and power</h3>{grid(("device",), ("n", "load, mean / max", "memory", "power"), rows)}'


def _most(parts: Mapping[str, float]) -> str:
    """Name the three largest parts."""
    largest = sorted(parts.items(), key=lambda part: -part[1])[:3]
    return ', '.join(f'{name} {ms:.1f}' for name, ms in largest)
