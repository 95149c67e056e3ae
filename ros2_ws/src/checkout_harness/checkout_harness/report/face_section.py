"""The part of report.html about the face camera: who was recognised, and who was taken for somebody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from checkout_harness.report.charts import FacePicture, face_svg

__all__ = ['face_figures', 'face_frames']

Show = Callable[[Mapping[str, Any] | None], str]
_IDENTITY = (
    ('recognised, by picture', ('identification',)),
    ('recognised at all, by customer', ('presentations', 'identified')),
    ('wrong name, by picture', ('false_acceptance',)),
    ('  of customers: another one named', ('wrong_customer',)),
    ('  of strangers: a customer named', ('stranger_accepted',)),
    ('customers not recognised, by picture', ('false_rejection',)),
    ('faces not found, by picture', ('faces_missed',)),
    ('attacks given a name, by picture', ('attack_named',)),
)
_LIVENESS = (
    ('APCER: attacks accepted, worst kind', ('apcer',)),
    ('attacks not found or not judged', ('attacks_without_verdict',)),
    ('BPCER: people refused', ('bpcer',)),
    ('people not checked', ('people_not_checked',)),
)


def face_figures(metrics: Mapping[str, Any], show: Show, milliseconds: Callable[..., str]) -> list[tuple[str, str]]:
    """Return rows of (name, HTML) about identity and liveness; what was not measured says why."""
    why = metrics['not_measured']
    identity, liveness = metrics['identity'], metrics['liveness']
    rows = []
    if identity is None:
        rows.append(('identity', _muted(why['identity'])))
    else:
        rows += [(name, show(_at(identity, path))) for name, path in _IDENTITY]
        rows.append(('customers named where nobody is', str(identity['names_of_nobody'])))
        time = identity['time_to_identity_ms']
        rows += [(f'time to identity, {key}', milliseconds(time, key)) for key in ('p50', 'p95', 'max')]
        rows.append(('pictures, without an answer', f'{identity["pictures"]}, {identity["unanswered"]}'))
    if liveness is None:
        rows.append(('liveness', _muted(why['liveness'])))
    else:
        rows += [(name, show(_at(liveness, path))) for name, path in _LIVENESS]
        rows += [(f'  {kind}s accepted', show(value)) for kind, value in sorted(liveness['by_attack'].items())]
    return rows


def face_frames(pictures: Sequence[FacePicture], report: Mapping[str, Any], size: Callable[[bytes], Any]) -> str:
    """Return the wrong pictures of the face camera: one of each kind, and all others small."""
    large = [_figure(shown, size) for shown in pictures if shown.shrunk == 1]
    small = [_figure(shown, size) for shown in pictures if shown.shrunk > 1]
    out = f'<div class="frames">{"".join(large)}</div>'
    if small:
        out += f'<details><summary>The other {len(small)}</summary><div class="frames small">{"".join(small)}</div>'
        left = len(report['wrong_faces']) - len(large) - len(small)
        out += (f'<p class="hint">{left} more are in report.json.</p>' if left > 0 else '') + '</details>'
    return out


def _figure(shown: FacePicture, size: Callable[[bytes], Any]) -> str:
    wrong = [f'{s.truth_words}: {s.words}' for s in shown.picture.sightings if not s.exact]
    wrong += [f'nobody there: {face.person}' for face in shown.picture.extra if face.named]
    again = f' – {shown.count} pictures' if shown.count > 1 else ''
    title = escape(('; '.join(wrong) or 'no answer') + again)
    width, height = size(shown.jpeg)
    drawn = face_svg(shown, (width * shown.shrunk, height * shown.shrunk))
    stamp = f'face, stamp {shown.picture.stamp_ns / 1e9:.3f} s'
    return f'<figure>{drawn}<figcaption><b>{title}</b><span class="muted">{stamp}</span></figcaption></figure>'


def _at(node: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    for key in path:
        node = node[key]
    return node


def _muted(text: str) -> str:
    return f'<span class="muted">{escape(text)}</span>'
