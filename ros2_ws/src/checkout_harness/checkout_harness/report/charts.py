"""Charts as inline SVG: the timeline of a checkout, histograms, and pictures with boxes drawn over them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.frames import encode_jpeg
from checkout_harness.frames import FrameComparison
from checkout_harness.identity import FaceComparison

__all__ = ['FacePicture', 'Picture', 'face_svg', 'histogram_svg', 'picture_svg', 'smaller', 'timeline_svg']

_EVENT_WORDS = {
    0: 'session started', 1: 'added', 2: 'removed', 3: 'corrected', 4: 'question', 5: 'question settled',
    6: 'identified', 7: 'customer left', 8: 'checkout', 9: 'cancelled', 10: 'payment requested', 11: 'paid',
    12: 'declined', 13: 'unknown', 14: 'receipt', 15: 'tray cleared', 16: 'session ended', 17: 'staff called',
    18: 'staff gone', 19: 'leftover changed',
}  # fmt: skip
_SHOWN = {1: '+', 2: '−', 3: '✎', 4: '?', 8: '▣', 11: '✓', 12: '✕', 17: '!'}


@dataclass(frozen=True)
class Picture:
    """Hold a picture to show: comparison, JPEG bytes, for how many it stands, and whether it is that of payment.

    `shrunk` says by how much the JPEG is smaller than what was recorded; such pictures are shown small.
    """

    frame: FrameComparison
    jpeg: bytes
    count: int
    payment: bool
    shrunk: int = 1


@dataclass(frozen=True)
class FacePicture:
    """Hold a picture of the face camera to show: comparison, JPEG bytes, for how many it stands, `shrunk` as above."""

    picture: FaceComparison
    jpeg: bytes
    count: int
    shrunk: int = 1


def smaller(jpeg: bytes, by: int) -> bytes:
    """Return a JPEG with half the width and height (`by` 2), or as it is: by 1, or when it cannot be read."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2) if jpeg and by == 2 else None
    return jpeg if image is None else encode_jpeg(np.asarray(image, np.uint8), 70)


