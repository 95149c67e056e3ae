"""The look of a scene: table, tray, light and lens settings, all drawn from one seed.

Frozen: the detector in `models/` has learned these distributions. A change here needs a new data set and a
new training run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_LOOK_STREAM = 31  # keeps the random numbers of the look apart from those of the physics and of the sensor

_CALM_TABLES = ('plain', 'laminate', 'wood', 'marble', 'stone', 'metal')
_BUSY_TABLES = ('wood', 'marble', 'stone', 'terrazzo', 'cloth', 'tiles', 'leaves', 'print')
_TRAYS: tuple[tuple[str, float], ...] = (
    ('plain', 0.62),
    ('laminate', 0.1),
    ('metal', 0.12),
    ('wood', 0.1),
    ('stone', 0.06),
)


@dataclass(frozen=True)
class Surface:
    """Say what a table or a tray is made of; `scale` is texture tiles a metre, `tint` multiplies the texture."""

    kind: str
    number: int
    scale: float
    turn: float
    tint: tuple[float, float, float]
    roughness: float
    specular: float


@dataclass(frozen=True)
class Look:
    """Hold everything about a picture that is neither an item nor the camera's pose."""

    tray: bool
    table: Surface
    tray_surface: Surface
    to_key: tuple[float, float, float]  # unit vector towards the main light
    key: tuple[float, float, float]  # linear colour times strength
    to_fill: tuple[float, float, float]
    fill: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]
    panels: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]  # x, y (m), 0, strength
    panel_shape: tuple[float, float, float, float]  # half sizes (m), cos, sin
    penumbra: float  # how fast shadows soften with distance; the size of the main light
    occlusion: float  # strength of contact shadows
    vignette: float
    gain: tuple[float, float, float]  # exposure times white balance
    blur_px: float  # lens and colour filter, standard deviation in output pixels; no camera has 0
    motion_px: float  # length of the motion blur, 0: none
    motion_angle: float
    shot_noise: float  # variance per grey level
    read_noise: float  # variance, grey levels squared
    jpeg_quality: int
    camera_shift: tuple[float, float, float]  # m, camera axes
    camera_turn: tuple[float, float, float]  # rad


def temperature_rgb(mired: float) -> F64:
    """Return the linear colour of a lamp, green = 1, relative to 5,500 K, by a straight line in mired (1e6 / K).

    Good for what a camera's white balance leaves over; not a model of Planck's law.
    """
    d = (mired - 181.8) / 100.0
    return np.array([1.0 + 0.2 * d, 1.0, 1.0 - 0.24 * d])


def _surface(rng: np.random.Generator, kind: str, calm: bool) -> Surface:
    rough = {'plain': 0.5, 'laminate': 0.5, 'wood': 0.55, 'marble': 0.3, 'stone': 0.5, 'metal': 0.38, 'tiles': 0.3}
    shine = {'plain': 0.35, 'laminate': 0.3, 'wood': 0.2, 'marble': 0.5, 'stone': 0.25, 'metal': 0.9, 'tiles': 0.6}
    spread = 0.04 if calm else 0.12
    tint = rng.uniform(0.8, 1.05) * (1 + rng.normal(0, spread, 3))
    return Surface(
        kind,
        int(rng.integers(16)),
        float(rng.uniform(1.2, 2.6)),
        float(rng.uniform(0, 2 * np.pi)),
        (float(tint[0]), float(tint[1]), float(tint[2])),
        float(np.clip(rough.get(kind, 0.8) + rng.normal(0, 0.06), 0.2, 0.95)),
        float(np.clip(shine.get(kind, 0.08) * rng.uniform(0.5, 1.3), 0.02, 1.0)),
    )


def _unit(azimuth: float, elevation: float) -> tuple[float, float, float]:
    c = np.cos(elevation)
    return float(c * np.cos(azimuth)), float(c * np.sin(azimuth)), float(np.sin(elevation))


def _triple(v: F64) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])


def lit(look: Look, exposure: float = 1.0, glare: float = 0.0, lamp: tuple[float, float] = (0.12, 0.05)) -> Look:
    """Return a look in other light: `exposure` multiplies it, `glare` (0 to 1) is a bright lamp above `lamp` (x, y, m).

    Such a lamp mirrors itself in the middle of what a camera above sees.
    """
    if exposure == 1.0 and glare == 0.0:
        return look
    gain = (look.gain[0] * exposure, look.gain[1] * exposure, look.gain[2] * exposure)
    if glare == 0.0:
        return replace(look, gain=gain)
    return replace(
        look,
        gain=gain,
        panels=((*lamp, 0.0, 4.0 + 14.0 * glare), look.panels[1]),
        panel_shape=(0.3, 0.2, *look.panel_shape[2:]),
        tray_surface=replace(look.tray_surface, roughness=0.3, specular=0.4 + 0.6 * glare),
    )


