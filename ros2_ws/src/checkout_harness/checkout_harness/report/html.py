"""report.html: one file, no network, the verdict first; for a phone, a big screen and paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from checkout_core.catalogue import Catalogue
from checkout_core.money import Money
from checkout_harness.report.charts import Picture, histogram_svg, picture_svg, timeline_svg

__all__ = ['Picture', 'write_html']

_CLASS = {True: 'good', False: 'bad', None: ''}
_WORD = {True: 'PASSED', False: 'FAILED', None: 'NOT JUDGED'}
_SIGN = {True: ('ok', '✓'), False: ('no', '✕'), None: ('na', '–')}
_NONE = '<span class="muted">not measured</span>'


def write_html(path: Path, report: Mapping[str, Any], pictures: Sequence[Picture], catalogue: Catalogue) -> None:
    """Write the report."""
    names = {product.sku: product.name_en for product in catalogue} | {'UNKNOWN': 'unknown'}
    wrong = [picture for picture in pictures if not picture.payment]
    payment = [picture for picture in pictures if picture.payment]
    body = [
        _verdict(report),
        _tiles(report),
        _checkouts(report, payment, names),
        _section(
            'Course of the checkout',
            _TIMELINE_HINT,
            f'<div class="scroll">{timeline_svg(report["timeline"], names)}</div>',
        ),
        _wrong(report, wrong, names),
        _confusion(report, names),
        _figures(report),
        _time(report),
        _run(report),
    ]
    css = (resources.files('checkout_harness') / 'report' / 'style.css').read_text(encoding='utf-8')
    title = escape(f'{report["verdict"]["sentence"]} – {Path(report["bag"]["path"]).name}')
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title}</title><style>{css}</style></head><body><main>{"".join(body)}</main></body></html>\n',
        encoding='utf-8',
    )


_TIMELINE_HINT = (
    'Grey: things on the tray. Blue: things counted. Below: where the answer was stable (green), and pictures that '
    'were wrong (red). + put, − taken, ? question, ▣ checkout, ✓ paid.'
)


def _section(title: str, hint: str, content: str) -> str:
    text = f'<p class="hint">{escape(hint)}</p>' if hint else ''
    return f'<section><h2>{escape(title)}</h2>{text}{content}</section>'


def _verdict(report: Mapping[str, Any]) -> str:
    verdict, bag, run = report['verdict'], report['bag'], report['run']
    checks = ''.join(
        f'<li><i class="{_SIGN[c["passed"]][0]}">{_SIGN[c["passed"]][1]}</i><span>{escape(c["sentence"])}</span></li>'
        for c in verdict['checks']
    )
    scenario = f'{bag["scenario"]}, seed {bag["seed"]}' if bag['scenario'] else 'no truth'
    facts = [
        ('bag', f'{Path(bag["path"]).name} ({scenario}, {bag["seconds"]:.1f} s)'),
        ('lane', run['lane']),
        ('pictures', str(run['pictures'])),
        ('model', str(report['host'].get('model', 'not known'))),
        ('result', report['result_hash'][:12]),
    ]
    row = ''.join(f'<span>{name} <b>{escape(value)}</b></span>' for name, value in facts)
    return (
        f'<header class="verdict {_CLASS[verdict["passed"]]}"><div class="mark">{_WORD[verdict["passed"]]}</div>'
        f'<h1>{escape(verdict["sentence"])}</h1><p>{escape(verdict["detail"])}</p>'
        f'<ul class="checks">{checks}</ul><div class="facts">{row}</div></header>'
    )


def _rate(figure: Mapping[str, Any] | None, *, short: bool = False) -> str:
    """Return a rate in percent with its interval and counts."""
    if figure is None or figure.get('value') is None:
        return _NONE
    text = f'{100 * figure["value"]:.1f} %'
    if short:
        return text
    ends = f'{100 * figure["low"]:.1f}–{100 * figure["high"]:.1f} %'
    return f'{text} <span class="muted">[{ends}], {figure["k"]} of {figure["n"]}</span>'


def _number(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure.get('value') is None:
        return _NONE
    ends = '' if figure['low'] is None else f'[{figure["low"]:.3g}–{figure["high"]:.3g}], '
    return f'{figure["value"]:.3g} <span class="muted">{ends}n = {figure["n"]}</span>'


def _milliseconds(summary: Mapping[str, Any] | None, key: str) -> str:
    if summary is None or not summary['n']:
        return _NONE
    return f'{summary[key]:.1f} ms' if summary[key] < 1000 else f'{summary[key] / 1000:.2f} s'


def _tiles(report: Mapping[str, Any]) -> str:
    metrics, time = report['metrics'], report['time']
    tiles: list[tuple[str, str, str]] = []
    if metrics:
        camera = report['bag']['cameras'][0]
        rest = metrics['frames'][camera]['at_rest']['exact_baskets']
        tiles.append(
            (_rate(rest, short=True), f'exact pictures at rest, camera {camera}', f'{rest["k"]} of {rest["n"]}')
        )
        stable = metrics['stability']['to_stable_and_right_ms']
        tiles.append((_milliseconds(stable, 'p95'), 'to a stable and right basket, p95', f'n = {stable["n"]}'))
        lost = metrics['answers']['lost']
        tiles.append((str(lost), 'pictures without an answer', f'of {metrics["answers"]["sent"]}'))
    whole, step = time['end_to_end'], time['step']
    if whole['n']:
        tiles.append((_milliseconds(whole, 'p95'), 'picture to cart, p95', f'n = {whole["n"]}'))
    else:
        tiles.append((_milliseconds(step, 'p95'), 'work for one step, p95', f'n = {step["n"]}'))
    speed = time['speed']
    tiles.append((f'{speed:.1f} ×' if speed else _NONE, 'real time', f'{report["run"]["wall_s"]:.1f} s'))
    return (
        '<div class="tiles">'
        + ''.join(
            f'<div class="tile"><b>{value}</b><span>{escape(label)}</span><span>{escape(note)}</span></div>'
            for value, label, note in tiles
        )
        + '</div>'
    )


def _checkouts(report: Mapping[str, Any], payment: Sequence[Picture], names: Mapping[str, str]) -> str:
    out = []
    for number, checkout in enumerate(report['checkouts']):
        currency = checkout['currency']

        def money(minor: int, currency: str = currency) -> str:
            return Money(minor, currency).format()

        rows = []
        for line in checkout['lines']:
            charged = line['charged']
            right = charged == line['true']
            got = '–' if charged is None else str(charged)
            cost = '–' if charged is None else money(charged * line['unit_minor'])
            rows.append(
                f'<tr{"" if right else " class=bad"}><td>{escape(line["name_en"])}'
                f'<small>{escape(line["name_ko"])}, {money(line["unit_minor"])}</small></td>'
                f'<td class="n">{line["true"]}</td>'
                f'<td class="n">{got}</td><td class="n">{cost}</td></tr>'
            )
        total = '–' if checkout['total_minor'] is None else money(checkout['total_minor'])
        table = (
            '<div class="scroll"><table><thead><tr><th>product</th><th class="n">on tray</th>'
            f'<th class="n">charged</th><th class="n">sum</th></tr></thead><tbody>{"".join(rows)}</tbody>'
            f'<tfoot><tr><td>total <small>{money(checkout["due_minor"])} were due</small></td><td></td><td></td>'
            f'<td class="n">{total}</td></tr></tfoot></table></div>'
        )
        notes = []
        if checkout['foreign']:
            notes.append(f'{checkout["foreign"]} thing(s) on the tray are not sold here.')
        if checkout['handed_over']:
            notes.append('Staff was asked.')
        if not checkout['distinguishable']:
            notes.append('Look-alikes lay so that no camera could tell them apart.')
        extra = f'<p class="muted">{" ".join(notes)}</p>' if notes else ''
        shown = _figure(payment[number], names, 'The moment of payment') if number < len(payment) else ''
        out.append(
            _section('What was charged', '', f'<div class="two"><div>{table}{extra}</div><div>{shown}</div></div>')
        )
    return ''.join(out)


def _figure(picture: Picture, names: Mapping[str, str], title: str) -> str:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    full = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_UNCHANGED) if image is not None else None
    size = (640, 480) if full is None else (int(full.shape[1]), int(full.shape[0]))
    drawn = picture_svg(picture, names, size)
    wrong = ', '.join(
        f'{names.get(sku, sku)} {abs(error)} too {"many" if error > 0 else "few"}'
        for sku, error in picture.frame.difference
    )
    if picture.frame.predicted is None:
        wrong = 'no answer came'
    line = f'{picture.frame.camera}, stamp {picture.frame.stamp_ns / 1e9:.3f} s'
    if not picture.frame.at_rest:
        line += ', while things moved'
    caption = f'<b>{escape(title or wrong)}</b><span class="muted">{escape(line)}</span>'
    return f'<figure>{drawn}<figcaption>{caption}</figcaption></figure>'


_LEGEND = (
    ('#38e0a0', '', 'right'),
    ('#ff5a4f', '', 'wrong answer'),
    ('#ffc247', '4 3', 'missed'),
    ('#8aa', '4 3', 'truth of a wrong answer'),
)


def _wrong(report: Mapping[str, Any], wrong: Sequence[Picture], names: Mapping[str, str]) -> str:
    if report['metrics'] is None:
        return ''
    total = sum(group['count'] for group in report['wrong'])
    if not total:
        return _section('Wrong pictures', '', '<p>None: every picture was exact.</p>')
    shown = sum(picture.count for picture in wrong)
    hint = (
        f'{total} of {report["run"]["pictures"]} pictures were wrong. Pictures that follow each other and are wrong in '
        'the same way are shown once.' + (f' {total - shown} more are in report.json.' if shown < total else '')
    )
    legend = ''.join(
        f'<span><svg width="22" height="12"><rect x="1" y="1" width="20" height="10" fill="none" stroke="{colour}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/></svg>{escape(word)}</span>'
        for colour, dash, word in _LEGEND
    )
    figures = []
    for picture in wrong:
        again = f' – {picture.count} pictures' if picture.count > 1 else ''
        kinds = '; '.join(
            f'{names.get(sku, sku)}: {abs(error)} too {"many" if error > 0 else "few"}'
            for sku, error in picture.frame.difference
        )
        figures.append(_figure(picture, names, ('No answer' if picture.frame.predicted is None else kinds) + again))
    return _section(
        'Wrong pictures', hint, f'<div class="legend">{legend}</div><div class="frames">{"".join(figures)}</div>'
    )


def _confusion(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    confusion = report['confusion']
    if not confusion or not confusion['true']:
        return ''
    columns = ''.join(f'<th class="v">{escape(names.get(c, c))}</th>' for c in confusion['answered'])
    rows = []
    for label, counts in zip(confusion['true'], confusion['counts'], strict=True):
        total = max(1, sum(counts))
        cells = []
        for answered, count in zip(confusion['answered'], counts, strict=True):
            right = answered == label or (label == 'not sold' and answered == 'UNKNOWN')
            colour = '56,224,160' if right else '255,90,79'
            shade = f' style="background:rgba({colour},{0.15 + 0.6 * count / total:.2f})"' if count else ''
            title = f'{names.get(label, label)} answered as {names.get(answered, answered)}: {count}'
            cells.append(f'<td class="c"{shade} title="{escape(title)}">{count or ""}</td>')
        rows.append(f'<tr><th class="r">{escape(names.get(label, label))}</th>{"".join(cells)}</tr>')
    return _section(
        'What was taken for what',
        'Rows: what it was. Columns: what the answer said. Every sighting in every picture counts once.',
        f'<div class="scroll"><table class="heat"><thead><tr><th></th>{columns}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>',
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    body = ''.join(f'<tr><td>{escape(name)}</td><td class="n">{value}</td></tr>' for name, value in rows)
    return f'<div class="scroll"><table><tbody>{body}</tbody></table></div>'


def _figures(report: Mapping[str, Any]) -> str:
    metrics = report['metrics']
    if metrics is None:
        return ''
    parts = []
    for camera, figures in metrics['frames'].items():
        rows = [
            ('exact pictures, all', _rate(figures['all']['exact_baskets'])),
            ('exact pictures at rest', _rate(figures['at_rest']['exact_baskets'])),
        ]
        for name, group in figures['at_rest_by_items'].items():
            rows.append((f'at rest, {name} items', _rate(group['exact_baskets'])))
        rest = figures['at_rest']
        rows += [
            ('ACD at rest', _number(rest['acd'])),
            ('mCCD at rest', _number(rest['mccd'])),
            ('mCIoU at rest', _number(rest['mciou'])),
            ('mAP50', _number(metrics['detection'][camera]['map50'])),
            ('mAP50-95', _number(metrics['detection'][camera]['map50_95'])),
            ('sightings under the main track', _rate(metrics['tracking'][camera]['under_main_id'])),
            ('switches of track', str(metrics['tracking'][camera]['id_switches'])),
        ]
        parts.append(f'<div><h3>Camera {escape(camera)}</h3>{_table(rows)}</div>')
    checkout, unknown, stability = metrics['checkout'], metrics['unknown'], metrics['stability']
    rows = [
        ('checkouts done right', _rate(checkout['right'])),
        ('exact baskets', _rate(checkout['baskets']['exact_baskets'])),
        ('exact price', _rate(checkout['price']['exact'])),
        ('overcharged', _rate(checkout['price']['overcharged'])),
        ('undercharged', _rate(checkout['price']['undercharged'])),
        ('without receipt', _rate(checkout['price']['without_receipt'])),
        ('handed to a person', _rate(checkout['abstention']['handed_over'])),
        ('strangers sold, by sighting', _rate(unknown['wrong_sales'])),
        ('wrong alarms, by sighting', _rate(unknown['wrong_alarms'])),
        ('rests that became stable and right', _rate(stability['reached'])),
        ('time until then, p50', _milliseconds(stability['to_stable_and_right_ms'], 'p50')),
        ('time until then, p95', _milliseconds(stability['to_stable_and_right_ms'], 'p95')),
        ('identity', _NONE if metrics['identity'] is None else ''),
        ('liveness', _NONE if metrics['liveness'] is None else ''),
    ]
    parts.append(f'<div><h3>Checkout</h3>{_table(rows)}</div>')
    hint = 'In brackets the 95 % interval: no error in n cases only shows a rate below about 3 in n.'
    return _section('Figures', hint, f'<div class="two">{"".join(parts)}</div>')


def _time(report: Mapping[str, Any]) -> str:
    time = report['time']
    whole = {'picture to cart': time['end_to_end']} if time['end_to_end']['n'] else {}
    summaries = {**whole, **time['parts'], **time['stages']}
    keys = ('p50', 'p95', 'p99', 'max')
    rows = [
        [escape(name), str(summary['n']), *(f'{summary[key]:.2f}' for key in keys)]
        for name, summary in summaries.items()
        if summary['n']
    ]
    table = _grid(('milliseconds',), ('n', *keys), rows)
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
        worst = f'<h3>Slowest pictures</h3>{_grid(("stamp", "camera", "most of it"), ("ms",), rows)}'
    if report['resources']:
        rows = [[escape(r['name']), f'{r["cpu_percent"]:.0f} %', f'{r["rss_mb"]:.0f} MB'] for r in report['resources']]
        usage = f'<h3>Processes</h3>{_grid(("process",), ("processor", "memory"), rows)}'
    hint = '' if time['parts'] else 'In the core lane nothing is sent and nothing waits: these are stages of the work.'
    details = f'<details><summary>All times</summary>{table}</details>'
    return _section('Where the time goes', hint, f'<div class="charts">{"".join(charts)}</div>{details}{worst}{usage}')


def _most(parts: Mapping[str, float]) -> str:
    """Name the three largest parts."""
    largest = sorted(parts.items(), key=lambda part: -part[1])[:3]
    return ', '.join(f'{name} {ms:.1f}' for name, ms in largest)


def _grid(texts: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table: columns of text first, then columns of numbers."""
    head = ''.join(f'<th>{name}</th>' for name in texts) + ''.join(f'<th class="n">{name}</th>' for name in numbers)
    body = ''.join(
        '<tr>'
        + ''.join(f'<td{"" if i < len(texts) else " class=n"}>{cell}</td>' for i, cell in enumerate(row))
        + '</tr>'
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _run(report: Mapping[str, Any]) -> str:
    host, run, bag = report['host'], report['run'], report['bag']
    rows = [
        ('result hash', f'<code>{report["result_hash"]}</code>'),
        ('outcome hash', f'<code>{report["outcome_hash"]}</code>'),
        ('bag', f'<code>{escape(bag["path"])}</code>, sha256 <code>{bag["sha256"]}</code>'),
        ('model', escape(f'{host.get("model", "")} on {host.get("runtime", "")}')),
        ('model sha256', f'<code>{escape(str(host.get("model_sha256", "")))}</code>'),
        ('host', escape(f'{host.get("name")}, {host.get("cpu")}, {host.get("cores")} cores, {host.get("system")}')),
        ('commit', f'<code>{escape(str(host.get("commit") or "not known"))}</code>'),
        ('faults', escape(run['faults'] or 'none')),
    ]
    for node, parameters in run['parameters'].items():
        text = ', '.join(f'{key} = {value}' for key, value in parameters.items())
        rows.append((node, f'<code>{escape(text)}</code>'))
    return _section('Run', '', '<dl>' + ''.join(f'<dt>{escape(k)}</dt><dd>{v}</dd>' for k, v in rows) + '</dl>')
