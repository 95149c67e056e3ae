"""The simulator as a source of the camera node: `sim:SCENARIO,seed=7,assortment=starter`.

The look (table, tray, light) comes from the seed; the noise of a frame from seed, camera and stamp - epoch. So the same
frame has the same bytes in every run, and a camera that is killed and started again shows the right world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.dataset import assortment
from checkout_sim.library import Library
from checkout_sim.render.camera import CAMERAS, Calibration, calibration, make_camera
from checkout_sim.studio import Studio
from checkout_sim.world.scenario import load_scenario
from checkout_sim.world.timeline import World

_KEYS = ('seed', 'assortment', 'camera')


class OptionsLike(Protocol):
    """Name what is read of the camera node's options: the topic prefix and the wanted size (0: the source's own)."""

    @property
    def camera(self) -> str:
        """Return the topic prefix, such as `tray/top`."""

    @property
    def width_px(self) -> int:
        """Return the wanted width."""

    @property
    def height_px(self) -> int:
        """Return the wanted height."""


@dataclass(frozen=True, eq=False)
class SimFrame:
    """Hold one simulated picture, uint8 (H, W, 3) BGR; there is no JPEG of it yet."""

    image: NDArray[np.uint8]
    jpeg: bytes | None = None


@dataclass(frozen=True)
class SimSpec:
    """Hold which world a simulated sensor belongs to."""

    scenario: str = 'customer'
    seed: int = 1
    assortment: str = 'all'
    camera: str = ''


def parse_spec(argument: str) -> SimSpec:
    """Read `SCENARIO,seed=7,assortment=starter,camera=top`; all of it may be left out. Raises CheckoutError."""
    values: dict[str, str] = {}
    for number, word in enumerate(part.strip() for part in argument.split(',') if part.strip()):
        key, equals, value = word.partition('=')
        if not equals and number == 0:
            values['scenario'] = word
        elif not equals or key not in _KEYS or not value:
            raise CheckoutError(
                f'Source sim:{argument}: {word!r} is not understood; write sim:SCENARIO,seed=7,assortment=starter.'
            )
        else:
            values[key] = value
    seed = values.get('seed', '1')
    if not seed.isdigit():
        raise CheckoutError(f'Source sim:{argument}: seed={seed} is not a whole number of 0 or more.')
    return SimSpec(
        values.get('scenario', 'customer'), int(seed), values.get('assortment', 'all'), values.get('camera', '')
    )


class SimCameraSource:
    """Give the pictures of one simulated tray camera. `open`, `read` and `close` are called from one thread."""

    scenario_driven = True
    native_rate_hz: float | None = None

    def __init__(self, argument: str, options: OptionsLike) -> None:
        """Check the arguments; nothing is drawn before `open`. Raises CheckoutError for what does not exist."""
        spec = parse_spec(argument)
        name = spec.camera or options.camera.strip('/').rsplit('/', 1)[-1] or CAMERAS[0]
        width, height = options.width_px or 640, options.height_px or 480
        self._camera = make_camera(name, width, height)
        self._scenario = load_scenario(spec.scenario)
        self._library = Library(assortment(spec.assortment))
        self._seed = spec.seed
        self._epoch_ns: int | None = None
        self._world: World | None = None
        self._studio: Studio | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels."""
        return self._camera.width, self._camera.height

    @property
    def calibration(self) -> Calibration:
        """Return the numbers for CameraInfo and the pose of the camera in frame `tray`."""
        return calibration(self._camera)

    def set_epoch(self, epoch_ns: int) -> None:
        """Set the stamp at which the scenario begins; may be called from any thread, before or after `open`."""
        self._epoch_ns = int(epoch_ns)

    def share(self, world: World) -> None:
        """Take a world that was played already, the one of this scenario, seed and assortment; `open` then is quick."""
        self._world = world

    def open(self) -> None:
        """Play the scenario and make the renderer. Raises CheckoutError when there is no OpenGL."""
        if self._world is None:
            self._world = World(self._scenario, self._seed, self._library)
        if self._studio is None:
            self._studio = Studio(self._camera.name, self._camera.width, self._camera.height, self._seed)

    def read(self, stamp_ns: int) -> SimFrame:
        """Return the picture at a stamp; before the epoch, or while there is none, the empty tray."""
        if self._world is None or self._studio is None:
            raise CheckoutError('The simulated camera is not open; call open() first.')
        epoch = self._epoch_ns
        # Without an epoch there is no scenario time; the stamp itself varies the noise.
        time_ns = stamp_ns - epoch if epoch is not None else -1 - stamp_ns
        time_s = time_ns / 1e9
        effects = self._world.effects_at(time_s)
        return SimFrame(self._studio.photograph(self._world.at(time_s), time_ns, effects))

    def close(self) -> None:
        """Free the renderer; closing twice is harmless. The world is kept for the next `open`."""
        if self._studio is not None:
            self._studio.close()
            self._studio = None
