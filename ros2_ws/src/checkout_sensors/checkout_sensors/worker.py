"""The threads of a camera: one that owns the source, and for live sources one more that encodes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from checkout_core.latest import LatestFrameWorker
from checkout_sensors.connection import State
from checkout_sensors.pipeline import Arrival, CameraFrame, CameraPipeline

__all__ = ['CameraWorker', 'Wanted']

Wanted = Callable[[], tuple[bool, bool]]
_LONGEST_WAIT_S = 0.05


class CameraWorker:
    """Drive a pipeline from threads of its own and hand each frame to `publish`.

    `clock_ns` is the clock of the stamps (it may stand still or jump, as a simulated one does); `wanted()` says
    whether anybody wants (the JPEG, the raw image); an exception goes to `on_error` and ends the worker.
    The source is opened, read and closed on one thread, because OpenGL contexts and some drivers insist on that.
    """

    def __init__(
        self,
        pipeline: CameraPipeline,
        *,
        clock_ns: Callable[[], int],
        publish: Callable[[CameraFrame], None],
        wanted: Wanted,
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._pipeline = pipeline
        self._clock_ns = clock_ns
        self._publish = publish
        self._wanted = wanted
        self._on_error = on_error
        self._stop = threading.Event()
        # A daemon: a read that cannot be interrupted (FFmpeg until its time-out) must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name='camera', daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """Say whether `stop` was called: a source that is lost from then on was taken away on purpose."""
        return self._stop.is_set()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the threads and close the source; say whether that was done in time. A second call does nothing."""
        self._stop.set()
        if self._thread.ident is None:
            return True
        self._pipeline.interrupt()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            try:
                if self._pipeline.live:
                    self._run_live()
                else:
                    self._run_paced()
            finally:
                self._pipeline.close()
        except BaseException as error:  # whatever it is, the owner must learn of it
            self._on_error(error)

    def _run_paced(self) -> None:
        while not self._stop.is_set() and self._pipeline.state is not State.ENDED:
            if not self._pipeline.open():
                self._stop.wait(max(self._pipeline.wait_ns() * 1e-9, 1e-3))
                continue
            stamp_ns = self._pipeline.next_stamp(self._clock_ns())
            if not self._wait_until(stamp_ns):
                return
            jpeg, image = self._wanted()
            frame = self._pipeline.grab(stamp_ns, jpeg=jpeg, image=image)
            if frame is not None:
                self._publish(frame)

    def _run_live(self) -> None:
        encoder: LatestFrameWorker[Arrival] = LatestFrameWorker(
            self._encode, self._skipped, on_error=self._on_error, name='camera_encoder'
        )
        try:
            while not self._stop.is_set() and self._pipeline.state is not State.ENDED:
                if not self._pipeline.open():
                    self._stop.wait(max(self._pipeline.wait_ns() * 1e-9, 1e-3))
                    continue
                arrival = self._pipeline.read_live(self._clock_ns)
                if arrival is not None:
                    encoder.put('', arrival.stamp_ns, arrival)
        finally:
            encoder.close()

    def _encode(self, _camera: str, _stamp_ns: int, arrival: Arrival) -> None:
        jpeg, image = self._wanted()
        frame = self._pipeline.encode(arrival, jpeg=jpeg, image=image)
        if frame is not None and not self._stop.is_set():
            self._publish(frame)

    def _skipped(self, _camera: str, _stamp_ns: int) -> None:
        self._pipeline.drops.newer += 1

    def _wait_until(self, stamp_ns: int) -> bool:
        """Wait for the clock to reach a stamp; False when told to stop. In short steps, since the clock may jump."""
        while not self._stop.is_set():
            left_s = (stamp_ns - self._clock_ns()) * 1e-9
            if left_s <= 0.0:
                return True
            self._stop.wait(min(left_s, _LONGEST_WAIT_S))
        return False
