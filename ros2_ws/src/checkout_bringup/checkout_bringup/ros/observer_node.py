"""Watch a station, write down what it did, and end when there is nothing more to see.

It only listens. What it saw goes to `FOLDER/observation.json`, the picture with the answer in it to `FOLDER/tray.jpg`.
"""

from __future__ import annotations

import socket
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from checkout_interfaces import msg as interfaces
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage

from checkout_bringup.messages import answer_record, plain, stamp_ns
from checkout_bringup.narration import Narrator
from checkout_bringup.observation import Observation
from checkout_bringup.picture import annotated_jpeg
from checkout_core.catalogue import load_catalogue
from checkout_core.config import param
from checkout_core.files import write_json
from checkout_core.ros.parameters import declare
from checkout_core.ros.qos import EVENTS, LATCHED, RESULT
from checkout_core.ros.runner import run_node

__all__ = ['ObserverConfig', 'ObserverNode', 'main']

OBSERVATION, PICTURE = 'observation.json', 'tray.jpg'
_KEPT = 64
_NS = 1_000_000_000
# Nothing may be missed by the observer itself, so its queues are longer than those of the nodes.
_DEEP = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)

T = TypeVar('T')


@dataclass(frozen=True)
class ObserverConfig:
    """Say what to wait for and where to write it."""

    folder: str = param('.', 'Folder for what was seen.')
    cameras: tuple[str, ...] = param(('top',), 'Tray cameras to watch.')
    until: str = param(
        'receipt',
        'What ends the observation: a receipt, or answers of the cart over `duration_s` of stamps.',
        choices=('receipt', 'duration'),
    )
    duration_s: float = param(20.0, 'Length of the observation in stamps, for `until` duration.', minimum=0.1)
    timeout_s: float = param(90.0, 'Give up after this time without what is waited for.', minimum=1.0, maximum=86400.0)
    truth_s: float = param(3.0, 'How long after the receipt the truth about its stamp may come.', minimum=0.0)


