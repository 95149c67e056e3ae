"""The newest-frame worker: each stamp is answered once, whatever the timing."""

import threading

import pytest

from checkout_core.latest import LatestFrameWorker
from checkout_core.telemetry import Telemetry, gpu_name

LONG = 10.0


def ignore(camera, stamp_ns):
    """Stand for a callback that the test does not look at."""


class Gate:
    """Hold a worker inside `process` until the test lets it go on."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.done = []
        self.skipped = []

    def process(self, camera, stamp_ns, item):
        self.entered.release()
        assert self.leave.acquire(timeout=LONG)
        self.done.append((camera, stamp_ns, item))

    def skip(self, camera, stamp_ns):
        self.skipped.append((camera, stamp_ns))


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def worker(gate):
    worker = LatestFrameWorker(gate.process, gate.skip)
    yield worker
    for _ in range(100):
        gate.leave.release()
    worker.close()


def busy(worker, gate, camera='top', stamp_ns=0):
    """Put an item and wait until it is being processed."""
    worker.put(camera, stamp_ns, 'first')
    assert gate.entered.acquire(timeout=LONG)


def test_the_newest_of_a_camera_wins_and_the_others_are_reported(worker, gate):
    busy(worker, gate)
    for stamp_ns in (1, 2, 3):
        worker.put('top', stamp_ns, f'item {stamp_ns}')
    assert gate.skipped == [('top', 1), ('top', 2)]
    for _ in range(2):
        gate.leave.release()
    assert worker.wait_idle(LONG)
    assert gate.done == [('top', 0, 'first'), ('top', 3, 'item 3')]
    assert worker.skipped == {'top': 2}


def test_cameras_have_a_slot_each_and_take_turns(worker, gate):
    busy(worker, gate)
    worker.put('top', 1, '')
    worker.put('oblique', 1, '')
    worker.put('top', 2, '')  # a fast camera keeps its place and does not push the slow one back
    for _ in range(3):
        gate.leave.release()
    assert worker.wait_idle(LONG)
    assert [entry[:2] for entry in gate.done] == [('top', 0), ('top', 2), ('oblique', 1)]
    assert worker.skipped == {'top': 1}


def test_closing_answers_what_waits(worker, gate):
    busy(worker, gate)
    worker.put('top', 1, '')
    worker.put('oblique', 2, '')
    gate.leave.release()
    worker.close()
    answered = [entry[:2] for entry in gate.done] + gate.skipped
    assert sorted(answered) == [('oblique', 2), ('top', 0), ('top', 1)]
    worker.close()
    with pytest.raises(RuntimeError, match='after close'):
        worker.put('top', 3, '')


def test_a_process_that_hangs_is_reported(gate):
    worker = LatestFrameWorker(gate.process, gate.skip, name='stuck')
    busy(worker, gate)
    assert not worker.wait_idle(0.01)
    with pytest.raises(TimeoutError, match='stuck'):
        worker.close(timeout_s=0.01)
    gate.leave.release()


def test_an_error_ends_the_worker_and_is_not_swallowed():
    told = []
    heard = threading.Event()

    def fail(camera, stamp_ns, item):
        raise ValueError('broken model')

    def tell(error):
        told.append(error)
        heard.set()

    worker = LatestFrameWorker(fail, ignore, on_error=tell)
    worker.put('top', 0, '')
    assert heard.wait(LONG)
    assert str(told[0]) == 'broken model'
    with pytest.raises(ValueError, match='broken model'):
        worker.put('top', 1, '')
    with pytest.raises(ValueError, match='broken model'):
        worker.wait_idle(LONG)
    with pytest.raises(ValueError, match='broken model'):
        worker.close()
    worker.close()


def test_a_worker_may_be_closed_from_its_own_thread():
    closed = threading.Event()
    box = []

    def process(camera, stamp_ns, item):
        box[0].close()
        closed.set()

    box.append(LatestFrameWorker(process, ignore))
    box[0].put('top', 0, '')
    assert closed.wait(LONG)


@pytest.mark.parametrize('run', range(3))
def test_every_stamp_is_answered_exactly_once_under_load(run):
    done, skipped = [], []
    worker = LatestFrameWorker(
        lambda camera, stamp_ns, _: done.append((camera, stamp_ns)),
        lambda camera, stamp_ns: skipped.append((camera, stamp_ns)),
    )

    def feed(camera):
        for stamp_ns in range(2000):
            worker.put(camera, stamp_ns, None)

    threads = [threading.Thread(target=feed, args=(camera,)) for camera in ('top', 'oblique', 'face')]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.close()
    wanted = [(camera, stamp_ns) for camera in ('top', 'oblique', 'face') for stamp_ns in range(2000)]
    assert sorted(done + skipped) == sorted(wanted)
    assert sum(worker.skipped.values()) == len(skipped)
    for camera in ('top', 'oblique', 'face'):
        mine = [stamp_ns for name, stamp_ns in done if name == camera]
        assert mine == sorted(mine), 'a camera never goes back in time'


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_telemetry_by_hand():
    clock = Clock()
    telemetry = Telemetry(clock, window=3)
    telemetry.set('device', 'CPUExecutionProvider')
    telemetry.set('model', 'tray')
    for value in (9.0, 1.0, 2.0, 3.0):
        telemetry.add_stage('decode', value)
    telemetry.tick(20)
    telemetry.drop()
    clock.now += 2.0
    pairs, drops = telemetry.report()
    values = dict(pairs)
    assert values['rate_hz'] == '10.00'
    assert (values['answered'], values['dropped'], drops) == ('20', '1', 1)
    assert values['device'] == 'CPUExecutionProvider'
    assert values['model'] == 'tray'
    assert values['stage.decode.p50_ms'] == '2.00', 'the first sample has left the window of three'
    assert values['stage.decode.max_ms'] == '3.00'
    assert float(values['rss_mb']) > 1
    assert float(values['cpu_percent']) >= 0
    assert 'gpu' in values
    assert len(pairs) == len(values)


def test_the_rate_is_that_since_the_last_report():
    clock = Clock()
    telemetry = Telemetry(clock)
    telemetry.tick(10)
    clock.now += 1.0
    telemetry.report()
    clock.now += 1.0
    pairs, drops = telemetry.report()
    assert dict(pairs)['rate_hz'] == '0.00'
    assert dict(pairs)['answered'] == '10'
    assert drops == 0
    assert dict(telemetry.report()[0])['rate_hz'] == '0.00', 'no time has passed'


class FakeNvml:
    """Imitate pynvml on a host with `count` GPUs; `fails` names the function that raises."""

    class NVMLError(Exception):
        """Stand for its error."""

    def __init__(self, count, fails=''):
        self.count, self.fails, self.open = count, fails, False

    def nvmlInit(self):  # noqa: N802 - its name
        if self.fails == 'init':
            raise self.NVMLError('driver not loaded')
        self.open = True

    def nvmlShutdown(self):  # noqa: N802 - its name
        self.open = False

    def nvmlDeviceGetCount(self):  # noqa: N802 - its name
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802 - its name
        return index

    def nvmlDeviceGetName(self, handle):  # noqa: N802 - its name
        return b'Orin' if handle else 'T4'

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802 - its name
        if self.fails == 'rates':
            raise self.NVMLError('Not Supported')
        return type('Rates', (), {'gpu': 7})

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802 - its name
        return type('Memory', (), {'used': 2**20})

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802 - its name
        return 9_000


NVML = [
    (None, 'none', 'no package'),
    (FakeNvml(0, fails='init'), 'none', 'no driver'),
    (FakeNvml(0), 'none', 'no GPU'),
    (FakeNvml(2), 'gpu0 T4 7 %, gpu1 Orin 7 %', 'two GPUs'),
    (FakeNvml(1, fails='rates'), 'gpu0 T4 unreadable', 'a GPU that does not tell'),
]


@pytest.mark.parametrize(('nvml', 'expected', 'what'), NVML, ids=[case[2] for case in NVML])
def test_the_gpu_is_reported_only_where_there_is_one(monkeypatch, nvml, expected, what):
    import sys

    monkeypatch.setitem(sys.modules, 'pynvml', nvml)
    assert gpu_name() == expected
    if nvml is not None:
        assert not nvml.open
