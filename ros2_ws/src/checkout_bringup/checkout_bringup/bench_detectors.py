"""Compare our detector with known ones on equal terms: `checkout bench detectors`.

Ours, yolo11n and yolov8n are trained on the same pictures for the same processor time, scored by the same code on the
same test pictures, and timed in turn in one run. A contestant that is done is not done again; one that was stopped
goes on from its checkpoint. Needs `scripts/bootstrap --with train,ultralytics`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from checkout_bringup.bench_frames import assortment_of, bracket_set
from checkout_bringup.files import output_folder
from checkout_core import data, provenance
from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_perception.training.data import load_split

__all__ = ['main']

CONTESTANTS = ('ours', 'yolo11n', 'yolov8n')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; the exit status is 1 when another detector is more exact, or ours is not fast enough."""
    parser = argparse.ArgumentParser(prog='checkout bench detectors', description=__doc__)
    parser.add_argument('--data', type=Path, required=True, metavar='DIR', help='data set with train and val')
    parser.add_argument('--test', type=Path, metavar='DIR', help='data set with the split test (default: rendered)')
    parser.add_argument('--frames', type=int, default=700, metavar='N', help='rendered test pictures a bracket (700)')
    parser.add_argument('--contestants', default=','.join(CONTESTANTS), metavar='NAMES', help=', '.join(CONTESTANTS))
    parser.add_argument('--cpu-seconds', type=float, default=3600.0, metavar='S', help='of each training (3600)')
    parser.add_argument('--size', default='640x480', metavar='WxH', help='input of all networks (640x480)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--scored', type=int, default=0, metavar='N', help='test pictures to score, evenly taken (all)')
    parser.add_argument('--timed', type=int, default=200, metavar='N', help='pictures to time (200)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, metavar='N', help='processes that render')
    parser.add_argument('--out', type=Path, metavar='DIR', help='where trainings are kept (var/bench/detectors)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all figures to FILE')
    arguments = parser.parse_args(argv)
    try:
        from checkout_perception.training.compare import CompareConfig, compare, markdown
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split('.')[0] not in ('torch', 'onnx'):
            raise
        raise CheckoutError('The comparison trains; run scripts/bootstrap --with train,ultralytics.') from error
    if arguments.json is not None:
        output_folder(arguments.json.expanduser().parent, '--json')
    out = output_folder(arguments.out or data.path('var/bench/detectors'))
    width, _, height = arguments.size.partition('x')
    if not (width.isdigit() and height.isdigit()):
        raise CheckoutError(f"--size is WIDTHxHEIGHT, such as 640x480, not '{arguments.size}'.")
    test = arguments.test
    if test is None:
        products = load_split(arguments.data, 'train').class_names[:-1]
        brackets = ((1, 4), (5, 9), (10, 15))
        cache_folder = data.path('var/bench')
        test = bracket_set(assortment_of(products), brackets, arguments.frames, 'test', arguments.jobs, cache_folder)
    config = CompareConfig(
        data=arguments.data,
        test=test,
        out=out,
        names=tuple(name.strip() for name in arguments.contestants.split(',')),
        cpu_s=arguments.cpu_seconds,
        size=(int(width), int(height)),
        seed=arguments.seed,
        timed=arguments.timed,
        scored=arguments.scored,
    )
    result = compare(config, lambda text: print(text, flush=True))
    table = markdown(result)
    print('\n' + table)
    (out / 'table.md').write_text(table, encoding='utf-8')
    write_json(out / 'table.json', result)
    write_json(arguments.json, {**result, 'host': provenance.collect()})
    return 0 if all(said['as_exact'] and said['fast_enough'] for said in result['verdict'].values()) else 1
