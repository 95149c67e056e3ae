"""Stamps, rates, JPEGs and counts, without a thread and without waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from checkout_core.errors import CheckoutError
from checkout_core.frames import decode_jpeg
from checkout_sensors.config import CameraConfig, frame_id_of, options_of
from checkout_sensors.connection import State
from checkout_sensors.pipeline import CameraPipeline, RateLimit, period_ns
from checkout_sensors.sources import SourceFrame, SourceOptions, open_source
from checkout_sensors.sources.v4l2 import V4l2Source

MS = 1_000_000
Make = Callable[..., Any]


def pipeline_of(spec: str, **values: Any) -> CameraPipeline:
    config = replace(CameraConfig(source=spec), **values)
    return CameraPipeline(config, open_source(spec, options_of(config)))


class Given:
    """A source that gives the frames of a list, and None where the list has None."""

    scenario_driven = False
    native_rate_hz: float | None = None
    size: tuple[int, int] | None = None
    calibration = None

    def __init__(self, frames: list[Any], *, live: bool = False) -> None:
        self.frames = list(frames)
        self.live = live

    def open(self) -> None:
        """Do nothing."""

    def read(self, stamp_ns: int) -> Any:
        return self.frames.pop(0)

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ('rate', 'period'), [(10.0, 100 * MS), (15.0, 66_666_667), (30.0, 33_333_333), (0.5, 2000 * MS)]
)
def test_period_in_whole_nanoseconds(rate: float, period: int) -> None:
    assert period_ns(rate) == period


@pytest.mark.parametrize(('now', 'stamp'), [(0, 100), (1, 100), (99, 100), (100, 200), (101, 200), (-1, 0)])
def test_stamps_are_multiples_of_the_period(photographs: Path, now: int, stamp: int) -> None:
    assert pipeline_of(f'images:{photographs}', rate_hz=10.0).next_stamp(now * MS) == stamp * MS


def test_two_cameras_are_stamped_alike(photographs: Path, film: Path) -> None:
    one = pipeline_of(f'images:{photographs}', rate_hz=15.0)
    two = pipeline_of(f'video:{film}', rate_hz=15.0)
    now = 1_700_000_000_123_456_789
    assert one.next_stamp(now) == two.next_stamp(now + MS)
    assert one.next_stamp(now) % 66_666_667 == 0


def test_rate_zero_is_the_rate_of_the_source(film: Path, photographs: Path) -> None:
    paced = pipeline_of(f'video:{film}', rate_hz=0.0)
    assert paced.open()
    assert paced.period_ns == 50 * MS
    assert pipeline_of(f'images:{photographs}', rate_hz=0.0).period_ns == 100 * MS


@pytest.mark.parametrize('spec', ['video', 'images'])
def test_same_stamps_give_the_same_bytes(film: Path, photographs: Path, spec: str) -> None:
    source = f'video:{film}' if spec == 'video' else f'images:{photographs}'
    runs = []
    for begin in (0, 7000 * MS):
        pipeline = pipeline_of(source, hold_s=0.2)
        frames = [pipeline.grab(begin + k * 100 * MS) for k in range(25)]
        runs.append([None if frame is None else frame.jpeg for frame in frames])
        pipeline.close()
    assert runs[0] == runs[1]
    assert None not in runs[0]


def test_jpeg_of_a_photograph_is_its_file(photographs: Path) -> None:
    frame = pipeline_of(f'images:{photographs}').grab(100 * MS)
    assert frame is not None
    assert frame.jpeg == (photographs / 'a.jpg').read_bytes()
    assert (frame.stamp_ns, frame.width, frame.height) == (100 * MS, 64, 48)
    assert frame.image is None
    assert set(frame.stage_ms) == {'read', 'encode'}


def test_quality_changes_the_jpeg(film: Path) -> None:
    sizes = []
    for quality in (20, 80, 95):
        noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
        config = CameraConfig(source='x', jpeg_quality=quality)
        frame = CameraPipeline(config, Given([SourceFrame(image=noise)])).grab(0)
        assert frame is not None
        assert frame.jpeg is not None
        sizes.append(len(frame.jpeg))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


def test_nothing_is_encoded_or_decoded_that_nobody_wants(film: Path) -> None:
    pipeline = pipeline_of(f'video:{film}')
    frame = pipeline.grab(0, jpeg=False)
    assert frame is not None
    assert (frame.jpeg, frame.image) == (None, None)
    frame = pipeline.grab(100 * MS, jpeg=False, image=True)
    assert frame is not None
    assert frame.image is not None
    assert frame.image.shape == (48, 64, 3)


def test_raw_image_of_a_source_that_has_only_jpeg(draw: Make) -> None:
    data = bytes(cv2.imencode('.jpg', draw(9))[1])
    frame = CameraPipeline(CameraConfig(source='x'), Given([SourceFrame(jpeg=data)])).grab(0, image=True)
    assert frame is not None
    assert frame.image is not None
    assert np.array_equal(frame.image, decode_jpeg(data))
    assert frame.jpeg == data
    assert (frame.width, frame.height) == (64, 48)


def test_held_picture_is_encoded_once(draw: Make) -> None:
    held = SourceFrame(image=draw(3))
    pipeline = CameraPipeline(CameraConfig(source='x'), Given([held, held, SourceFrame(image=draw(3))]))
    first, second, third = (pipeline.grab(k) for k in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.jpeg is second.jpeg
    assert third.jpeg == first.jpeg
    assert third.jpeg is not first.jpeg


def test_source_is_not_written_into(draw: Make) -> None:
    image = draw(3)
    image.flags.writeable = False
    frame = CameraPipeline(CameraConfig(source='x'), Given([SourceFrame(image=image)])).grab(0, image=True)
    assert frame is not None
    assert frame.jpeg is not None


@pytest.mark.parametrize(
    'broken',
    [
        pytest.param(SourceFrame(image=np.zeros((0, 0, 3), np.uint8)), id='no pixels'),
        pytest.param(SourceFrame(image=np.zeros((4, 4, 2), np.uint8)), id='two colours'),
        pytest.param(SourceFrame(image=np.zeros((4, 4, 3), np.float32)), id='not eight bits'),
        pytest.param(SourceFrame(jpeg=b'no picture'), id='no JPEG'),
    ],
)
def test_frame_of_no_sense_is_counted_and_the_next_one_comes(broken: SourceFrame, draw: Make) -> None:
    pipeline = CameraPipeline(CameraConfig(source='x'), Given([broken, SourceFrame(image=draw(1))]))
    assert pipeline.grab(0) is None
    assert pipeline.grab(1) is not None
    assert pipeline.drops.unusable == 1


def test_stamps_that_passed_are_counted_as_late(photographs: Path) -> None:
    pipeline = pipeline_of(f'images:{photographs}', rate_hz=10.0)
    for stamp in (100, 200, 500, 600, 400):
        pipeline.grab(stamp * MS)
    assert pipeline.drops.late == 2


def test_corrupt_photograph_is_counted_and_skipped_at_the_same_stamp(photographs: Path) -> None:
    (photographs / 'a.jpg').write_bytes(b'broken')
    pipeline = pipeline_of(f'images:{photographs}')
    assert pipeline.grab(0) is not None
    assert pipeline.counters.corrupt == 1


def test_end_of_a_film_is_a_state(film: Path) -> None:
    states: list[tuple[State, str]] = []
    config = CameraConfig(source=f'video:{film}', loop=False)
    source = open_source(config.source, options_of(config))
    pipeline = CameraPipeline(config, source, on_change=lambda state, why: states.append((state, why)))
    frames = [pipeline.grab(k * 100 * MS) for k in range(15)]
    assert [frame is not None for frame in frames] == [True] * 10 + [False] * 5
    assert pipeline.state is State.ENDED
    assert [state for state, _ in states] == [State.STREAMING, State.ENDED]


@pytest.mark.parametrize(
    ('every_ms', 'rate_hz', 'passed'),
    [
        (100, 10.0, 100),  # exactly the wanted rate: every frame
        (50, 10.0, 50),  # twice the rate: every second
        (33, 10.0, 33),  # about three times
        (200, 10.0, 100),  # half the rate: every frame
        (100, 0.0, 100),  # no limit
    ],
)
def test_rate_limit_on_average(every_ms: int, rate_hz: float, passed: int) -> None:
    limit = RateLimit(period_ns(rate_hz) if rate_hz else 0)
    kept = [k for k in range(100) if limit.allows(k * every_ms * MS)]
    assert abs(len(kept) - passed) <= 1


def test_rate_limit_forgives_jitter() -> None:
    jitter = np.random.default_rng(3).integers(-20 * MS, 20 * MS, 200)
    limit = RateLimit(100 * MS)
    assert sum(limit.allows(1000 * MS + k * 100 * MS + int(jitter[k])) for k in range(200)) >= 198


@pytest.mark.parametrize(('early_ms', 'passes'), [(24, True), (25, True), (26, False)])
def test_rate_limit_below_at_and_above_its_tolerance(early_ms: int, passes: bool) -> None:
    limit = RateLimit(100 * MS)
    assert limit.allows(0)
    assert limit.allows((100 - early_ms) * MS) == passes


def test_rate_limit_survives_a_clock_that_was_set_back() -> None:
    limit = RateLimit(100 * MS)
    assert limit.allows(10_000 * MS)
    assert limit.allows(5_000 * MS)
    assert not limit.allows(5_010 * MS)


def test_live_frames_are_stamped_on_arrival(capture: Make, opener: Make, draw: Make, clock: Any) -> None:
    config = CameraConfig(source='v4l2:0', rate_hz=10.0)
    source = V4l2Source('0', SourceOptions(), opener(capture([draw(k) for k in range(9)])))
    pipeline = CameraPipeline(config, source, monotonic_ns=clock)
    stamps = []
    for _ in range(9):
        clock.advance(0.05)
        arrival = pipeline.read_live(clock)
        if arrival is not None:
            frame = pipeline.encode(arrival)
            assert frame is not None
            stamps.append(frame.stamp_ns // MS)
    assert stamps == [50, 150, 250, 350, 450]
    assert pipeline.drops.rate == 4
    assert pipeline.live


@pytest.mark.parametrize(
    ('pictures', 'frozen_after_s', 'frozen_s'),
    [
        ([1, 1, 1, 1], 3.0, 3.0),  # the same for exactly so long
        ([1, 1, 1, 1], 3.1, 0.0),  # not long enough
        ([1, 2, 1, 2], 1.0, 0.0),  # changes
        ([2, 1, 1, 1], 2.0, 2.0),  # counted from the last change
        ([1, 1, 1, 1], 0.0, 0.0),  # switched off
    ],
)
def test_frozen_camera_is_noticed(
    draw: Make, clock: Any, pictures: list[int], frozen_after_s: float, frozen_s: float
) -> None:
    config = CameraConfig(source='x', frozen_after_s=frozen_after_s, rate_hz=0.0)
    pipeline = CameraPipeline(config, Given([SourceFrame(image=draw(k)) for k in pictures], live=True))
    for _ in pictures:
        arrival = pipeline.read_live(clock)
        assert arrival is not None
        pipeline.encode(arrival)
        clock.advance(1.0)
    assert pipeline.frozen_s(clock.now - 1_000_000_000) == pytest.approx(frozen_s)


def test_picture_that_nobody_looks_at_is_not_called_frozen(draw: Make, clock: Any) -> None:
    pipeline = CameraPipeline(CameraConfig(source='x', rate_hz=0.0), Given([SourceFrame(image=draw(1))] * 5, live=True))
    for jpeg in (True, True, False):
        clock.advance(4.0)
        arrival = pipeline.read_live(clock)
        assert arrival is not None
        pipeline.encode(arrival, jpeg=jpeg)
        assert (pipeline.frozen_s(clock.now) > 0.0) == (jpeg and clock.now > 4_000_000_000)


def test_optics_are_guessed_for_the_size_of_the_picture(photographs: Path) -> None:
    pipeline = pipeline_of(f'images:{photographs}')
    guess = pipeline.calibration_for(64, 48)
    assert guess is not None
    assert guess.guessed
    assert pipeline.calibration_for(64, 48) is guess
    other = pipeline.calibration_for(32, 24)
    assert other is not None
    assert other.width == 32


def test_no_guess_when_none_is_wanted(photographs: Path) -> None:
    assert pipeline_of(f'images:{photographs}', horizontal_fov_rad=0.0).calibration_for(64, 48) is None


def test_wrong_calibration_file_is_told_at_once(photographs: Path) -> None:
    with pytest.raises(CheckoutError, match='cannot be read'):
        pipeline_of(f'images:{photographs}', calibration_file='/not/there.yaml')


@pytest.mark.parametrize(
    ('prefix', 'given', 'frame_id'),
    [
        ('tray/top', '', 'tray_top_optical_frame'),
        ('/face/', '', 'face_optical_frame'),
        ('', '', 'camera_optical_frame'),
        ('tray/top', 'my_frame', 'my_frame'),
    ],
)
def test_frame_id(prefix: str, given: str, frame_id: str) -> None:
    assert frame_id_of(CameraConfig(topic_prefix=prefix, frame_id=given)) == frame_id
