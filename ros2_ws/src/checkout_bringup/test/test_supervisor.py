"""The supervisor, with small scripts in the place of nodes."""

import io
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil
import pytest

from checkout_bringup.logs import LogWriter
from checkout_bringup.processes import Program, describe_status
from checkout_bringup.restart import RestartPolicy
from checkout_bringup.supervisor import Supervisor
from checkout_core.backoff import BackoffConfig
from checkout_core.errors import CheckoutError

QUICK = RestartPolicy(wait=BackoffConfig(first_s=0.01, max_s=0.01), max_tries=2)
OBEDIENT = 'echo ready; exec sleep 60'
STUBBORN = 'trap "" INT TERM; echo ready; while :; do sleep 60; done'


class Screen(io.StringIO):
    """Collect what is said and react to it: `reactions` maps a text to what is done when a line holds it."""

    def __init__(self, reactions=None):
        super().__init__()
        self.reactions = dict(reactions or {})

    def write(self, text):
        for trigger in [trigger for trigger in self.reactions if trigger in text]:
            self.reactions.pop(trigger)()
        return super().write(text)


def shell(name, script, **options):
    return Program(name, ('/bin/sh', '-c', script), dict(os.environ), **{'restart': QUICK, **options})


def run(programs, reactions=None, **options):
    """Run a supervisor; return its outcome, what was said, and the process ids that were seen."""
    screen = Screen(reactions)
    seen = {}

    def note(pids):
        for name, pid in pids.items():
            if pid is not None and pid not in seen.setdefault(name, []):
                seen[name].append(pid)

    log = LogWriter([program.name for program in programs], screen=screen)
    outcome = Supervisor(programs, log, on_change=note).run(**options)
    return outcome, screen.getvalue(), seen


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def gone(pid):
    """Return whether neither the process nor anything else in its group lives."""
    for process in psutil.process_iter(['pid', 'status']):
        try:
            if os.getpgid(process.pid) == pid and process.info['status'] != psutil.STATUS_ZOMBIE:
                return False
        except ProcessLookupError:
            continue
    return True


def all_gone(pids):
    """Return whether all of some groups end: who was killed needs a moment to be gone."""
    pids = list(pids)
    pause, deadline = threading.Event(), time.monotonic() + 10.0
    while not all(gone(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


def deaths(outcome):
    return {node.name: node.deaths for node in outcome.nodes}


def test_one_interrupt_ends_everything():
    outcome, said, seen = run([shell('a', OBEDIENT), shell('b', OBEDIENT)], {'[b]        ready': interrupt})
    assert outcome.status == 0
    assert 'SIGINT' in outcome.sentence
    assert outcome.stopped_in_s < 1.0
    assert '[b]        ready' in said
    assert len(seen) == 2
    assert all_gone(pid for pids in seen.values() for pid in pids)
    assert deaths(outcome) == {'a': 0, 'b': 0}


def test_sigterm_ends_everything_too():
    outcome, _, seen = run([shell('a', OBEDIENT)], {'ready': lambda: os.kill(os.getpid(), signal.SIGTERM)})
    assert outcome.status == 0
    assert all_gone(seen['a'])


def test_a_node_that_still_loads_its_modules_ends_silently():
    loading = Program('a', (sys.executable, '-c', 'print("ready", flush=True); import signal; signal.pause()'), {})
    outcome, said, seen = run([loading], {'ready': interrupt})
    assert (outcome.status, deaths(outcome)) == (0, {'a': 0})
    assert outcome.stopped_in_s < 1.0
    assert 'Traceback' not in said
    assert all_gone(seen['a'])


def test_what_ignores_signals_is_killed_with_its_children_within_three_seconds():
    outcome, said, seen = run([shell('a', STUBBORN)], {'ready': interrupt})
    assert 2.0 < outcome.stopped_in_s < 3.0
    assert 'a does not end; killing it' in said
    assert all_gone(seen['a'])


def test_a_second_interrupt_kills_at_once():
    announce = 'trap "echo asked" TERM; echo ready; while :; do sleep 0.01; done'
    outcome, _, seen = run([shell('a', announce)], {'ready': interrupt, 'asked': interrupt})
    assert outcome.stopped_in_s < 1.2
    assert all_gone(seen['a'])


def test_a_killed_program_comes_back(tmp_path):
    flag = tmp_path / 'flag'
    script = f'if [ -e {flag} ]; then echo back; exec sleep 60; else touch {flag}; kill -9 $$; fi'
    outcome, said, seen = run([shell('a', script)], {' back': interrupt})
    assert 'a has ended (killed by SIGKILL); starting it again in 0.01 s' in said
    assert len(seen['a']) == 2
    assert [node.starts for node in outcome.nodes] == [2]
    assert outcome.nodes[0].unasked_ends == (-9,)
    assert outcome.status == 0


def test_a_required_program_that_keeps_dying_ends_everything_with_a_sentence():
    outcome, _, seen = run([shell('a', 'echo no disk left; exit 3'), shell('b', OBEDIENT)])
    assert outcome.status == 1
    assert (
        outcome.sentence == 'a has ended (exit status 3), and 2 new starts did not help; its last words: no disk left'
    )
    assert deaths(outcome) == {'a': 3, 'b': 0}
    assert all_gone(pid for pids in seen.values() for pid in pids)


def test_what_the_user_must_mend_is_not_tried_again():
    outcome, _, _ = run([shell('a', 'echo a: model x is missing >&2; exit 2'), shell('b', OBEDIENT)])
    assert (outcome.status, outcome.sentence) == (2, 'a cannot run: model x is missing')
    assert outcome.nodes[0].starts == 1


def test_the_rest_goes_on_without_a_program_that_is_not_required():
    outcome, said, _ = run(
        [shell('a', 'exit 3', required=False), shell('b', OBEDIENT)], {'going on without it': interrupt}
    )
    assert outcome.status == 0
    assert 'a has ended (exit status 3); going on without it' in said


def test_once_ends_when_the_job_is_done():
    programs = [shell('a', OBEDIENT), shell('b', 'exit 0', finishes=True, required=False)]
    outcome, said, _ = run(programs, once=True)
    assert (outcome.status, outcome.sentence) == (0, 'The job is done.')
    assert 'b has finished' in said


def test_without_once_a_finished_job_ends_nothing():
    programs = [shell('a', OBEDIENT), shell('b', 'exit 0', finishes=True)]
    outcome, _, _ = run(programs, {'b has finished': interrupt})
    assert 'SIGINT' in outcome.sentence


def test_it_ends_after_the_time_that_was_asked_for():
    outcome, _, _ = run([shell('a', OBEDIENT)], duration_s=0.2)
    assert (outcome.status, outcome.sentence) == (0, 'Stopped after the time that was asked for.')


def test_it_ends_when_nothing_runs_any_more():
    outcome, _, _ = run([shell('a', 'exit 0', required=False)])
    assert (outcome.status, outcome.sentence) == (0, 'All programs have ended.')


def test_a_required_program_that_ends_cleanly_but_too_early_is_a_failure():
    outcome, _, _ = run([shell('a', 'exit 0'), shell('b', OBEDIENT)])
    assert (outcome.status, outcome.sentence) == (1, 'a has ended (exit status 0); it said nothing.')


def test_a_program_that_cannot_be_started_leaves_nothing_running():
    seen = []
    programs = [shell('a', OBEDIENT), Program('b', ('/does/not/exist',), dict(os.environ))]
    supervisor = Supervisor(programs, LogWriter('ab', screen=Screen()), on_change=lambda pids: seen.append(pids['a']))
    with pytest.raises(CheckoutError, match='b cannot be started: /does/not/exist: No such file'):
        supervisor.run()
    assert seen[0] is not None
    assert all_gone(seen[:1])


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run([shell('a', OBEDIENT)], {'ready': interrupt})
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_reader_that_goes_away_ends_everything():
    class Closed(Screen):
        def write(self, text):
            if 'ready' in text:
                raise BrokenPipeError
            return super().write(text)

    outcome = Supervisor([shell('a', OBEDIENT)], LogWriter('a', screen=Closed())).run()
    assert 'nobody reads' in outcome.sentence


def test_a_program_that_closes_its_output_does_not_keep_the_loop_busy():
    before = time.process_time()
    outcome, _, _ = run([shell('a', 'exec >&- 2>&-; exec sleep 60')], duration_s=0.5)
    assert outcome.status == 0
    assert time.process_time() - before < 0.25


def test_long_and_broken_lines_are_passed_on():
    script = 'printf "a\\377b\\n"; head -c 200000 /dev/zero | tr "\\0" x; printf "\\nend"'
    _, said, _ = run([shell('a', script, required=False)])
    assert 'a\ufffdb' in said
    assert said.count('x' * 1000) >= 1
    assert ' end' in said


def test_children_die_with_the_supervisor(tmp_path):
    code = f"""
import os, sys
from checkout_bringup.logs import LogWriter
from checkout_bringup.processes import Program
from checkout_bringup.supervisor import Supervisor
program = Program('a', ('/bin/sh', '-c', {STUBBORN!r}.replace('ready', 'ready $$')), dict(os.environ))
Supervisor([program], LogWriter(['a'])).run()
"""
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child = next(int(line.split()[-1]) for line in parent.stdout if ' ready ' in line)
        pidfd = os.pidfd_open(child)
        parent.kill()
    try:
        assert select.select([pidfd], [], [], 10.0)[0], 'the child lives on'
    finally:
        os.close(pidfd)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # the shell's own child, which the kernel's favour does not reach


CASES = [(0, 'exit status 0'), (3, 'exit status 3'), (-9, 'killed by SIGKILL'), (-63, 'killed by signal 63')]


@pytest.mark.parametrize(('status', 'words'), CASES)
def test_ends_are_put_in_words(status, words):
    assert describe_status(status) == words
