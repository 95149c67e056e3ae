"""One worker thread that always takes the newest frame, and accounts for those it passes over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ['LatestFrameWorker']

T = TypeVar('T')


class LatestFrameWorker(Generic[T]):
    """Run `process(camera, stamp_ns, item)` on one thread with one slot per camera for the newest item.

    `put` never blocks on the work: an item that still waits in the slot is replaced, counted, and its stamp is handed
    to `on_skipped(camera, stamp_ns)`. So every stamp that `put` took is answered exactly once, by `process` or by
    `on_skipped`; `close` hands over what is still waiting. Cameras are served in turn, the one that has waited
    longest first, so a fast camera cannot starve a slow one.

    `on_skipped` is called on the thread that calls `put` or `close`; `process` on the worker. An exception of `process`
    ends the worker: it is handed to `on_error` at once (see `checkout_core.ros.runner.failure_reporter`), so that a
    node stops instead of falling silent, and is raised again by the next `put`, `wait_idle` or `close`.
    """

    def __init__(
        self,
        process: Callable[[str, int, T], None],
        on_skipped: Callable[[str, int], None],
        *,
        on_error: Callable[[BaseException], None] | None = None,
        name: str = 'latest_frame_worker',
    ) -> None:
        """Start the thread."""
        self._process = process
        self._on_skipped = on_skipped
        self._on_error = on_error
        self._condition = threading.Condition()
        self._slots: dict[str, tuple[int, T]] = {}
        self._busy = False
        self._closed = False
        self._error: BaseException | None = None
        self._skipped: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, camera: str, stamp_ns: int, item: T) -> None:
        """Offer an item; what still waits for this camera is skipped.

        Raises RuntimeError after `close`, and the exception of `process` when that has failed.
        """
        with self._condition:
            self._raise_error()
            if self._closed:
                raise RuntimeError('put() after close()')
            passed_over = self._slots.get(camera)
            # A dict keeps its order, and replacing keeps the place: the camera that has waited longest is served first.
            self._slots[camera] = (stamp_ns, item)
            if passed_over is not None:
                self._skipped[camera] = self._skipped.get(camera, 0) + 1
            self._condition.notify_all()
        if passed_over is not None:
            self._on_skipped(camera, passed_over[0])

    @property
    def skipped(self) -> dict[str, int]:
        """Return how many items of each camera were passed over so far."""
        with self._condition:
            return dict(self._skipped)

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing waits and nothing is being processed; return False when the time is over first."""
        with self._condition:
            idle = self._condition.wait_for(
                lambda: self._error is not None or not (self._slots or self._busy), timeout_s
            )
            self._raise_error()
            return idle

    def close(self, timeout_s: float = 5.0) -> None:
        """Finish the item in work, hand those that wait to `on_skipped`, end the thread; a second call does nothing.

        Raises TimeoutError when `process` does not return in time, and the exception of `process` when that has failed.
        """
        with self._condition:
            if self._closed:
                return
            self._closed = True
            waiting = {camera: stamp_ns for camera, (stamp_ns, _) in self._slots.items()}
            self._slots.clear()
            for camera in waiting:
                self._skipped[camera] = self._skipped.get(camera, 0) + 1
            self._condition.notify_all()
        for camera, stamp_ns in waiting.items():
            self._on_skipped(camera, stamp_ns)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise TimeoutError(f'{self._thread.name} did not finish within {timeout_s:g} s')
        self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _take(self) -> tuple[str, int, T] | None:
        """Wait for the next item; None means that the worker is to end."""
        with self._condition:
            self._busy = False
            self._condition.notify_all()
            self._condition.wait_for(lambda: bool(self._slots) or self._closed)
            if self._closed:
                return None
            camera = next(iter(self._slots))
            stamp_ns, item = self._slots.pop(camera)
            self._busy = True
            return camera, stamp_ns, item

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            try:
                self._process(*taken)
            except BaseException as error:  # whatever it is, the owner must learn of it
                with self._condition:
                    self._error = error
                    self._busy = False
                    self._condition.notify_all()
                if self._on_error is not None:
                    self._on_error(error)
                return