def make_look(seed: int, heavy: float = 0.0) -> Look:
    """Draw a look from `seed`; `heavy` is the probability of a busy background, which may also lack the tray."""
    rng = np.random.default_rng([seed, _LOOK_STREAM])
    busy = bool(rng.random() < heavy)
    tray = not (busy and rng.random() < 0.45)
    table = _surface(rng, str(rng.choice(_BUSY_TABLES if busy else _CALM_TABLES)), not busy)
    kinds = [kind for kind, _ in _TRAYS]
    kind = str(rng.choice(kinds, p=[share for _, share in _TRAYS]))
    if busy and tray and rng.random() < 0.35:  # a cloth or a printed sheet lies in the tray
        kind = str(rng.choice(('cloth', 'print', 'terrazzo', 'leaves')))
    tray_surface = _surface(rng, kind, True)

    style = str(rng.choice(('ceiling', 'spot', 'window', 'overcast'), p=(0.42, 0.2, 0.2, 0.18)))
    elevation = {'ceiling': (1.0, 1.45), 'spot': (0.8, 1.35), 'window': (0.5, 0.85), 'overcast': (1.1, 1.5)}[style]
    penumbra = {'ceiling': (0.25, 0.6), 'spot': (0.05, 0.15), 'window': (0.2, 0.5), 'overcast': (0.6, 1.0)}[style]
    share = {'ceiling': (0.35, 0.6), 'spot': (0.5, 0.7), 'window': (0.4, 0.62), 'overcast': (0.15, 0.32)}[style]
    azimuth = float(rng.uniform(0, 2 * np.pi))
    to_key = _unit(azimuth, float(rng.uniform(*elevation)))
    total, part = float(rng.uniform(0.62, 1.05)), float(rng.uniform(*share))
    mired = float(rng.normal(190, 45))
    lamp = temperature_rgb(mired)
    around = temperature_rgb(mired + float(rng.normal(0, 35)))
    fill_share = float(rng.uniform(0.05, 0.3)) * (1 - part)
    ambient = total * (1 - part - fill_share)
    # White balance takes most of the lamp's colour away, and a little of what was never there.
    balance = (1.0 / lamp) ** float(rng.uniform(0.55, 1.0)) * (1 + rng.normal(0, 0.025, 3))
    exposure = float(np.exp(rng.normal(0.08, 0.16)))
    moving = rng.random() < 0.12
    return Look(
        tray=tray,
        table=table,
        tray_surface=tray_surface,
        to_key=to_key,
        key=_triple(lamp * total * part / max(to_key[2], 0.45)),
        to_fill=_unit(azimuth + float(rng.uniform(1.8, 4.4)), float(rng.uniform(0.4, 1.1))),
        fill=_triple(around * total * fill_share),
        sky=_triple(around * ambient),
        ground=_triple(around * ambient * rng.uniform(0.3, 0.6)),
        panels=(
            (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.9, 0.9)), 0.0, float(rng.uniform(1.0, 4.0))),
            (float(rng.uniform(-1.4, 1.4)), float(rng.uniform(-1.4, 1.4)), 0.0, float(rng.uniform(0.0, 3.0))),
        ),
        panel_shape=(
            float(rng.uniform(0.15, 0.6)),
            float(rng.uniform(0.08, 0.3)),
            float(np.cos(azimuth)),
            float(np.sin(azimuth)),
        ),
        penumbra=float(rng.uniform(*penumbra)),
        occlusion=float(rng.uniform(0.8, 1.1)),
        vignette=float(rng.uniform(0.0, 0.1)),
        gain=_triple(balance * exposure),
        blur_px=float(rng.uniform(0.35, 0.8)),
        motion_px=float(rng.uniform(1.5, 6.0)) if moving else 0.0,
        motion_angle=float(rng.uniform(0, 180)),
        shot_noise=float(rng.uniform(0.01, 0.1)),
        read_noise=float(rng.uniform(0.3, 5.0)),
        jpeg_quality=int(rng.integers(78, 95)),
        camera_shift=_triple(rng.normal(0, 0.006, 3)),
        camera_turn=_triple(rng.normal(0, (0.006, 0.006, 0.012))),
    )
