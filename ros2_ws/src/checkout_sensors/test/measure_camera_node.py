"""Measure the way of a picture from the camera node to another process: stamp to reception, and what was lost.

    python ros2_ws/src/checkout_sensors/test/measure_camera_node.py --rate 15 --seconds 20 --json figures.json

Without `--source` the node passes on JPEG files made for the occasion. The stamp of a file is the moment for which
the frame is due, so the figure holds the waking of the node, reading, encoding, transport and reception.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage

from checkout_core.metrics.latency import summary
from checkout_core.ros.qos import IMAGE
from checkout_core.ros.stamps import to_ns


def make_pictures(folder: Path, count: int = 10) -> int:
    """Write `count` different JPEG files of 640x480 and return the size of the largest in bytes."""
    random = np.random.default_rng(1)
    for index in range(count):
        coarse = random.integers(0, 255, (60, 80, 3), np.uint8)
        image = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'{index:02}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return max(path.stat().st_size for path in folder.iterdir())


def measure(source: str, rate_hz: float, seconds: float, parameters: list[str]) -> dict[str, object]:
    """Run the node and receive for so long; the first second is left out, since discovery falls into it."""
    node_process = subprocess.Popen(
        [sys.executable, '-m', 'checkout_sensors.ros.camera_node', '--ros-args', '-r', '__node:=measured_camera']
        + ['-p', 'topic_prefix:=measured', '-p', f"source:='{source}'", '-p', f'rate_hz:={rate_hz}']
        + [word for parameter in parameters for word in ('-p', parameter)]
    )
    received: list[tuple[int, int, int]] = []
    context = rclpy.Context()
    rclpy.init(args=[], context=context)
    node = rclpy.create_node('measuring_listener', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def take(message: CompressedImage) -> None:
        received.append((to_ns(message.header.stamp), time.time_ns(), len(message.data)))

    node.create_subscription(CompressedImage, 'measured/image/compressed', take, IMAGE)
    try:
        while not received:
            executor.spin_once(timeout_sec=0.1)
            if node_process.poll() is not None:
                raise SystemExit(f'the camera node ended with status {node_process.returncode}')
        begin = time.monotonic()
        while time.monotonic() - begin < seconds + 1.0:
            executor.spin_once(timeout_sec=0.1)
        cpu_s = sum(os_times(node_process.pid))
    finally:
        node_process.send_signal(signal.SIGINT)
        node_process.wait()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown(context=context)
    frames = [row for row in received if row[0] >= received[0][0] + 1_000_000_000]
    period = 1e9 / rate_hz
    sent = round((frames[-1][0] - frames[0][0]) / period) + 1
    figures = summary((arrival - stamp) / 1e6 for stamp, arrival, _ in frames)
    return {
        'source': source,
        'rate_hz': rate_hz,
        'sent': sent,
        'received': len(frames),
        'bytes_median': int(np.median([size for _, _, size in frames])),
        'stamp_to_received_ms': figures.as_dict(),
        'cpu_ms_per_frame_with_start': round(cpu_s * 1e3 / max(1, len(received)), 2),
    }


def os_times(pid: int) -> tuple[float, float]:
    """Return user and system seconds of a process."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    ticks = float(os.sysconf('SC_CLK_TCK'))
    return int(fields[11]) / ticks, int(fields[12]) / ticks


def main(argv: list[str] | None = None) -> int:
    """Print the figures; 1 when a frame was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--source', help='measure another source, for example video:FILE')
    parser.add_argument('--rate', type=float, default=15.0, help='frames a second (15)')
    parser.add_argument('--seconds', type=float, default=20.0, help='how long to receive (20)')
    parser.add_argument(
        '--parameter', action='append', default=[], metavar='NAME:=VALUE', help='another parameter of the node'
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures there')
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        source = args.source
        parameters = args.parameter
        if source is None:
            make_pictures(Path(folder))
            source, parameters = f'images:{folder}', ['hold_s:=0.0', *parameters]
        figures = measure(source, args.rate, args.seconds, parameters)
    text = json.dumps(figures, indent=2)
    print(text)
    if args.json is not None:
        args.json.write_text(text + '\n')
    return 0 if figures['received'] == figures['sent'] else 1


if __name__ == '__main__':
    sys.exit(main())
