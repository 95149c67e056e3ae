"""Any GStreamer pipeline, run by a `gst-launch-1.0` that writes raw frames on a pipe.

OpenCV's wheels are built without GStreamer, and a Jetson reaches its CSI camera by GStreamer alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sensors.sources.base import CalibrationLike, EndOfStream, SourceFrame, SourceLost, SourceOptions
from checkout_sensors.sources.redact import redact

__all__ = ['GstreamerSource', 'command_line', 'foreign_environment']

_LAUNCH: Final = 'gst-launch-1.0'
_STOP_S: Final = 1.0
_PIPE_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = getattr(fcntl, 'F_SETPIPE_SZ', 1031)


class GstreamerSource:
    """Run `PIPELINE ! videoconvert ! videoscale ! BGR of the wanted size ! fdsink` and read the frames.

    PIPELINE is written as for gst-launch-1.0, with quotes as in a shell. A queue of one frame that drops the old one
    stands before the sink, so that a slow reader sees the newest frame. The child is in a process group of its own,
    which is killed on `close`; `setpriv` has the kernel kill it too when this process dies.

    Not synchronised to the clock, for the least delay: a pipeline that is no live source (`filesrc`, `videotestsrc`)
    needs `is-live=true` or ends in `identity sync=true`.
    """

    live = True
    scenario_driven = False

    def __init__(
        self, argument: str, options: SourceOptions, opener: Callable[..., subprocess.Popen[bytes]] | None = None
    ) -> None:
        """Take the pipeline. Raises CheckoutError when it cannot be split into words, or without gst-launch-1.0."""
        try:
            self._words = shlex.split(argument)
        except ValueError as error:
            raise CheckoutError(f"The GStreamer pipeline '{redact(argument)}' has an open quote; close it.") from error
        if opener is None and shutil.which(_LAUNCH) is None:
            raise CheckoutError(
                f"Source 'gstreamer' needs {_LAUNCH}; run: sudo apt-get install gstreamer1.0-tools"
                ' gstreamer1.0-plugins-base gstreamer1.0-plugins-good'
            )
        self._shown = redact(argument)
        self._options = options
        self._width, self._height = options.width_px or 640, options.height_px or 480
        self._opener = opener or subprocess.Popen
        self._process: subprocess.Popen[bytes] | None = None
        self._frames_fd = -1
        self._errors_fd = -1
        self._errors = b''
        self._first = True
        # GStreamer pads each row of BGR to a multiple of four bytes.
        self._row = (self._width * 3 + 3) // 4 * 4
        self._frame_bytes = self._row * self._height

    @property
    def native_rate_hz(self) -> float | None:
        """Return None: the pipe tells no rate."""
        return None

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels, which the pipeline is made to give."""
        return self._width, self._height

    @property
    def calibration(self) -> CalibrationLike | None:
        """Return None: the pipe carries no calibration."""
        return None

    @property
    def pid(self) -> int | None:
        """Return the process id of the child, None when there is none."""
        return None if self._process is None else self._process.pid

    def open(self) -> None:
        """Start the child. Raises CheckoutError when it cannot be started."""
        self.close()
        frames_read, frames_write = os.pipe()
        errors_read, errors_write = os.pipe()
        try:
            # Half a frame at most, a power of two: a pipe that holds whole frames feeds a slow reader old ones.
            # Refused when the user's pipe memory is used up, which does no harm.
            with contextlib.suppress(OSError):
                room = min(_PIPE_BYTES, 1 << max(12, self._frame_bytes.bit_length() - 2))
                fcntl.fcntl(frames_read, _F_SETPIPE_SZ, room)
            self._process = self._opener(
                command_line(self._words, self._width, self._height, frames_write),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors_write,
                pass_fds=(frames_write,),
                start_new_session=True,
                env=foreign_environment(os.environ),
            )
        except OSError as error:
            os.close(frames_read)
            os.close(errors_read)
            raise CheckoutError(f'{_LAUNCH} does not start ({error.strerror}); install gstreamer1.0-tools.') from error
        finally:
            os.close(frames_write)
            os.close(errors_write)
        self._frames_fd, self._errors_fd = frames_read, errors_read
        self._errors, self._first = b'', True

    def read(self, stamp_ns: int) -> SourceFrame:  # noqa: ARG002 - a live source has no say in the stamp
        """Block for the next frame; the first may take `open_timeout_s`, each other one `read_timeout_s`.

        Raises CheckoutError for a pipeline that GStreamer does not understand, SourceLost when it stalled, failed or
        ended (a server that goes away ends a stream in peace), EndOfStream when it ended and `loop` is off.
        """
        if self._process is None:
            raise SourceLost(f"the pipeline '{self._shown}' is not running")
        timeout_s = self._options.open_timeout_s if self._first else self._options.read_timeout_s
        raw = self._read_exactly(time.monotonic() + timeout_s)
        self._first = False
        return SourceFrame(image=self._picture(raw))

    def interrupt(self) -> None:
        """End a `read` that blocks in another thread: without its child it finds the pipe closed."""
        process = self._process
        if process is not None:
            _signal_group(process.pid, signal.SIGINT)

    def close(self) -> None:
        """Interrupt the process group, kill what is left of it after a second, and reap it."""
        process, self._process = self._process, None
        if process is not None:
            # The interrupt lets drivers let go of the camera; Argus on a Jetson stays stuck without it.
            _signal_group(process.pid, signal.SIGINT)
            self._close_pipes()
            _exit_status(process.pid, _STOP_S)
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
        self._close_pipes()

    def _picture(self, raw: bytearray) -> NDArray[np.uint8]:
        rows = np.frombuffer(raw, np.uint8).reshape(self._height, self._row)
        image = rows[:, : self._width * 3].reshape(self._height, self._width, 3)
        return np.ascontiguousarray(image)

    def _read_exactly(self, deadline_s: float) -> bytearray:
        """Read one frame from the pipe and, meanwhile, what the child complains about."""
        raw = bytearray(self._frame_bytes)
        view, have = memoryview(raw), 0
        while have < self._frame_bytes:
            left_s = deadline_s - time.monotonic()
            waiting = [fd for fd in (self._frames_fd, self._errors_fd) if fd >= 0]
            ready, _, _ = select.select(waiting, [], [], max(0.0, left_s))
            if not ready:
                raise SourceLost(f"the pipeline '{self._shown}' gave no frame in time{self._complaint()}")
            if self._errors_fd in ready:
                self._read_errors()
            if self._frames_fd in ready:
                count = os.readv(self._frames_fd, [view[have:]])
                if count == 0:
                    self._ended()
                have += count
        return raw

    def _read_errors(self) -> None:
        text = os.read(self._errors_fd, 4096)
        if text:
            self._errors = (self._errors + text)[-4096:]
        else:
            os.close(self._errors_fd)
            self._errors_fd = -1

    def _ended(self) -> None:
        """Say why the pipe was closed."""
        while self._errors_fd >= 0 and select.select([self._errors_fd], [], [], 0.5)[0]:
            self._read_errors()
        status = None if self._process is None else _exit_status(self._process.pid, _STOP_S)
        if b'erroneous pipeline' in self._errors:
            raise CheckoutError(f"GStreamer does not understand the pipeline '{self._shown}'{self._complaint()}.")
        if status == 0 and b'ERROR' not in self._errors and not self._options.loop:
            raise EndOfStream(f"the pipeline '{self._shown}' is at its end")
        raise SourceLost(f"the pipeline '{self._shown}' stopped{self._complaint()}")

    def _complaint(self) -> str:
        lines = [line.strip() for line in self._errors.decode('utf-8', 'replace').splitlines() if line.strip()]
        serious = [line for line in lines if 'ERROR' in line or 'erroneous pipeline' in line or 'CRITICAL' in line]
        chosen = (serious or lines)[:1]
        return f' ({redact(chosen[0])[:300].rstrip(".")})' if chosen else ''

    def _close_pipes(self) -> None:
        for fd in (self._frames_fd, self._errors_fd):
            if fd >= 0:
                os.close(fd)
        self._frames_fd = self._errors_fd = -1


def command_line(words: list[str], width: int, height: int, fd: int) -> list[str]:
    """Return the command that runs the pipeline `words` and writes BGR frames of width x height on `fd`.

    A descriptor of its own and not standard output, since plugins may print there.
    """
    caps = f'video/x-raw,format=BGR,width={width},height={height},pixel-aspect-ratio=1/1'
    newest = ['queue', 'leaky=downstream', 'max-size-buffers=1', 'max-size-bytes=0', 'max-size-time=0']
    sink = ['fdsink', f'fd={fd}', 'sync=false']
    guard = ['setpriv', '--pdeathsig', 'KILL'] if shutil.which('setpriv') else []
    return [*guard, _LAUNCH, '-q', *words, '!', 'videoconvert', '!', 'videoscale', '!', caps, '!', *newest, '!', *sink]


def foreign_environment(environment: Any) -> dict[str, str]:
    """Return the environment for a program of the system.

    The ROS wheels set LD_LIBRARY_PATH to libraries of their own and remember it in a variable; both would reach into
    a program that is not of this Python. An installation of ROS by apt sets no such variable and is left alone.
    """
    result = {str(name): str(value) for name, value in environment.items()}
    if result.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None) is not None:
        result.pop('LD_LIBRARY_PATH', None)
    return result


def _exit_status(pid: int, timeout_s: float) -> int | None:
    """Wait for a child without reaping it; None when it still runs, else its exit status (-1 after a signal).

    Not reaped, its number cannot be given to another process before the whole group has been signalled.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return ended.si_status if ended.si_code == os.CLD_EXITED else -1
        if time.monotonic() >= deadline_s:
            return None
        time.sleep(0.005)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
