"""What stays the same of a recorded checkout when another host records it again: its bytes do not.

A fingerprint holds the seed, a hash of the rounded truth and tiny grey pictures of some moments. The truth is rounded
to half a centimetre, the pictures may differ by a few grey levels: processors and drivers round differently.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg
from checkout_harness.recording import Recording

__all__ = ['PIXEL_LIMIT', 'Fingerprint', 'differences', 'take']

_GRID_M = 0.005
_SIZE = (16, 12)  # width and height of a tiny picture
_MOMENTS = 4  # a camera, evenly over the recording
PIXEL_LIMIT = 6
"""Grey levels by which a pixel of a tiny picture may differ; a can that is put elsewhere changes one by 20 and more."""


@dataclass(frozen=True)
class Fingerprint:
    """Hold scenario and seed, the hash of the rounded truth, and tiny pictures (_MOMENTS, 12, 16) by camera."""

    scenario: str
    seed: int
    truth: str
    pictures: Mapping[str, NDArray[np.uint8]]

    def as_dict(self) -> dict[str, Any]:
        """Return a mapping for the index; scenario and seed stand there already."""
        pictures = {name: base64.b64encode(tiny.tobytes()).decode() for name, tiny in self.pictures.items()}
        return {'truth': self.truth, 'pictures': pictures}

    @staticmethod
    def of_entry(entry: Mapping[str, Any], source: str) -> Fingerprint:
        """Read the fingerprint of an entry of the index. Raises CheckoutError that names the entry."""
        try:
            said = entry['fingerprint']
            pictures = {
                str(name): np.frombuffer(base64.b64decode(text, validate=True), np.uint8).reshape(-1, *_SIZE[::-1])
                for name, text in said['pictures'].items()
            }
            return Fingerprint(str(entry['scenario']), int(entry['seed']), str(said['truth']), pictures)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckoutError(
                f'{source}: the fingerprint cannot be read ({error}); write it again with `checkout bags --update`.'
            ) from error


def take(path: str | Path) -> Fingerprint:
    """Return the fingerprint of a bag. Raises CheckoutError for one without truth, or with a picture that is broken."""
    with Recording(path) as recording:
        truths = recording.truths()
        if not truths:
            raise CheckoutError(f'Bag {path} holds no truth, so it has no fingerprint; record it with the truth.')
        first = truths[min(truths)]
        stamps: dict[str, list[int]] = {camera: [] for camera in recording.cameras}
        for step in recording.steps():
            for camera, _ in step.images:
                stamps[camera].append(step.stamp_ns)
        pictures = {}
        for camera, all_stamps in stamps.items():
            chosen = [all_stamps[round(i * (len(all_stamps) - 1) / (_MOMENTS - 1))] for i in range(_MOMENTS)]
            found = recording.pictures(camera, frozenset(chosen))
            pictures[camera] = np.stack([_tiny(found[stamp]) for stamp in chosen])
        return Fingerprint(str(first.scenario), int(first.seed), _truth_hash(truths), pictures)


def differences(expected: Fingerprint, found: Fingerprint) -> list[str]:
    """Return sentences that say how two fingerprints differ; none when they are of the same checkout."""
    said = []
    if (expected.scenario, expected.seed) != (found.scenario, found.seed):
        said.append(
            f'it is scenario {found.scenario} with seed {found.seed}, not {expected.scenario} with {expected.seed}'
        )
    if expected.truth != found.truth:
        said.append('its rounded truth is another one')
    if sorted(expected.pictures) != sorted(found.pictures):
        cameras = [', '.join(sorted(one.pictures)) or 'none' for one in (found, expected)]
        said.append(f'its cameras are {cameras[0]}, not {cameras[1]}')
        return said
    for camera, tiny in expected.pictures.items():
        other = found.pictures[camera]
        if tiny.shape != other.shape:
            said.append(f'camera {camera} has {len(other)} tiny pictures, not {len(tiny)}')
            continue
        apart = np.abs(tiny.astype(int) - other).max(axis=(1, 2))
        if apart.max() > PIXEL_LIMIT:
            said.append(
                f'pictures of camera {camera} differ by up to {apart.max()} grey levels '
                f'(moment {int(apart.argmax()) + 1} of {len(apart)}; {PIXEL_LIMIT} are allowed)'
            )
    return said


def _tiny(jpeg: bytes) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(decode_jpeg(jpeg), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def _truth_hash(truths: Mapping[int, Any]) -> str:
    """Return the hash of what lies where at every stamp, and when a customer wants to pay."""
    rows = []
    for stamp_ns in sorted(truths):
        truth = truths[stamp_ns]
        items = [
            [int(i.instance_id), str(i.sku), bool(i.on_tray), *_grid(i.pose.position)]
            for i in sorted(truth.items, key=lambda item: int(item.instance_id))
        ]
        rows.append([stamp_ns, bool(truth.payment_due), items])
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _grid(position: Any) -> list[int]:
    return [round(float(v) / _GRID_M) for v in (position.x, position.y, position.z)]
