"""The simulator as a source of the camera node: `sim:SCENARIO,seed=7,assortment=starter`.

The look (table, tray, light) comes from the seed; the noise of a frame from seed, camera and stamp - epoch. So the same
frame has the same bytes in every run, and a camera that is killed and started again shows the right world. The camera
called `face` looks at the people, all others at the tray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from checkout_core.errors import CheckoutError
from checkout_sim.dataset import assortment
from checkout_sim.library import Library
from checkout_sim.people.face_camera import FACE_CAMERA, FaceCamera, face_calibration
from checkout_sim.render.camera import CAMERAS, Calibration, calibration, make_camera
from checkout_sim.studio import Studio
from checkout_sim.world.effects import effects_at
from checkout_sim.world.scenario import load_scenario
from checkout_sim.world.timeline import World

_KEYS = ('seed', 'assortment', 'camera')
_NOT_OPEN = 'The simulated camera is not open; call open() first.'


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


class Feed(Protocol):
    """Name what the source needs of a camera: `TrayFeed` and `FaceFeed` have it."""

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels."""

    @property
    def calibration(self) -> Calibration:
        """Return the numbers for CameraInfo and the pose of the camera in frame `tray`."""

    def share(self, world: World) -> None:
        """Take a world that was played already."""

    def open(self) -> None:
        """Prepare what is needed to photograph."""

    def photograph(self, time_ns: int) -> NDArray[np.uint8]:
        """Return the picture at a time since the epoch (ns; negative: before it)."""

    def close(self) -> None:
        """Free what `open` made; closing twice is harmless."""


class TrayFeed:
    """Photograph the tray of a scenario with a camera above it."""

    def __init__(self, name: str, width: int, height: int, spec: SimSpec) -> None:
        self._camera = make_camera(name, width, height)
        self._scenario = load_scenario(spec.scenario)
        self._library = Library(assortment(spec.assortment))
        self._seed = spec.seed
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

    def share(self, world: World) -> None:
        """Take a world that was played already."""
        self._world = world

    def open(self) -> None:
        """Play the scenario and make the renderer. Raises CheckoutError when there is no OpenGL."""
        if self._world is None:
            self._world = World(self._scenario, self._seed, self._library)
        if self._studio is None:
            self._studio = Studio(self._camera.name, self._camera.width, self._camera.height, self._seed)

    def photograph(self, time_ns: int) -> NDArray[np.uint8]:
        """Return the picture at a time since the epoch; before it, the empty tray."""
        if self._world is None or self._studio is None:
            raise CheckoutError(_NOT_OPEN)
        time_s = time_ns / 1e9
        return self._studio.photograph(self._world.at(time_s), time_ns, self._world.effects_at(time_s))

    def close(self) -> None:
        """Free the renderer. The world is kept for the next `open`."""
        if self._studio is not None:
            self._studio.close()
            self._studio = None


class FaceFeed:
    """Photograph the people of a scenario. It needs neither physics nor OpenGL, but the pictures of the ORL set."""

    def __init__(self, width: int, height: int, spec: SimSpec) -> None:
        scenario = load_scenario(spec.scenario)
        self._light = scenario.light
        self._camera = FaceCamera(scenario.people, spec.seed, width, height)
        self._open = False

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels."""
        return self._camera.camera.width, self._camera.camera.height

    @property
    def calibration(self) -> Calibration:
        """Return the numbers for CameraInfo and the pose of the camera in frame `tray`."""
        return face_calibration(self._camera.camera)

    def share(self, world: World) -> None:
        """Leave the world alone: people do not depend on what lies on the tray."""

    def open(self) -> None:
        """Allow to photograph."""
        self._open = True

    def photograph(self, time_ns: int) -> NDArray[np.uint8]:
        """Return the picture at a time since the epoch; before it, nobody is there."""
        if not self._open:
            raise CheckoutError(_NOT_OPEN)
        exposure = effects_at(self._light, (), (), time_ns / 1e9).exposure
        return self._camera.photograph(time_ns, exposure)

    def close(self) -> None:
        """Allow no more."""
        self._open = False


class SimCameraSource:
    """Give the pictures of one simulated camera. `open`, `read` and `close` are called from one thread."""

    scenario_driven = True
    native_rate_hz: float | None = None

    def __init__(self, argument: str, options: OptionsLike) -> None:
        """Check the arguments; nothing is drawn before `open`. Raises CheckoutError for what does not exist."""
        spec = parse_spec(argument)
        name = spec.camera or options.camera.strip('/').rsplit('/', 1)[-1] or CAMERAS[0]
        width, height = options.width_px or 640, options.height_px or 480
        if name == FACE_CAMERA:
            self._feed: Feed = FaceFeed(width, height, spec)
        else:
            self._feed = TrayFeed(name, width, height, spec)
        self._epoch_ns: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels."""
        return self._feed.size

    @property
    def calibration(self) -> Calibration:
        """Return the numbers for CameraInfo and the pose of the camera in frame `tray`."""
        return self._feed.calibration

    def set_epoch(self, epoch_ns: int) -> None:
        """Set the stamp at which the scenario begins; may be called from any thread, before or after `open`."""
        self._epoch_ns = int(epoch_ns)

    def share(self, world: World) -> None:
        """Take a world that was played already, the one of this scenario, seed and assortment; `open` then is quick."""
        self._feed.share(world)

    def open(self) -> None:
        """Play the scenario and make the renderer. Raises CheckoutError when there is no OpenGL."""
        self._feed.open()

    def read(self, stamp_ns: int) -> SimFrame:
        """Return the picture at a stamp; before the epoch, or while there is none, the empty tray and nobody."""
        epoch = self._epoch_ns
        # Without an epoch there is no scenario time; the stamp itself varies the noise.
        return SimFrame(self._feed.photograph(stamp_ns - epoch if epoch is not None else -1 - stamp_ns))

    def close(self) -> None:
        """Free the renderer; closing twice is harmless. The world is kept for the next `open`."""
        self._feed.close()