class ObserverNode(Node):
    """Subscribe to everything that a station says and remember what matters."""

    def __init__(self) -> None:
        """Subscribe; what is seen before the end is kept in memory."""
        super().__init__('observer')
        self._config = declare(self, ObserverConfig)
        self._seen = Observation(host=socket.gethostname(), clock_offset_ns=[_clock_offset_ns()])
        self._products = {product.sku: product for product in load_catalogue().products}
        self._narrator = Narrator({sku: product.name_en for sku, product in self._products.items()})
        self._pictures: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._contents: OrderedDict[int, Any] = OrderedDict()
        self._truth: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._cart_detail = ''
        self._begin = time.monotonic()
        self._receipt_at: float | None = None
        for camera in self._config.cameras:
            self._seen.frames[camera], self._seen.detections[camera] = [], []
            topic = f'tray/{camera}/detections'
            self.create_subscription(interfaces.DetectionArray, topic, partial(self._on_detections, camera), _DEEP)
        self.create_subscription(interfaces.TrayContents, 'tray/contents', self._on_contents, _DEEP)
        self.create_subscription(interfaces.Cart, 'cart', self._on_cart, LATCHED)
        if self._config.until == 'receipt':
            for camera in self._config.cameras:
                topic = f'tray/{camera}/image/compressed'
                self.create_subscription(CompressedImage, topic, partial(self._on_image, camera), _DEEP)
            self.create_subscription(interfaces.CartEvent, 'cart/events', self._on_event, EVENTS)
            self.create_subscription(interfaces.Receipt, 'receipt', self._on_receipt, LATCHED)
            self.create_subscription(interfaces.TrayTruth, 'truth/tray', self._on_truth, RESULT)
        self.create_timer(0.1, self._check, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _on_image(self, camera: str, message: CompressedImage) -> None:
        stamp = stamp_ns(message.header.stamp)
        self._seen.frames[camera].append(stamp)
        _keep(self._pictures, (camera, stamp), bytes(message.data))

    def _on_detections(self, camera: str, message: interfaces.DetectionArray) -> None:
        self._seen.detections[camera].append(answer_record(message))
        if message.model:
            model = {'name': message.model, 'sha256': message.model_sha256, 'runtime': message.runtime}
            self._seen.model = model

    def _on_contents(self, message: interfaces.TrayContents) -> None:
        self._seen.contents.append(answer_record(message))
        _keep(self._contents, stamp_ns(message.header.stamp), message)

    def _on_cart(self, message: interfaces.Cart) -> None:
        self._seen.cart.append(answer_record(message))
        self._cart_detail = ', '.join(message.locked_reasons) or 'nothing in the way'

    def _on_event(self, message: interfaces.CartEvent) -> None:
        event = plain(message)
        self._seen.events.append(event)
        line = self._narrator.event(message)
        if line:
            print(line, flush=True)

    def _on_truth(self, message: interfaces.TrayTruth) -> None:
        for line in self._narrator.truth(message):
            print(line, flush=True)
        _keep(self._truth, stamp_ns(message.header.stamp), plain(message))

    def _on_receipt(self, message: interfaces.Receipt) -> None:
        if self._seen.receipt is None:
            self._seen.receipt = plain(message)
            self._receipt_at = time.monotonic()

    def _check(self) -> None:
        """End when everything that is waited for has come, or when it will not come any more."""
        now = time.monotonic()
        if self._config.until == 'duration':
            done = self._duration_ns() >= self._config.duration_s * _NS
        else:
            done = self._receipt_at is not None and (
                self._truth_of_receipt() or now - self._receipt_at > self._config.truth_s
            )
        if not done and now - self._begin < self._config.timeout_s:
            return
        self._write()
        if done:
            raise SystemExit(0)
        what = 'no receipt was printed' if self._config.until == 'receipt' else 'too few pictures were answered'
        sys.stderr.write(
            f'observer: {what} within {self._config.timeout_s:g} s (cart: {self._cart_detail or "silent"})\n'
        )
        raise SystemExit(1)

    def _duration_ns(self) -> int:
        """Return how long the cart has been answering ticks; what it says before the first is about its journal."""
        if not self._seen.contents or not self._seen.cart:
            return 0
        return self._seen.cart[-1].stamp_ns - self._seen.contents[0].stamp_ns

    def _truth_of_receipt(self) -> bool:
        """Take the newest truth that is not from after the receipt, once the truth has come that far."""
        assert self._seen.receipt is not None
        at = _stamp_of(self._seen.receipt)
        before = [stamp for stamp in self._truth if stamp <= at]
        if not before or max(self._truth) < at:
            return False
        self._seen.truth = self._truth[max(before)]
        return True

    def _write(self) -> None:
        self._seen.clock_offset_ns.append(_clock_offset_ns())
        folder = Path(self._config.folder)
        if self._seen.receipt is not None:
            self._draw(folder, _stamp_of(self._seen.receipt))
        write_json(folder / OBSERVATION, self._seen.as_dict(), '--out')

    def _draw(self, folder: Path, at: int) -> None:
        camera = self._config.cameras[0]
        stamps = [stamp for stamp in self._contents if stamp <= at and (camera, stamp) in self._pictures]
        if stamps:
            names = {sku: product.name_ko for sku, product in self._products.items()}
            stamp = max(stamps)
            jpeg = annotated_jpeg(self._pictures[camera, stamp], self._contents[stamp], camera, names)
            (folder / PICTURE).write_bytes(jpeg)


def _stamp_of(message: dict[str, Any]) -> int:
    stamp = message['header']['stamp']
    return int(stamp['sec']) * _NS + int(stamp['nanosec'])


def _clock_offset_ns() -> int:
    """Return what has to be added to a monotonic time to get a stamp."""
    before = time.monotonic_ns()
    now = time.time_ns()
    return now - (before + time.monotonic_ns()) // 2


def _keep(store: OrderedDict[T, Any], key: T, value: Any) -> None:
    store[key] = value
    while len(store) > _KEPT:
        store.popitem(last=False)


def main() -> int:
    """Run the observer."""
    return run_node(ObserverNode, 'observer')


if __name__ == '__main__':
    sys.exit(main())