def timeline_svg(timeline: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Draw what lay on the tray and what was counted, where the answer was stable, events, and wrong pictures."""
    ticks = timeline['ticks']
    if not ticks:
        return '<p class="muted">Nothing was replayed.</p>'
    width, left, right, top, height = 1160, 44, 12, 26, 150
    start, end = ticks[0]['stamp_ns'], max(ticks[-1]['stamp_ns'], ticks[0]['stamp_ns'] + 1)
    most = max([1, *(t['true'] or 0 for t in ticks), *(t['counted'] or 0 for t in ticks)])
    step = (end - start) / max(1, len(ticks) - 1)

    def x(stamp: float) -> float:
        return float(left + (stamp - start) / (end + step - start) * (width - left - right))

    def y(count: float) -> float:
        return top + height - count / most * height

    total = top + height + 96
    out = [f'<svg class="timeline" viewBox="0 0 {width} {total}" role="img" aria-label="Timeline of the checkout">']
    for count in range(0, most + 1, max(1, most // 5)):
        out.append(
            f'<line x1="{left}" x2="{width - right}" y1="{y(count):.1f}" y2="{y(count):.1f}" stroke="var(--line)"/>'
            f'<text x="{left - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count}</text>'
        )
    band = top + height + 10
    wide = x(start + step) - x(start)
    for tick in ticks:
        if tick['stable'] is None:
            colour, word = 'var(--bad)', 'no answer'
        else:
            colour, word = ('var(--good)', 'stable') if tick['stable'] else ('var(--track)', 'moving')
        moment = (tick['stamp_ns'] - start) * 1e-9
        out.append(
            f'<rect x="{x(tick["stamp_ns"]):.1f}" y="{band}" width="{wide + 0.3:.2f}" height="12" '
            f'fill="{colour}"><title>{moment:.2f} s: {word}</title></rect>'
        )
        if tick['wrong']:
            out.append(
                f'<rect x="{x(tick["stamp_ns"]):.1f}" y="{band + 20}" '
                f'width="{max(1.5, x(start + step) - x(start) - 0.5):.2f}" height="12" fill="var(--bad)">'
                f'<title>{moment:.2f} s: {tick["wrong"]} wrong picture(s)</title></rect>'
            )
    out.append(_steps(ticks, 'true', x, y, step, 'stroke="var(--muted)" stroke-width="7" stroke-opacity=".35"'))
    out.append(_steps(ticks, 'counted', x, y, step, 'stroke="var(--sky)" stroke-width="2.5"'))
    out.append(f'<text x="4" y="{band + 10}">state</text><text x="4" y="{band + 30}">wrong</text>')
    out.append(_events(timeline['events'], names, x, start, top, band))
    seconds = (end - start) * 1e-9
    unit = next(u for u in (0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 1e9) if seconds / u <= 14)
    for index in range(int(seconds / unit) + 1):
        out.append(
            f'<text x="{x(start + index * unit * 1e9):.1f}" y="{band + 66}" text-anchor="middle">'
            f'{index * unit:g} s</text>'
        )
    out.append('</svg>')
    return ''.join(out)


def _steps(ticks: Sequence[Mapping[str, Any]], key: str, x: Any, y: Any, step: float, style: str) -> str:
    """Return a step line, with gaps where there is nothing."""
    paths: list[str] = []
    previous = None
    for tick in ticks:
        value = tick[key]
        if value is None:
            previous = None
            continue
        begin, stop, level = x(tick['stamp_ns']), x(tick['stamp_ns'] + step), y(value)
        paths.append(f'{"M" if previous is None else "L"}{begin:.1f} {level:.1f}L{stop:.1f} {level:.1f}')
        previous = value
    return f'<path d="{"".join(paths)}" fill="none" {style}/>' if paths else ''


def _events(
    events: Sequence[Mapping[str, Any]], names: Mapping[str, str], x: Any, start: int, top: int, band: int
) -> str:
    out = []
    at: dict[int, list[str]] = {}
    for event in events:
        sign = _SHOWN.get(event['kind'])
        if sign is None:
            continue
        word = _EVENT_WORDS.get(event['kind'], str(event['kind']))
        what = f'{word} {abs(event["delta"])} × {names.get(event["sku"], event["sku"])}' if event['sku'] else word
        at.setdefault(event['stamp_ns'], []).append(f'{sign}\t{what}')
    for stamp, rows in at.items():
        signs = ''.join(dict.fromkeys(row.split('\t')[0] for row in rows))
        title = '\n'.join([f'{(stamp - start) * 1e-9:.2f} s', *(row.split('\t')[1] for row in rows)])
        out.append(
            f'<g><title>{escape(title)}</title>'
            f'<line x1="{x(stamp):.1f}" x2="{x(stamp):.1f}" y1="{top - 4}" y2="{band}" '
            f'stroke="var(--blue)" stroke-dasharray="3 3"/><text x="{x(stamp):.1f}" y="{top - 9}" text-anchor="middle" '
            f'style="fill:var(--blue);font-weight:700;font-size:14px">{escape(signs)}</text></g>'
        )
    return ''.join(out)


def histogram_svg(histogram: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """Draw a histogram of milliseconds with its p50 and p95."""
    counts = histogram['counts']
    if not counts:
        return ''
    width, height, base = 300, 84, 68
    bar = width / len(counts)
    most = max(counts)
    out = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Histogram">']
    for index, count in enumerate(counts):
        if count:
            tall = max(1.5, count / most * (base - 8))
            low, high = index * histogram['width_ms'], (index + 1) * histogram['width_ms']
            beyond = ' or more' if index == len(counts) - 1 else f' to {high:.3g}'
            out.append(
                f'<rect x="{index * bar:.2f}" y="{base - tall:.1f}" width="{bar - 0.6:.2f}" height="{tall:.1f}" '
                f'fill="var(--sky)"><title>{low:.3g}{beyond} ms: {count}</title></rect>'
            )
    span = histogram['width_ms'] * len(counts)
    for name, colour in (('p50', 'var(--blue)'), ('p95', 'var(--amber)')):
        value = summary.get(name)
        if value is not None and value <= span:
            place = value / span * width
            out.append(
                f'<line x1="{place:.1f}" x2="{place:.1f}" y1="2" y2="{base}" stroke="{colour}" stroke-width="1.6"/>'
                f'<text x="{min(width - 26, place + 3):.1f}" y="12" style="fill:{colour};font-size:10.5px">'
                f'{name}</text>'
            )
    out.append(
        f'<line x1="0" x2="{width}" y1="{base}" y2="{base}" stroke="var(--line)"/><text x="0" y="{height - 2}">0</text>'
        f'<text x="{width}" y="{height - 2}" text-anchor="end">{span:.3g} ms</text></svg>'
    )
    return ''.join(out)


def picture_svg(picture: Picture, names: Mapping[str, str], size: tuple[int, int]) -> str:
    """Draw truth (dashed) and answer (solid) over a picture; the JPEG is embedded as it was recorded."""
    frame = picture.frame
    scale = size[0] / 640
    out = [_photograph(picture.jpeg, size)]
    for item, found in frame.pairs:
        right = item.sku == found.sku or (not item.sold and found.sku == 'UNKNOWN')
        truth = names.get(item.sku, item.sku) if item.sold else 'not sold here'
        answer = names.get(found.sku, found.sku)
        if right:
            out.append(_box(found.box, '#38e0a0', answer, scale))
        else:
            out.append(_box(item.boxes[frame.camera], '#ffffff', '', scale, dashed=True))
            out.append(_box(found.box, '#ff5a4f', f'{answer} ← {truth}', scale))
    for item in frame.missed:
        out.append(
            _box(item.boxes[frame.camera], '#ffc247', f'missed: {names.get(item.sku, item.sku)}', scale, dashed=True)
        )
    for found in frame.extra:
        out.append(_box(found.box, '#ff5a4f', f'nothing there: {names.get(found.sku, found.sku)}', scale))
    out.append('</svg>')
    return ''.join(out)


def face_svg(shown: FacePicture, size: tuple[int, int]) -> str:
    """Draw who stood there (dashed where the answer is wrong) and who was named over a picture of the face camera."""
    scale = size[0] / 640
    out = [_photograph(shown.jpeg, size)]
    for sighting in shown.picture.sightings:
        if sighting.exact and sighting.found is not None:
            out.append(_box(sighting.found.box, '#38e0a0', sighting.words, scale))
            continue
        missed = sighting.found is None
        label = f'{sighting.words}: {sighting.truth_words}' if missed else ''
        out.append(_box(sighting.true.box, '#ffc247' if missed else '#ffffff', label, scale, dashed=True))
        if sighting.found is not None:
            words = f'{sighting.words} ← {sighting.truth_words}'
            out.append(_box(sighting.found.box, '#ff5a4f', words, scale))
    for face in shown.picture.extra:
        if face.named:
            out.append(_box(face.box, '#ff5a4f', f'nobody there: {face.person}', scale))
    out.append('</svg>')
    return ''.join(out)


def _photograph(jpeg: bytes, size: tuple[int, int]) -> str:
    """Return the beginning of a drawing over a photograph, which is embedded as it was recorded."""
    data = base64.b64encode(jpeg).decode()
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="Picture with truth and answer">'
        f'<image href="data:image/jpeg;base64,{data}" width="{size[0]}" height="{size[1]}"/>'
    )


def _box(box: NDArray[Any], colour: str, label: str, scale: float, *, dashed: bool = False) -> str:
    x0, y0, x1, y1 = (float(v) for v in box)
    dash = f' stroke-dasharray="{7 * scale:.1f} {5 * scale:.1f}"' if dashed else ''
    out = (
        f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" fill="none" stroke="{colour}" '
        f'stroke-width="{2.2 * scale:.1f}"{dash}/>'
    )
    if not label:
        return out
    size, wide = 13 * scale, 640 * scale
    # A label in the right half ends where its box does, or it would run out of the picture.
    right = x0 > wide / 2
    place, anchor = (min(x1, wide) - 2 * scale, 'end') if right else (max(x0, 0.0) + 2 * scale, 'start')
    above = y0 - 4 * scale if y0 > 18 * scale else y0 + size + 3 * scale
    return out + (
        f'<text x="{place:.1f}" y="{above:.1f}" text-anchor="{anchor}" '
        f'style="font-size:{size:.0f}px;font-weight:700;fill:{colour};'
        f'paint-order:stroke;stroke:#000;stroke-width:{3.4 * scale:.1f}px;stroke-linejoin:round">{escape(label)}</text>'
    )
