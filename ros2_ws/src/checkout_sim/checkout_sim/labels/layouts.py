"""The layouts of a front panel, as a table: where the column of texts stands, where the picture, where the badge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Composition:
    """Hold one layout. Heights of the column's items are shares of the box's typical side, in the order they stand."""

    column: tuple[float, float, float, float]  # the box of the column, as shares of the front: x0, y0, x1, y1
    items: tuple[tuple[str, float], ...]  # brand, english, title, tagline, badge, and their heights
    picture: tuple[float, float, float]  # x, y, radius as a share of the smaller side
    corner: tuple[float, float, float] | None = None  # badge in a corner of the picture instead of in the column
    claim: tuple[float, float, float] | None = None
    badge_kind: str = 'pill'
    plate: str = ''  # '', 'cloud', 'frame', 'panel': what lies below the column
    arch: float = 0.0
    turn: float = 0.0
    shadow: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Pair the composition for an upright box with that for a wide one."""

    upright: Composition
    wide: Composition


LAYOUTS: dict[str, Layout] = {
    'ramen': Layout(
        Composition(
            (0.03, 0.03, 0.97, 0.50),
            (('brand', 0.11), ('tagline', 0.05), ('title', 0.27), ('english', 0.055)),
            (0.48, 0.735, 0.40),
            (0.84, 0.605, 0.25),
            (0.12, 0.60, 0.17),
            'burst',
            shadow=0.05,
        ),
        Composition(
            (0.02, 0.04, 0.62, 0.97),
            (('brand', 0.19), ('tagline', 0.08), ('title', 0.36), ('english', 0.09)),
            (0.80, 0.55, 0.43),
            (0.63, 0.74, 0.30),
            None,
            'burst',
            shadow=0.05,
        ),
    ),
    'soda': Layout(
        Composition(
            (0.06, 0.05, 0.94, 0.64),
            (('brand', 0.13), ('english', 0.065), ('title', 0.36), ('badge', 0.15)),
            (0.5, 0.80, 0.21),
            None,
            None,
            'tag',
            turn=9,
            shadow=0.06,
        ),
        Composition(
            (0.03, 0.04, 0.64, 0.97),
            (('brand', 0.20), ('english', 0.08), ('title', 0.44), ('badge', 0.19)),
            (0.82, 0.50, 0.42),
            None,
            None,
            'tag',
            turn=5,
            shadow=0.06,
        ),
    ),
    'biscuit': Layout(
        Composition(
            (0.04, 0.03, 0.96, 0.52),
            (('brand', 0.13), ('english', 0.055), ('title', 0.26), ('tagline', 0.05), ('badge', 0.14)),
            (0.5, 0.755, 0.38),
            None,
            (0.85, 0.60, 0.19),
            'ribbon',
            shadow=0.04,
        ),
        Composition(
            (0.03, 0.05, 0.60, 0.95),
            (('brand', 0.20), ('english', 0.075), ('title', 0.32), ('badge', 0.19), ('tagline', 0.07)),
            (0.785, 0.53, 0.44),
            None,
            (0.90, 0.17, 0.23),
            'ribbon',
            shadow=0.04,
        ),
    ),
    'clean': Layout(
        Composition(
            (0.06, 0.04, 0.94, 0.56),
            (('brand', 0.14), ('tagline', 0.06), ('title', 0.26), ('english', 0.06), ('badge', 0.14)),
            (0.5, 0.775, 0.33),
            None,
            None,
            'pill',
        ),
        Composition(
            (0.03, 0.05, 0.64, 0.95),
            (('brand', 0.19), ('tagline', 0.085), ('title', 0.38), ('english', 0.085), ('badge', 0.20)),
            (0.81, 0.50, 0.42),
            None,
            None,
            'pill',
        ),
    ),
    'pop': Layout(
        Composition(
            (0.03, 0.02, 0.97, 0.48),
            (('brand', 0.13), ('title', 0.34), ('english', 0.055)),
            (0.5, 0.715, 0.41),
            (0.17, 0.575, 0.23),
            (0.86, 0.56, 0.19),
            'circle',
            arch=0.22,
            shadow=0.07,
        ),
        Composition(
            (0.02, 0.04, 0.62, 0.97),
            (('brand', 0.20), ('title', 0.48), ('english', 0.09)),
            (0.80, 0.52, 0.44),
            (0.62, 0.76, 0.28),
            None,
            'circle',
            arch=0.12,
            shadow=0.07,
        ),
    ),
    'premium': Layout(
        Composition(
            (0.10, 0.06, 0.90, 0.60),
            (('brand', 0.13), ('english', 0.05), ('title', 0.22), ('tagline', 0.045), ('badge', 0.12)),
            (0.5, 0.76, 0.29),
            None,
            None,
            'tag',
            'frame',
        ),
        Composition(
            (0.06, 0.10, 0.62, 0.92),
            (('brand', 0.17), ('english', 0.07), ('title', 0.32), ('badge', 0.17)),
            (0.79, 0.51, 0.36),
            None,
            None,
            'tag',
            'frame',
        ),
    ),
    'cup': Layout(
        Composition(
            (0.02, 0.03, 0.98, 0.48),
            (('brand', 0.12), ('title', 0.27), ('english', 0.055)),
            (0.48, 0.75, 0.36),
            (0.82, 0.655, 0.25),
            None,
            'burst',
            'cloud',
            shadow=0.03,
        ),
        Composition(
            (0.02, 0.03, 0.66, 0.95),
            (('brand', 0.18), ('tagline', 0.075), ('title', 0.42), ('english', 0.085)),
            (0.81, 0.54, 0.42),
            (0.655, 0.76, 0.28),
            None,
            'burst',
            'cloud',
            shadow=0.03,
        ),
    ),
    'panel': Layout(
        Composition(
            (0.10, 0.05, 0.90, 0.54),
            (('brand', 0.13), ('tagline', 0.055), ('title', 0.24), ('english', 0.055), ('badge', 0.13)),
            (0.5, 0.775, 0.32),
            None,
            None,
            'pill',
            'panel',
        ),
        Composition(
            (0.05, 0.06, 0.60, 0.94),
            (('brand', 0.18), ('tagline', 0.075), ('title', 0.34), ('english', 0.075), ('badge', 0.18)),
            (0.80, 0.52, 0.43),
            None,
            None,
            'pill',
            'panel',
        ),
    ),
}
