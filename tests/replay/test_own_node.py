"""An example for others: a node of your own in place of ours, replayed in lock step and checked.

The node below recognises drawn squares by their colour. It stands for any detector: it subscribes to the pictures and
answers each of them with a DetectionArray and a TrayContents of the same stamp. The stack says so under `answers`, and
that is all that a replay needs to know.
"""

import os
import stat
import sys

import pytest

from checkout_core.catalogue import load_catalogue
from checkout_harness.testing import draw_bag, one_checkout

pytestmark = pytest.mark.graph

NODE = """#!{python}
import sys, time
import cv2, numpy as np, rclpy
from checkout_interfaces import msg
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from checkout_core.ros.qos import IMAGE, RESULT

COLOURS = {colours!r}


class ColourNode(Node):
    def __init__(self):
        super().__init__('my_perception')
        self.detections = self.create_publisher(msg.DetectionArray, 'tray/top/detections', RESULT)
        self.contents = self.create_publisher(msg.TrayContents, 'tray/contents', RESULT)
        self.create_subscription(CompressedImage, 'tray/top/image/compressed', self.look, IMAGE)
        self.before, self.same = (), 0

    def look(self, picture):
        started = time.monotonic_ns()
        image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        found = msg.DetectionArray(header=picture.header, camera='top', image_width=640, image_height=480)
        for sku, colour in COLOURS.items():
            low, high = np.maximum(np.array(colour) - 40, 0), np.minimum(np.array(colour) + 40, 255)
            count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(image, low, high))
            for x, y, w, h, size in stats[1:count].tolist():
                if size > 400:
                    box = msg.Box2D(x_min=float(x), y_min=float(y), x_max=float(x + w), y_max=float(y + h))
                    found.detections.append(msg.Detection(sku=sku, score=1.0, box=box))
        now = tuple(sorted(d.sku for d in found.detections))
        self.same = self.same + 1 if now == self.before else 0
        self.before = now
        answer = msg.Answer(status=0 if now else 1, started_ns=started, received_ns=started)
        answer.finished_ns = time.monotonic_ns()
        contents = msg.TrayContents(header=picture.header, state=int(self.same >= 3), answer=answer)
        contents.lines = [msg.TrayLine(sku=s, count=now.count(s), confidence=1.0) for s in sorted(set(now))]
        found.answer = answer
        self.detections.publish(found)
        self.contents.publish(contents)


rclpy.init()
try:
    rclpy.spin(ColourNode())
except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
    pass
"""

STACK = """
summary: A perception of my own, and the project's cart.
arguments:
  namespace: {default: /station_1, doc: Namespace of the station.}
nodes:
  my_perception:
    package: my_checkout
    executable: my_perception
    answers:
      - {input: tray/top/image/compressed, outputs: [tray/top/detections, tray/contents]}
  cart:
    package: checkout_cart
    executable: cart_node
    parameter_file: config/cart_node.param.yaml
    answers:
      - {input: tray/contents, outputs: [cart]}
"""


@pytest.fixture
def plan():
    return one_checkout(load_catalogue())


@pytest.fixture
def my_stack(tmp_path, monkeypatch, plan):
    """Install the node as a package of its own, as `colcon build` would, and return the stack file."""
    from checkout_harness.testing import colours_of

    prefix = tmp_path / 'install'
    marker = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages' / 'my_checkout'
    executable = prefix / 'lib' / 'my_checkout' / 'my_perception'
    for file in (marker, executable):
        file.parent.mkdir(parents=True)
    marker.touch()
    executable.write_text(NODE.format(python=sys.executable, colours=colours_of([item.sku for item in plan])))
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    stack = tmp_path / 'my_stack.yaml'
    stack.write_text(STACK)
    return str(stack)


def test_my_node_recognises_the_whole_basket(checkout_replay, assert_basket, my_stack, plan, tmp_path):
    bag = draw_bag(tmp_path / 'drawn.mcap', plan)
    run = checkout_replay(bag, lane='graph', stack=my_stack)
    assert_basket(run, {plan[0].sku: 1, plan[2].sku: 1})
    assert run.report['verdict']['passed']
    again = checkout_replay(bag, lane='graph', stack=my_stack)
    assert run.result_hash == again.result_hash
