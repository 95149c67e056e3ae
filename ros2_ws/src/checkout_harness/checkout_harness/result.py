"""The canonical result of a run, and its hashes: what was seen, counted, charged and printed, and nothing else.

Times of the machine, names of files and the order of arrival are not in it; floating-point numbers are rounded as
`ROUNDING` says. Messages of rclpy and messages read from a bag are read alike, by attribute.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

__all__ = ['ROUNDING', 'ResultBuilder', 'hash_of', 'stamp_ns']

ROUNDING = {'box': 'whole pixels, half to even', 'confidence and weight': 'not part of the result'}


def stamp_ns(message: Any) -> int:
    """Return the stamp of a message's header in nanoseconds."""
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class ResultBuilder:
    """Gather the answers of the nodes in any order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._pictures: dict[tuple[int, str], dict[str, Any]] = {}
        self._doubled: list[dict[str, Any]] = []
        self._contents: dict[int, dict[str, Any]] = {}
        self._events: dict[int, dict[str, Any]] = {}
        self._receipts: dict[str, dict[str, Any]] = {}
        self._faces: list[dict[str, Any]] = []

    def add_detections(self, message: Any) -> None:
        """Take a DetectionArray."""
        key = (stamp_ns(message), str(message.camera))
        entry = {
            'stamp_ns': key[0],
            'camera': key[1],
            'status': int(message.answer.status),
            'detections': sorted([str(d.sku), int(d.track_id), *_rounded(d.box)] for d in message.detections),
        }
        # A picture that came twice is answered twice; the second answer belongs to the result as well.
        if key in self._pictures:
            self._doubled.append(entry)
        else:
            self._pictures[key] = entry

    def add_contents(self, message: Any) -> None:
        """Take a TrayContents."""
        stamp = stamp_ns(message)
        self._contents[stamp] = {
            'stamp_ns': stamp,
            'status': int(message.answer.status),
            'state': int(message.state),
            'counts': {str(line.sku): int(line.count) for line in message.lines},
            'items': [[int(item.item_id), str(item.sku), int(item.state)] for item in message.items],
            'attentions': sorted(
                [int(a.reason), sorted(int(i) for i in a.item_ids), [str(c.sku) for c in a.candidates]]
                for a in message.attentions
            ),
        }

    def add_event(self, message: Any) -> None:
        """Take a CartEvent."""
        sequence = int(message.sequence)
        self._events[sequence] = {
            'sequence': sequence,
            'stamp_ns': stamp_ns(message),
            'kind': int(message.kind),
            'source': int(message.source),
            'session': str(message.session_id),
            'sku': str(message.sku),
            'delta': int(message.delta),
            'amount': int(message.amount.minor_units),
            'currency': str(message.amount.currency),
            'reference': str(message.reference),
            'detail': str(message.detail),
        }

    def add_receipt(self, message: Any) -> None:
        """Take a Receipt; a repeated one counts once."""
        self._receipts[str(message.number)] = {
            'number': str(message.number),
            'stamp_ns': stamp_ns(message),
            'session': str(message.session_id),
            'lines': [
                [
                    str(line.sku),
                    int(line.count),
                    *(int(amount.minor_units) for amount in (line.unit_price, line.discount, line.total)),
                ]
                for line in message.lines
            ],
            'total': int(message.total.minor_units),
            'tax': int(message.tax.minor_units),
            'discount': int(message.discount.minor_units),
            'currency': str(message.total.currency),
            'method': str(message.payment_method),
            'text_ko': str(message.text_ko),
            'text_en': str(message.text_en),
        }

    def add_faces(self, message: Any) -> None:
        """Take a FaceArray."""
        self._faces.append(
            {
                'stamp_ns': stamp_ns(message),
                'status': int(message.answer.status),
                'faces': [
                    [
                        int(face.identity_state),
                        str(face.customer_id),
                        int(face.liveness),
                        int(face.track_id),
                        *_rounded(face.box),
                    ]
                    for face in message.faces
                ],
            }
        )

    @property
    def events(self) -> int:
        """Return how many events there are."""
        return len(self._events)

    @property
    def receipts(self) -> int:
        """Return how many receipts there are."""
        return len(self._receipts)

    def result(self) -> dict[str, Any]:
        """Return the canonical result, sorted, in JSON types."""
        doubled = sorted(self._doubled, key=lambda e: (e['stamp_ns'], e['camera'], json.dumps(e, sort_keys=True)))
        faces = sorted(self._faces, key=lambda e: (e['stamp_ns'], json.dumps(e, sort_keys=True)))
        return {
            **({'faces': faces} if faces else {}),
            'pictures': [self._pictures[key] for key in sorted(self._pictures)],
            'doubled': doubled,
            'contents': [self._contents[key] for key in sorted(self._contents)],
            'events': [self._events[key] for key in sorted(self._events)],
            'receipts': [self._receipts[key] for key in sorted(self._receipts)],
        }

    def hashes(self) -> dict[str, str]:
        """Return `result_hash` of everything, and `outcome_hash` without pictures, which also other hosts reach.

        Another processor computes boxes that differ in the last digit and so, rarely, in a rounded pixel.
        """
        result = self.result()
        outcome = {
            'counts': [[c['stamp_ns'], c['state'], c['counts']] for c in result['contents']],
            'events': result['events'],
            'receipts': result['receipts'],
        }
        return {'result_hash': hash_of(result), 'outcome_hash': hash_of(outcome)}


def _rounded(box: Any) -> list[int]:
    # As float32, which is what goes over the wire: the same in a lane that sends nothing.
    corners = np.array([box.x_min, box.y_min, box.x_max, box.y_max], np.float32)
    return [int(v) for v in np.rint(corners)]
