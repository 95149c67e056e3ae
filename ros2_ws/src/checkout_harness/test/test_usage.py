"""What a run used: processes, GPUs by NVML, boards by jtop, each through a stand-in of its library."""

from types import SimpleNamespace

import psutil
import pytest

from checkout_core.meters import JtopMeter, NvmlMeter, open_meters
from checkout_harness.rundir import RunFacts
from checkout_harness.usage import Usage, summary


class FakeNvml:
    """Be pynvml with some GPUs: (name, percent, MB, milliwatts or None when the card does not tell)."""

    class NVMLError(Exception):
        """Be the error of the library."""

    def __init__(self, *gpus, broken=''):
        self.gpus, self.broken, self.stopped = gpus, broken, False

    def nvmlInit(self):  # noqa: N802 - names of the library
        if self.broken:
            raise self.NVMLError(self.broken)

    def nvmlShutdown(self):  # noqa: N802
        self.stopped = True

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return self.gpus[index]

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return handle[0]

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        return SimpleNamespace(gpu=handle[1], memory=0)

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return SimpleNamespace(used=handle[2] * 2**20)

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        if handle[3] is None:
            raise self.NVMLError('Not Supported')
        return handle[3]


class FakeJtop:
    """Be the module jtop of a board."""

    def __init__(self, *, gpu=None, memory=None, power=None, broken=None):
        self.gpu, self.memory, self.power = gpu or {}, memory or {}, power or {}
        self.broken, self.closed = broken, False

    def jtop(self):
        return self

    def start(self):
        if self.broken:
            raise self.broken

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ('gpu', 'row'),
    [
        (('RTX', 37, 2048, 71_500), {'name': 'gpu0 RTX', 'gpu_percent': 37.0, 'memory_mb': 2048.0, 'power_w': 71.5}),
        ((b'Quadro', 0, 0, 9_000), {'name': 'gpu0 Quadro', 'gpu_percent': 0.0, 'memory_mb': 0.0, 'power_w': 9.0}),
        (('MX', 5, 100, None), {'name': 'gpu0 MX', 'gpu_percent': 5.0, 'memory_mb': 100.0}),
    ],
    ids=['all', 'a name in bytes', 'no power'],
)
def test_an_nvidia_card(gpu, row):
    library = FakeNvml(gpu)
    meter = NvmlMeter(library)
    assert meter.read() == [row]
    meter.close()
    assert library.stopped


def test_two_cards_make_two_rows():
    rows = NvmlMeter(FakeNvml(('A', 1, 1, 1000), ('B', 2, 2, 2000))).read()
    assert [row['name'] for row in rows] == ['gpu0 A', 'gpu1 B']


@pytest.mark.parametrize(
    ('board', 'row'),
    [
        (
            FakeJtop(
                gpu={'ga10b': {'status': {'load': 41.5}}},
                memory={'RAM': {'used': 3 * 1024 * 1024}},
                power={'tot': {'power': 8250}},
            ),
            {'name': 'jetson', 'gpu_percent': 41.5, 'memory_mb': 3072.0, 'power_w': 8.25},
        ),
        (FakeJtop(power={'rail': {}}), {'name': 'jetson'}),
    ],
    ids=['all', 'a board that tells nothing'],
)
def test_a_jetson(board, row):
    meter = JtopMeter(board)
    assert meter.read() == [row]
    meter.close()
    assert board.closed


def missing(name):
    raise ModuleNotFoundError(f'No module named {name!r}', name=name)


def test_what_is_not_installed_is_not_measured():
    assert open_meters(missing) == (
        [],
        {
            'NVIDIA GPU': 'not measured: the package nvidia-ml-py is not installed',
            'Jetson': 'not measured: the package jetson-stats is not installed',
        },
    )


@pytest.mark.parametrize(
    ('libraries', 'why'),
    [
        ({'pynvml': FakeNvml(broken='Driver Not Loaded')}, 'not measured: NVML: Driver Not Loaded'),
        ({'pynvml': FakeNvml()}, 'not measured: there is no NVIDIA GPU'),
    ],
    ids=['no driver', 'no card'],
)
def test_what_does_not_work_is_not_measured(libraries, why):
    meters, reasons = open_meters(lambda name: libraries.get(name) or missing(name))
    assert meters == []
    assert reasons['NVIDIA GPU'] == why


def test_a_service_of_jtop_that_is_not_there():
    board = FakeJtop(broken=RuntimeError('the jetson_stats.service is not active'))
    _, reasons = open_meters(lambda name: board if name == 'jtop' else missing(name))
    assert reasons['Jetson'] == 'not measured: jtop: the jetson_stats.service is not active'


def test_a_broken_library_is_not_taken_for_a_missing_one():
    with pytest.raises(ModuleNotFoundError, match='ours'):
        open_meters(lambda _name: missing('ours'))


@pytest.fixture
def clock():
    return SimpleNamespace(now=0.0)


def facts():
    return RunFacts('core', 'b', '', '', ['top'])


def test_a_row_a_second_and_the_first_only_starts_the_counters(clock):
    library = FakeNvml(('A', 10, 100, 5000))
    usage = Usage('me', meters=lambda: ([NvmlMeter(library)], {'Jetson': 'not measured: x'}), clock=lambda: clock.now)
    kept = facts()
    rows = []
    for clock.now in (0.0, 0.5, 1.0, 1.5, 1.99, 2.0):
        usage.sample(kept)
        rows.append((len(kept.resources), len(kept.devices)))
    assert rows == [(0, 0), (0, 0), (1, 1), (1, 1), (1, 1), (2, 2)]
    assert kept.meters == {'Jetson': 'not measured: x'}
    assert kept.resources[0]['name'] == 'me'
    assert kept.resources[0]['rss_mb'] > 1
    usage.close()
    assert library.stopped


def test_a_process_that_ends_is_left_out(clock):
    class Gone:
        def oneshot(self):
            raise psutil.NoSuchProcess(1)

    usage = Usage('me', lambda: {'node': Gone()}, meters=lambda: ([], {}), clock=lambda: clock.now)
    kept = facts()
    for clock.now in (0.0, 1.0, 2.0):
        usage.sample(kept)
    assert {row['name'] for row in kept.resources} == {'me'}


def test_a_summary_has_mean_and_greatest_of_what_was_told():
    rows = [{'name': 'g', 'power_w': 4.0}, {'name': 'g', 'power_w': 6.0, 'gpu_percent': 50.0}, {'name': 'h'}]
    assert summary(rows) == [
        {'name': 'g', 'n': 2, 'gpu_percent': {'mean': 50.0, 'max': 50.0}, 'power_w': {'mean': 5.0, 'max': 6.0}},
        {'name': 'h', 'n': 1},
    ]


def test_the_report_has_devices_or_says_why_not(replay, drawn_bag, tmp_path, monkeypatch):
    from checkout_harness import core_lane
    from checkout_harness.report import analyse

    ticks = iter(range(1000))
    library = FakeNvml(('RTX', 30, 512, 40_000))
    for name, meters in (
        ('without', lambda: ([], {'NVIDIA GPU': 'not measured: there is no NVIDIA GPU'})),
        ('with', lambda: ([NvmlMeter(library)], {})),
    ):
        fast = lambda own, meters=meters: Usage(own, meters=meters, clock=lambda: float(next(ticks)))  # noqa: E731
        monkeypatch.setattr(core_lane, 'Usage', fast)
        replay(drawn_bag, folder=tmp_path / name)
        report = analyse(tmp_path / name)
        page = (tmp_path / name / 'report.html').read_text()
        if name == 'with':
            (row,) = report['devices']['measured']
            assert row['power_w'] == {'mean': 40.0, 'max': 40.0}
            assert 'gpu0 RTX' in page
            assert '40.0 / 40.0 W' in page
        else:
            assert report['devices']['measured'] == []
            assert 'NVIDIA GPU (not measured: there is no NVIDIA GPU)' in page
