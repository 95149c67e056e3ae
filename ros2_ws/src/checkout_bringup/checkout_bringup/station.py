"""Run a stack as one station: a domain of its own, the right environment, the supervisor, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from checkout_bringup import domains, environment
from checkout_bringup.logs import LogWriter
from checkout_bringup.processes import Program
from checkout_bringup.shared_memory import SharedMemory
from checkout_bringup.stacks import Stack
from checkout_bringup.supervisor import Outcome, Supervisor

__all__ = ['claim_domain', 'run_station']


def claim_domain(namespace: str, domain: int | None = None) -> domains.Claim:
    """Take the domain that is asked for, else that of `ROS_DOMAIN_ID`, else the first free one.

    Raises CheckoutError when a station of the same namespace is alive in it.
    """
    wanted = domains.domain_from_env() if domain is None else domain
    return domains.claim_free(namespace) if wanted is None else domains.claim(wanted, namespace)


def run_station(
    stack: Stack,
    claim: domains.Claim,
    log: LogWriter,
    *,
    companions: Callable[[dict[str, str]], Sequence[Program]] | None = None,
    duration_s: float | None = None,
    once: bool = False,
) -> Outcome:
    """Start the nodes of a stack in a claimed domain and stay until they end.

    `companions` gets the environment of the nodes and returns programs that run beside them, such as an observer; they
    are started first, so that they miss nothing. Raises CheckoutError when something cannot be started.
    """
    env = environment.ros_environment(os.environ, claim.domain, coloured=log.coloured)
    started = [*(companions(env) if companions else ()), *environment.programs(stack, env)]

    def publish(pids: dict[str, int | None]) -> None:
        claim.publish({'stack': stack.name, 'nodes': pids})

    supervisor = Supervisor(started, log, shared_memory=SharedMemory(claim.domain), on_change=publish)
    return supervisor.run(duration_s=duration_s, once=once)
