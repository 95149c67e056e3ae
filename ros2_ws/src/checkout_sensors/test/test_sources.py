"""Specs, the table of sources, and what is kept out of messages."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from checkout_core.errors import CheckoutError
from checkout_sensors.sources import SOURCES, SourceFrame, SourceOptions, open_source, parse_spec, redact
from checkout_sensors.sources.video import VideoSource


@pytest.mark.parametrize(
    ('spec', 'kind', 'argument'),
    [
        ('video:/a.mp4', 'video', '/a.mp4'),
        ('  video: /a b.mp4 ', 'video', '/a b.mp4'),
        ('images:/a:b', 'images', '/a:b'),
        ('v4l2:0', 'v4l2', '0'),
        ('gstreamer:filesrc location=/a ! decodebin', 'gstreamer', 'filesrc location=/a ! decodebin'),
        ('rtsp://host/a', 'rtsp', 'rtsp://host/a'),
        ('rtsps://host/a', 'rtsp', 'rtsps://host/a'),
        ('rtsp:rtsp://host/a', 'rtsp', 'rtsp://host/a'),
        ('sim:', 'sim', ''),
        ('sim:scenario=mixed', 'sim', 'scenario=mixed'),
    ],
)
def test_spec_is_split_at_the_first_colon(spec: str, kind: str, argument: str) -> None:
    assert parse_spec(spec) == (kind, argument)


@pytest.mark.parametrize('spec', ['', 'webcam:0', 'VIDEO:/a', '/dev/video0', 'tray.mp4'])
def test_unknown_source_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(CheckoutError) as caught:
        parse_spec(spec)
    assert all(kind in str(caught.value) for kind in SOURCES)


@pytest.mark.parametrize('kind', ['video', 'images', 'v4l2', 'gstreamer', 'rtsp'])
def test_missing_argument_gives_an_example(kind: str) -> None:
    with pytest.raises(CheckoutError, match='for example') as caught:
        parse_spec(f'{kind}:')
    example = str(caught.value).split('for example ')[1].rstrip('.')
    assert parse_spec(example)[0] == kind


def test_unknown_source_with_a_password_does_not_show_it() -> None:
    with pytest.raises(CheckoutError) as caught:
        parse_spec('http://bob:secret@host/x')
    assert 'secret' not in str(caught.value)


def test_open_source_builds_what_the_table_names(film: Path) -> None:
    assert isinstance(open_source(f'video:{film}'), VideoSource)


def test_sim_is_built_with_argument_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType('checkout_sim.camera_source')
    module.SimCameraSource = lambda argument, options: (argument, options)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, 'checkout_sim', types.ModuleType('checkout_sim'))
    monkeypatch.setitem(sys.modules, 'checkout_sim.camera_source', module)
    options = SourceOptions(camera='tray/top')
    built: object = open_source('sim:scenario=a', options)
    assert built == ('scenario=a', options)


def test_package_that_is_not_built_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, 'sim', 'checkout_not_there.camera_source:Camera')
    with pytest.raises(CheckoutError, match='checkout_not_there'):
        open_source('sim:')


def test_module_missing_inside_a_package_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / 'broken_camera_package.py').write_text('import a_module_that_nobody_has\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(SOURCES, 'sim', 'broken_camera_package:Camera')
    with pytest.raises(ModuleNotFoundError, match='a_module_that_nobody_has'):
        open_source('sim:')


def test_frame_without_picture_is_refused() -> None:
    with pytest.raises(ValueError, match='image or a JPEG'):
        SourceFrame()


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('rtsp://host/a', 'rtsp://host/a'),
        ('rtsp://bob:secret@host/a', 'rtsp://***@host/a'),
        ('rtsp://bob:se/cr@et@host/a?x=1', 'rtsp://***@host/a?x=1'),
        ('rtspsrc location="rtsp://bob:secret@host/a" ! x', 'rtspsrc location="rtsp://***@host/a" ! x'),
        ('rtspsrc user-id=bob user-pw=secret latency=0', 'rtspsrc user-id=bob user-pw=*** latency=0'),
        ('rtspsrc user-pw="a secret" latency=0', 'rtspsrc user-pw=*** latency=0'),
        ('videotestsrc ! video/x-raw,width=640', 'videotestsrc ! video/x-raw,width=640'),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown
