"""One supervised process: started in a group of its own, heard line by line, signalled, never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from checkout_bringup.restart import RestartPolicy
from checkout_core.errors import CheckoutError

__all__ = ['Process', 'Program', 'describe_status']

_PR_SET_PDEATHSIG = 1
_LONGEST_LINE = 64 * 1024
# Looked up before any fork: between fork and exec only what is already loaded may be used.
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Program:
    """Say what to run. `env` is the whole environment of the process.

    A program that is `required` ends everything when it is given up; one that `finishes` ends the job by ending with
    status 0.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    required: bool = True
    finishes: bool = False
    restart: RestartPolicy = field(default_factory=RestartPolicy)


class Process:
    """Run one program once.

    The process leads a group of its own, so that a Ctrl-C of the terminal reaches the supervisor alone and a kill of
    the group reaches grandchildren too. The kernel kills it when the supervisor dies.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        parent = os.getpid()
        try:
            self._popen = subprocess.Popen(
                program.command,
                env=dict(program.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=_die_with(parent),
            )
        except OSError as error:
            raise CheckoutError(
                f'{program.name} cannot be started: {program.command[0]}: {error.strerror}; build the workspace again.'
            ) from error
        assert self._popen.stdout is not None
        self.pid = self._popen.pid
        self.pipe = self._popen.stdout
        os.set_blocking(self.pipe.fileno(), False)
        self.pidfd = os.pidfd_open(self.pid)
        self.heard_all = False
        """Whether the other end of the pipe is closed: nothing more will come."""
        self._rest = b''
        self.last_line = ''

    def lines(self) -> list[str]:
        """Return the complete lines that have arrived since the last call; never blocks."""
        chunks = [self._rest]
        while True:
            try:
                chunk = os.read(self.pipe.fileno(), 65536)
            except BlockingIOError:
                break
            if not chunk:
                self.heard_all = True
                break
            chunks.append(chunk)
        *complete, self._rest = b''.join(chunks).split(b'\n')
        if len(self._rest) > _LONGEST_LINE:
            complete.append(self._rest)
            self._rest = b''
        return self._text(complete)

    def _text(self, raw: list[bytes]) -> list[str]:
        texts = [line.decode('utf-8', 'replace').rstrip('\r') for line in raw]
        self.last_line = next((text.strip() for text in reversed(texts) if text.strip()), self.last_line)
        return texts

    def status(self) -> int | None:
        """Return the exit status (negative: the signal), or None while it runs."""
        return self._popen.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, if it still runs."""
        if self._popen.poll() is None:
            self._popen.send_signal(number)

    def kill_group(self) -> None:
        """Kill the process and everything it has started in its group."""
        # The group's id is free for others once its last member is gone, and the leader stays ours until it is waited
        # for; so this is safe as long as it is called before or right after the leader's end.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def close(self) -> list[str]:
        """End what is left of the process's group, let go of its pipe and return its last lines."""
        self.kill_group()
        self._popen.wait()
        last = self.lines()
        if self._rest:
            last += self._text([self._rest])
        self.pipe.close()
        os.close(self.pidfd)
        return last


def describe_status(status: int) -> str:
    """Say in words how a process ended."""
    if status >= 0:
        return f'exit status {status}'
    try:
        return f'killed by {signal.Signals(-status).name}'
    except ValueError:
        return f'killed by signal {-status}'


def _die_with(parent: int) -> Callable[[], None]:
    """Return what a child does before it becomes the program: ask the kernel to end it with its parent."""

    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # The parent may have died between the fork and the request.
        if os.getppid() != parent:
            os._exit(1)

    return prepare
