"""Measure tracking, fusion and the scale on whole checkouts, with a detector drawn from the truth instead of a network.

`python -m checkout_perception.fusion_bench FILE.json.gz [--prefix l] [--one-camera] [--no-scale] [--no-places]` prints
how many checkouts are exact at payment, how long the contents take to be STABLE and right after the last movement, and
what a tick costs. A file holds for each checkout, ten times a second, what each camera could see of each thing (visible
fraction, box), the hand, the scale, and whether payment is due.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout_core.catalogue import Catalogue, load_catalogue
from checkout_core.config import from_mapping
from checkout_core.metrics.intervals import rate
from checkout_core.metrics.latency import summary
from checkout_core.status import Status
from checkout_perception.contents import Contents, State, View
from checkout_perception.geometry import calibrated
from checkout_perception.pipeline import TrayPerceptionConfig, contents_builder, kinds_of
from checkout_perception.testing import NoisyDetector, TrueView
from checkout_perception.tracker import Tracker
from checkout_perception.weight import WeightReading

__all__ = ['Figures', 'load', 'main', 'play']

_NS = 1_000_000_000
_EPOCH_NS = 100 * _NS
_CAMERAS = ('top', 'oblique')
_SIZE = (640, 480)
_HAND = 'hand'


@dataclass
class Figures:
    """Collect what was measured.

    exact, wrong, asked: names of checkouts by what the first sale that was possible would have been, asked when none
    was; settle_s: from the first tick at rest to STABLE and right; tick_ms: CPU time of tracking and fusion.
    """

    exact: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    settle_s: list[float] = field(default_factory=list)
    tick_ms: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return the number of checkouts."""
        return len(self.exact) + len(self.wrong) + len(self.asked)


def load(path: Path) -> dict[str, Any]:
    """Read a file of checkouts."""
    with gzip.open(path, 'rt', encoding='utf-8') as file:
        content: dict[str, Any] = json.load(file)
    return content


def play(
    checkout: dict[str, Any], config: TrayPerceptionConfig, catalogue: Catalogue, figures: Figures
) -> list[Contents]:
    """Run one checkout, add to the figures, and return the contents of each tick."""
    families = {product.sku: product.family for product in catalogue if product.family is not None}
    detector = NoisyDetector(catalogue.skus, families, checkout['seed'])
    builder = contents_builder(config, catalogue.skus, catalogue)
    builder.calibrate(calibrated(config.cameras, config.geometry))
    trackers = {camera: Tracker(config.tracker, kinds_of(catalogue.skus, catalogue)) for camera in config.cameras}
    answers: list[Contents] = []
    truths: list[tuple[dict[str, int], tuple[int, ...], bool, bool]] = []
    items: list[Any] = []
    since: int | None = None
    for frame, changed, hand, grams, stable, due in checkout['ticks']:
        items = items if changed is None else changed
        stamp = _EPOCH_NS + frame * _NS // 10
        since = (stamp if since is None else since) if stable else None
        found = {}
        for camera in config.cameras:
            index = _CAMERAS.index(camera)
            views = [_view(item[0], item[1], item[4 + index]) for item in items]
            arm = None if hand is None else _view(-1, _HAND, hand[index])
            found[camera] = detector.detect(camera, frame, views, arm)
        begin = time.process_time()
        shown = []
        for camera, (detections, scores) in found.items():
            trackers[camera].update(stamp, detections, scores)
            shown.append(View(camera, stamp, Status.OK, trackers[camera].tracks, *_SIZE))
        reading = WeightReading(stamp, grams, bool(stable), since) if config.weight.enabled else None
        answers.append(builder.update(stamp, shown, reading))
        figures.tick_ms.append((time.process_time() - begin) * 1000)
        truths.append(
            (
                dict(Counter(item[1] for item in items if item[2])),
                tuple(item[0] for item in items if item[2]),
                hand is None and not any(item[3] for item in items),
                bool(due),
            )
        )
    _judge(checkout['name'], answers, truths, figures)
    return answers


def _view(instance_id: int, sku: str, seen: Sequence[Any]) -> TrueView:
    fraction, box = seen
    return TrueView(instance_id, sku, fraction, None if box is None else (box[0], box[1], box[2], box[3]))


def _judge(
    name: str,
    answers: Sequence[Contents],
    truths: Sequence[tuple[dict[str, int], tuple[int, ...], bool, bool]],
    figures: Figures,
) -> None:
    begin: int | None = None
    lying: tuple[int, ...] = ()
    sold: bool | None = None
    for tick, (contents, (true, ids, rest, due)) in enumerate(zip(answers, truths, strict=True)):
        right = {line.sku: line.count for line in contents.lines} == true
        if due and sold is None and contents.state is State.STABLE and not contents.attentions:
            sold = right
        if ids != lying or not rest:
            begin = tick if rest and (ids or lying) else None
            lying = ids if rest else ()
        if begin is not None and contents.state is State.STABLE and right:
            figures.settle_s.append((tick - begin) / 10)
            begin = None
    (figures.asked if sold is None else figures.exact if sold else figures.wrong).append(name)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a file and print the figures."""
    parser = argparse.ArgumentParser(prog='python -m checkout_perception.fusion_bench', description=__doc__)
    parser.add_argument('file', type=Path)
    parser.add_argument('--prefix', default='', help='only checkouts whose names begin so')
    parser.add_argument('--one-camera', action='store_true', help='only the camera above')
    parser.add_argument('--no-scale', action='store_true', help='as if there were no scale')
    parser.add_argument('--no-places', action='store_true', help='as if the cameras were not calibrated')
    arguments = parser.parse_args(argv)
    content, catalogue = load(arguments.file), load_catalogue()
    cameras = _CAMERAS[:1] if arguments.one_camera else _CAMERAS
    numbers = [] if arguments.no_places else content['calibration'][: 18 * len(cameras)]
    values = {'cameras': list(cameras), 'weight.enabled': not arguments.no_scale, 'geometry.calibration': numbers}
    config = from_mapping(TrayPerceptionConfig, values)
    groups: dict[str, Figures] = {}
    for checkout in content['checkouts']:
        if checkout['name'].startswith(arguments.prefix):
            play(checkout, config, catalogue, groups.setdefault(checkout['name'][0], Figures()))
    for name, figures in groups.items():
        print(f'{name}: exact {rate(len(figures.exact), figures.count)}')
        print(f'   wrong {figures.wrong or "none"}, asked {figures.asked or "none"}')
        print(f'   STABLE and right after [s] {summary(figures.settle_s)}')
        print(f'   CPU of a tick [ms] {summary(figures.tick_ms)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
