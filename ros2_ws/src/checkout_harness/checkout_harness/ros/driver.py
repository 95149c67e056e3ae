"""The driver: the only publisher of a replay, in a process of its own among the nodes of the station.

    python -m checkout_harness.ros.driver JOB.json

In lock step it sets /clock, sends one step, waits until every node that must answer has answered with that stamp, lets
the customer act, and goes on. It never sleeps: it waits for messages, up to a time-out that fails the run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException

from checkout_core.errors import CheckoutError
from checkout_harness.buyer import Buyer, Wish
from checkout_harness.expectation import Expectation
from checkout_harness.faults import FaultPlan, load_faults
from checkout_harness.job import Job, read_job
from checkout_harness.recording import Recording, Step, chosen
from checkout_harness.ros.link import Link
from checkout_harness.ros.pace import run_realtime
from checkout_harness.rundir import RunFacts, RunWriter, host_facts, output_topics
from checkout_harness.settings import CART, PERCEPTION
from checkout_harness.usage import Usage, siblings

__all__ = ['Driver', 'main']


class Driver:
    """Replay one bag through the nodes that are running."""

    def __init__(
        self, job: Job, recording: Recording, link: Link, writer: RunWriter, facts: RunFacts, expectation: Expectation
    ) -> None:
        """Bind what a run needs; nothing is sent yet."""
        self.job, self.recording, self.link, self.writer, self.facts = job, recording, link, writer, facts
        self.faults: FaultPlan = load_faults(job.faults)
        self.buyer = Buyer(job.settings.buyer)
        self.expectation = expectation
        self.left_out = tuple(camera for camera in recording.all_cameras if camera not in link.cameras)
        self.usage = Usage('driver', siblings)

    def run(self) -> None:
        """Replay in the lane of the job; what stops a run is in the facts."""
        begun = time.monotonic_ns()
        if self.job.lane == 'realtime':
            run_realtime(self)
        else:
            self._lock_step()
        self.facts.wall_s = (time.monotonic_ns() - begun) * 1e-9

    def steps(self) -> Iterator[Step]:
        """Give the chosen steps of the recording with the faults that its messages have."""
        job = self.job
        steps = chosen(self.recording.steps, start_s=job.start_s, duration_s=job.duration_s, loop=job.loop)
        return self.faults.apply(steps)

    def _lock_step(self) -> None:
        self._cpu_ns = time.process_time_ns()
        steps = self.steps()
        following = next(steps, None)
        if following is not None:
            self.link.send_weights(following.weights)
        while following is not None:
            step, following = following, next(steps, None)
            # The readings of the next step go ahead: a node that looks at stamps only does not use them before, and
            # has them in any case when the next picture comes.
            if following is not None:
                self.link.send_weights(following.weights)
            row = self._step(step)
            self.writer.add_row(row)
            self.facts.count(row['sent_ns'])
            self.usage.sample(self.facts)
            if not self._tolerated(row):
                return
        self.facts.complete = True

    def _step(self, step: Step) -> dict[str, Any]:
        self.faults.before(step)
        wanted = self.expectation.of(step, self.left_out)
        self.link.expect(wanted)
        self.link.set_clock(step.stamp_ns)
        sent = self.link.send_pictures(step)
        missing = self.link.wait_for_answers(self.job.timeout_s)
        done = dict(self.link.done_ns)
        absent = sorted(f'{topic} with the stamp {stamp}' for topic, stamp in missing)
        absent += self.link.overtaken()
        answered = [stamp for topic, stamp in wanted if topic == 'cart']
        if not absent and answered:
            absent = self._serve(step, max(answered))
        row = {'stamp_ns': step.stamp_ns, 'sent_ns': sent, 'done_ns': done, 'missing': absent}
        self.link.write_outputs(self.writer)
        # All that the driver does for a step: reading it, sending, waiting, writing what came.
        now_ns = time.process_time_ns()
        row['cpu_ns'], self._cpu_ns = now_ns - self._cpu_ns, now_ns
        return row

    def _serve(self, step: Step, stamp_ns: int) -> list[str]:
        """Let the customer act on the cart of a stamp, and wait for what that leads to; return what did not come."""
        cart = self.link.cart
        if cart is None:
            return []
        due = step.truth is not None and self.link.payment_due(step.truth)
        wish = self.buyer.act(stamp_ns, cart, due, self.link)
        if wish is not Wish.NOTHING:
            self.facts.wishes.append([stamp_ns, wish.value])
        return self.link.wait_for_events(self.job.timeout_s)

    def _tolerated(self, row: dict[str, Any]) -> bool:
        """Say whether the run may go on; what is missing is an error unless a fault scenario expects it."""
        if not row['missing']:
            return True
        self.facts.missing += row['missing']
        if self.faults.tolerates(int(row['stamp_ns'])):
            return True
        self.facts.failure = (
            f'Step {self.facts.steps} (stamp {row["stamp_ns"]}) was not answered within {self.job.timeout_s:g} s: '
            f'{", ".join(row["missing"])} did not come.'
        )
        return False


def main(argv: list[str] | None = None) -> int:
    """Run a job and return 0 when the run was complete, 1 when it was not, 2 for what the user can mend."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        job = read_job(Path(arguments[0]))
        return _run(job)
    except CheckoutError as error:
        print(f'replay_driver: {error}', file=sys.stderr)
        return 2


def _run(job: Job) -> int:
    with Recording(job.bag) as recording:
        facts = RunFacts(
            lane=job.lane,
            bag=job.bag,
            bag_sha256=recording.sha256,
            namespace=recording.namespace,
            cameras=list(recording.cameras),
            host=dict(host_facts()),
            parameters={node: job.settings.of(node, recording) for node in (PERCEPTION, CART)},
            faults=job.faults,
            face=recording.has_face,
        )
        writer = RunWriter(Path(job.folder), recording.namespace, facts.cameras)
        rclpy.init()
        link: Link | None = None
        try:
            pairing = job.settings.perception(recording).pairing
            expectation = Expectation(job.answers, recording.all_cameras, pairing)
            expectation.check(sorted(name for name, _ in output_topics('', list(recording.cameras)).values()))
            # Pictures of a face that no node looks at would be sent for nothing.
            cameras = recording.all_cameras if expectation.looks_at_faces else recording.cameras
            link = Link(recording, job, cameras)
            driver = Driver(job, recording, link, writer, facts, expectation)
            link.wait_until_ready(driver.expectation, job.ready_s)
            try:
                driver.run()
            finally:
                driver.faults.release()
                driver.usage.close()
            facts.paid, facts.handed_over = driver.buyer.paid, driver.buyer.handed_over
        except (KeyboardInterrupt, ExternalShutdownException):
            facts.failure = 'The run was stopped.'
        except CheckoutError as error:
            facts.failure = str(error)
        finally:
            if link is not None:
                link.write_outputs(writer)
                facts.host |= link.identity()
                link.close()
            rclpy.try_shutdown()
        writer.finish(facts)
    if facts.failure:
        print(f'replay_driver: {facts.failure}', file=sys.stderr)
    return 0 if facts.complete else 1


if __name__ == '__main__':
    sys.exit(main())
