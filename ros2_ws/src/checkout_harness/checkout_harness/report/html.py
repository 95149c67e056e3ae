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
from checkout_harness.report.charts import FacePicture, Picture, picture_svg, timeline_svg
from checkout_harness.report.face_section import face_figures, face_frames
from checkout_harness.report.parts import NONE, milliseconds, number, rate, section, table
from checkout_harness.report.time_section import time_section

__all__ = ['write_html']

_CLASS = {True: 'good', False: 'bad', None: ''}
_WORD = {True: 'PASSED', False: 'FAILED', None: 'NOT JUDGED'}
_SIGN = {True: ('ok', '✓'), False: ('no', '✕'), None: ('na', '–')}


def write_html(
    path: Path,
    report: Mapping[str, Any],
    pictures: Sequence[Picture],
    faces: Sequence[FacePicture],
    catalogue: Catalogue,
) -> None:
    """Write the report."""
    names = {product.sku: product.name_en for product in catalogue} | {'UNKNOWN': 'unknown'}
    payment = [picture for picture in pictures if picture.payment]
    wrong = [picture for picture in pictures if not picture.payment]
    body = [
        _verdict(report),
        _tiles(report),
        _checkouts(report, payment, names),
        section(
            'Course of the checkout',
            _TIMELINE_HINT,
            f'<div class="scroll">{timeline_svg(report["timeline"], names)}</div>',
        ),
        _wrong(report, wrong, names),
        _wrong_faces(report, faces),
        _confusion(report, names),
        _figures(report),
        time_section(report),
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


def _tiles(report: Mapping[str, Any]) -> str:
    metrics, time = report['metrics'], report['time']
    tiles: list[tuple[str, str, str]] = []
    if metrics:
        camera = report['bag']['cameras'][0]
        rest = metrics['frames'][camera]['at_rest']['exact_baskets']
        tiles.append(
            (rate(rest, short=True), f'exact pictures at rest, camera {camera}', f'{rest["k"]} of {rest["n"]}')
        )
        stable = metrics['stability']['to_stable_and_right_ms']
        tiles.append((milliseconds(stable, 'p95'), 'to a stable and right basket, p95', f'n = {stable["n"]}'))
        lost = metrics['answers']['lost']
        tiles.append((str(lost), 'pictures without an answer', f'of {metrics["answers"]["sent"]}'))
    whole, step = time['end_to_end'], time['step']
    if whole['n']:
        tiles.append((milliseconds(whole, 'p95'), 'picture to cart, p95', f'n = {whole["n"]}'))
    else:
        tiles.append((milliseconds(step, 'p95'), 'work for one step, p95', f'n = {step["n"]}'))
    speed = time['speed']
    tiles.append((f'{speed:.1f} ×' if speed else NONE, 'real time', f'{report["run"]["wall_s"]:.1f} s'))
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
    for index, checkout in enumerate(report['checkouts']):
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
        shown = _figure(payment[index], names, 'The moment of payment') if index < len(payment) else ''
        out.append(
            section('What was charged', '', f'<div class="two"><div>{table}{extra}</div><div>{shown}</div></div>')
        )
    return ''.join(out)


def _figure(picture: Picture, names: Mapping[str, str], title: str) -> str:
    width, height = _size(picture.jpeg)
    drawn = picture_svg(picture, names, (width * picture.shrunk, height * picture.shrunk))
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
        return section('Wrong pictures', '', '<p>None: every picture was exact.</p>')
    small = [picture for picture in wrong if picture.shrunk > 1]
    wrong = [picture for picture in wrong if picture.shrunk == 1]
    hint = (
        f'{total} of {report["run"]["pictures"]} pictures were wrong. Pictures that follow each other and are wrong in '
        'the same way are shown once, and all others below, small.'
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
    every = ''
    if small:
        rows = ''.join(_figure(picture, names, '') for picture in small)
        left = total - len(wrong) - len(small)
        rest = f'<p class="hint">{left} more are in report.json.</p>' if left > 0 else ''
        every = (
            f'<details><summary>The other {len(small)}</summary><div class="frames small">{rows}</div>{rest}</details>'
        )
    content = f'<div class="legend">{legend}</div><div class="frames">{"".join(figures)}</div>{every}'
    return section('Wrong pictures', hint, content)


def _size(jpeg: bytes) -> tuple[int, int]:
    """Return width and height of a picture; that of an ordinary one when it cannot be read."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED) if jpeg else None
    return (640, 480) if image is None else (int(image.shape[1]), int(image.shape[0]))


def _wrong_faces(report: Mapping[str, Any], faces: Sequence[FacePicture]) -> str:
    if report['metrics'] is None or report['metrics']['identity'] is None:
        return ''
    total, count = len(report['wrong_faces']), report['metrics']['identity']['pictures']
    if not total:
        return section('Wrong pictures of faces', '', f'<p>None of {count}: everybody was taken for who they are.</p>')
    hint = f'{total} of {count} pictures of the face camera were wrong. Dashed: who it was. Solid: what was answered.'
    return section('Wrong pictures of faces', hint, face_frames(faces, report, _size))


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
    return section(
        'What was taken for what',
        'Rows: what it was. Columns: what the answer said. Every sighting in every picture counts once.',
        f'<div class="scroll"><table class="heat"><thead><tr><th></th>{columns}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>',
    )


def _figures(report: Mapping[str, Any]) -> str:
    metrics = report['metrics']
    if metrics is None:
        return ''
    parts = []
    for camera, figures in metrics['frames'].items():
        rows = [
            ('exact pictures, all', rate(figures['all']['exact_baskets'])),
            ('exact pictures at rest', rate(figures['at_rest']['exact_baskets'])),
        ]
        for name, group in figures['at_rest_by_items'].items():
            rows.append((f'at rest, {name} items', rate(group['exact_baskets'])))
        rest = figures['at_rest']
        rows += [
            ('ACD at rest', number(rest['acd'])),
            ('mCCD at rest', number(rest['mccd'])),
            ('mCIoU at rest', number(rest['mciou'])),
            ('mAP50', number(metrics['detection'].get(camera, {}).get('map50'))),
            ('mAP50-95', number(metrics['detection'].get(camera, {}).get('map50_95'))),
            ('sightings under the main track', rate(metrics['tracking'][camera]['under_main_id'])),
            ('switches of track', str(metrics['tracking'][camera]['id_switches'])),
        ]
        parts.append(f'<div><h3>Camera {escape(camera)}</h3>{table(rows)}</div>')
    checkout, unknown, stability = metrics['checkout'], metrics['unknown'], metrics['stability']
    rows = [
        ('checkouts done right', rate(checkout['right'])),
        ('exact baskets', rate(checkout['baskets']['exact_baskets'])),
        ('exact price', rate(checkout['price']['exact'])),
        ('overcharged', rate(checkout['price']['overcharged'])),
        ('undercharged', rate(checkout['price']['undercharged'])),
        ('without receipt', rate(checkout['price']['without_receipt'])),
        ('handed to a person', rate(checkout['abstention']['handed_over'])),
        ('strangers sold, by sighting', rate(unknown['wrong_sales'])),
        ('wrong alarms, by sighting', rate(unknown['wrong_alarms'])),
        ('rests that became stable and right', rate(stability['reached'])),
        ('time until then, p50', milliseconds(stability['to_stable_and_right_ms'], 'p50')),
        ('time until then, p95', milliseconds(stability['to_stable_and_right_ms'], 'p95')),
    ]
    parts.append(f'<div><h3>Checkout</h3>{table(rows)}</div>')
    parts.append(f'<div><h3>Faces</h3>{table(face_figures(metrics, rate, milliseconds))}</div>')
    hint = 'In brackets the 95 % interval: no error in n cases only shows a rate below about 3 in n.'
    return section('Figures', hint, f'<div class="two">{"".join(parts)}</div>')


def _run(report: Mapping[str, Any]) -> str:
    host, run, bag = report['host'], report['run'], report['bag']
    rows = [
        ('result hash', f'<code>{report["result_hash"]}</code>'),
        ('outcome hash', f'<code>{report["outcome_hash"]}</code>'),
        ('bag', f'<code>{escape(bag["path"])}</code>, sha256 <code>{bag["sha256"]}</code>'),
        ('model', escape(f'{host.get("model", "")} on {host.get("runtime", "")}')),
        ('model sha256', f'<code>{escape(str(host.get("model_sha256", "")))}</code>'),
        *_face_rows(host),
        ('host', escape(f'{host.get("name")}, {host.get("cpu")}, {host.get("cores")} cores, {host.get("system")}')),
        ('commit', f'<code>{escape(str(host.get("commit") or "not known"))}</code>'),
        ('faults', escape(run['faults'] or 'none')),
    ]
    for node, parameters in run['parameters'].items():
        text = ', '.join(f'{key} = {value}' for key, value in parameters.items())
        rows.append((node, f'<code>{escape(text)}</code>'))
    return section('Run', '', '<dl>' + ''.join(f'<dt>{escape(k)}</dt><dd>{v}</dd>' for k, v in rows) + '</dl>')


def _face_rows(host: Mapping[str, Any]) -> list[tuple[str, str]]:
    if 'face_model' not in host:
        return []
    return [
        ('model of faces', escape(f'{host["face_model"]} on {host["face_runtime"]}')),
        ('its sha256', f'<code>{escape(str(host["face_model_sha256"]))}</code>'),
    ]
