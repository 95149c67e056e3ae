"""A faces node of one's own: it recognises drawn faces by their colour, and an attack by its border.

Every picture of the face camera is answered with a FaceArray that repeats its header.
"""

import contextlib
import time

import rclpy
from checkout_interfaces import msg
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from checkout_core.ros.qos import IMAGE, RESULT
from checkout_harness.testing_faces import face_looker


class MyFaces(Node):
    """Answer pictures of the face camera."""

    def __init__(self):
        super().__init__('my_faces')
        self.answers = self.create_publisher(msg.FaceArray, 'face/identities', RESULT)
        self.create_subscription(CompressedImage, 'face/image/compressed', self.look, IMAGE)
        self.recognise = face_looker()

    def look(self, picture):
        """Answer one picture with who is in it."""
        begun = time.monotonic_ns()
        answer = self.recognise(picture, msg)
        answer.answer.received_ns = answer.answer.started_ns = begun
        answer.answer.finished_ns = time.monotonic_ns()
        self.answers.publish(answer)


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(MyFaces())
