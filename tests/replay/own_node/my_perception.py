"""A tray perception of one's own: it recognises drawn squares by their colour. It stands for any detector.

Every picture is answered with a DetectionArray and a TrayContents that repeat its header: a replay asks for no more.
"""

import contextlib
import time

import cv2
import numpy as np
import rclpy
from checkout_interfaces import msg
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from checkout_core.ros.qos import IMAGE, RESULT
from checkout_harness.testing import colours_of, one_checkout

COLOURS = colours_of([item.sku for item in one_checkout()])


def find(picture):
    """Return (product, box) of the squares in a picture."""
    image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    for sku, colour in COLOURS.items():
        low, high = np.maximum(np.array(colour) - 40, 0), np.minimum(np.array(colour) + 40, 255)
        count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(image, low, high))
        for x, y, width, height, size in stats[1:count].tolist():
            if size > 400:
                yield sku, msg.Box2D(x_min=float(x), y_min=float(y), x_max=float(x + width), y_max=float(y + height))


class MyPerception(Node):
    """Answer pictures."""

    def __init__(self):
        super().__init__('my_perception')
        self.detections = self.create_publisher(msg.DetectionArray, 'tray/top/detections', RESULT)
        self.contents = self.create_publisher(msg.TrayContents, 'tray/contents', RESULT)
        self.create_subscription(CompressedImage, 'tray/top/image/compressed', self.look, IMAGE)
        self.before, self.unchanged = (), 0

    def look(self, picture):
        """Answer one picture with what is seen and what lies there; it is STABLE after four equal answers."""
        begun = time.monotonic_ns()
        seen = list(find(picture))
        now = tuple(sorted(sku for sku, _ in seen))
        self.unchanged = self.unchanged + 1 if now == self.before else 0
        self.before = now
        state = msg.TrayContents.STABLE if self.unchanged >= 3 else msg.TrayContents.MOVING
        status = msg.Answer.OK if seen else msg.Answer.EMPTY
        answer = msg.Answer(status=status, received_ns=begun, started_ns=begun, finished_ns=time.monotonic_ns())
        found = msg.DetectionArray(header=picture.header, camera='top', answer=answer)
        found.detections = [msg.Detection(sku=sku, score=1.0, box=box) for sku, box in seen]
        contents = msg.TrayContents(header=picture.header, state=state, answer=answer)
        contents.lines = [msg.TrayLine(sku=sku, count=now.count(sku), confidence=1.0) for sku in sorted(set(now))]
        self.detections.publish(found)
        self.contents.publish(contents)


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(MyPerception())
