"""What a data set holds: the options, checked, and the seeds of its splits."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from checkout_core.catalogue import Catalogue
from checkout_core.errors import CheckoutError
from checkout_sim.formats.brackets import make_plan, parse_brackets
from checkout_sim.render.camera import make_camera
from checkout_sim.world.compose import DRAWN, Recipe, parse_counts
from checkout_sim.world.disturb import Shares

SPLITS = {'train': 1_000_000, 'val': 2_000_000, 'test': 3_000_000}  # first seed of each range
RANGE = 1_000_000


@dataclass(frozen=True)
class DatasetOptions:
    """Say what a data set holds. Equal options give equal bytes, so a run can go on where one stopped."""

    split: str = 'train'
    scenes: int = 100
    first: int = 0  # offset within the split's range of seeds
    items: str = '1-5'
    assortment: str = 'all'
    unknown: float = 0.15
    bare: float = 0.0
    heavy: float = 0.25
    camera: str = 'top'
    width: int = 640
    height: int = 480
    brackets: str = ''  # instead of `items`: scenes planned over these numbers of items
    look_alikes: float = 0.0  # least share of their items that belong to look-alike families
    hands: float = 0.0  # shares of pictures with a hand, a mirrored lamp, little or unsteady light
    glare: float = 0.0
    dim: float = 0.0
    strangers: str = DRAWN  # who the strangers are: drawn for this scene, or those of catalogue/strangers

    def check(self) -> None:
        """Raise CheckoutError for the first value that makes no sense."""
        if self.split not in SPLITS:
            raise CheckoutError(f'There is no split {self.split!r}; use one of {", ".join(SPLITS)}.')
        if not (self.scenes >= 1 and self.first >= 0 and self.first + self.scenes <= RANGE):
            raise CheckoutError(
                f'{self.scenes} scenes from seed {self.first} are not possible; '
                f'use 1 scene or more and seeds below {RANGE}.'
            )
        for name in ('unknown', 'bare', 'heavy', 'hands', 'glare', 'dim'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise CheckoutError(f'--{name} is a share from 0 to 1, not {getattr(self, name)}.')
        self.recipe()
        if self.brackets:
            parse_brackets(self.brackets)
        elif self.look_alikes:
            raise CheckoutError('--look-alikes belongs to --brackets; give both.')
        make_camera(self.camera, self.width, self.height)

    @property
    def seeds(self) -> range:
        """Return the seeds of the scenes."""
        start = SPLITS[self.split] + self.first
        return range(start, start + self.scenes)

    def described(self) -> dict[str, object]:
        """Return what a file says of the options; those that came later only where they are used."""
        said: dict[str, object] = asdict(self)
        unused = [name for name in ('hands', 'glare', 'dim') if not said[name]]
        unused += [] if self.brackets else ['brackets', 'look_alikes']
        unused += ['strangers'] if self.strangers == DRAWN else []
        return {key: value for key, value in said.items() if key not in unused}

    def recipe(self) -> Recipe:
        """Return how trays are composed. Raises CheckoutError for numbers of items or strangers that are none."""
        return Recipe(parse_counts(self.items), self.unknown, self.bare, heavy=self.heavy, strangers=self.strangers)

    @property
    def shares(self) -> Shares:
        """Return which shares of the pictures are disturbed."""
        return Shares(self.hands, self.glare, self.dim)

    def plan(self, catalogue: Catalogue) -> tuple[tuple[str, ...], ...] | None:
        """Return the products of each scene when the brackets decide, else None. Raises CheckoutError."""
        if not self.brackets:
            return None
        brackets = parse_brackets(self.brackets)
        return make_plan(catalogue, brackets, self.scenes, self.seeds.start, self.look_alikes)
