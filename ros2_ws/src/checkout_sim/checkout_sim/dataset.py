"""Data sets: pictures with truth as COCO files; resumable, many processes, the same bytes whatever their number.

A scene's seed alone decides what its picture shows. The splits take their seeds from ranges that never meet.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from checkout_core.catalogue import UNKNOWN_SKU, Catalogue, load_assortment, load_catalogue
from checkout_core.errors import CheckoutError
from checkout_core.files import write_whole
from checkout_sim.dataset_options import SPLITS, DatasetOptions
from checkout_sim.library import Library
from checkout_sim.render.camera import Camera, make_camera
from checkout_sim.render.look import lit, make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.truth import Label, tells_apart, views
from checkout_sim.world.compose import Composition, compose
from checkout_sim.world.disturb import Disturbed, disturb
from checkout_sim.world.hand import HAND_SKU
from checkout_sim.world.scene import Scene, settle, settle_all

__all__ = ['SPLITS', 'DatasetOptions', 'SceneWriter', 'assortment', 'run_lengths', 'write_dataset']

_LIVES = 3  # pools of processes that may break before the command gives up


def assortment(name: str) -> Catalogue:
    """Load an assortment by name; `all` is the whole catalogue."""
    return load_catalogue() if name == 'all' else load_assortment(name)


class SceneWriter:
    """Make the picture and the truth of one scene after another."""

    def __init__(self, options: DatasetOptions) -> None:
        cv2.setNumThreads(1)
        self._options = options
        self._library = Library(assortment(options.assortment))
        self._renderer = Renderer(options.width, options.height)
        self._recipe = options.recipe()
        self._camera = make_camera(options.camera, options.width, options.height)
        self._plan = options.plan(self._library.catalogue)

    def render(self, seed: int) -> tuple[NDArray[np.uint8], dict[str, Any], int]:
        """Return the picture (H, W, 3) BGR, the record of its truth, and the JPEG quality of its camera."""
        look = make_look(seed, self._recipe.heavy)
        skus = self._plan[seed - self._options.seeds.start] if self._plan is not None else None
        composition = compose(seed, self._recipe, self._library, skus)
        scene = self._settle(seed, composition, look.tray)
        shown = disturb(seed, self._options.shares, scene.items)
        look = lit(look, shown.exposure, shown.glare, shown.lamp)
        camera = self._camera.moved(np.array(look.camera_shift), np.array(look.camera_turn))
        placed = [Placed(item.model, item.pos, item.quat) for item in shown.items]
        image = expose(self._renderer.draw(placed, look, camera), look, (seed,))
        found, ids = views(self._renderer, placed, camera, tray=look.tray)
        catalogue = self._library.catalogue
        rows = []
        for index, (item, view) in enumerate(zip(shown.items, found, strict=True), start=1):
            if view.visible_box is None:
                continue
            sku = item.model.sku
            known = catalogue.get(sku) is not None
            x0, y0, x1, y1 = view.visible_box
            a0, b0, a1, b1 = view.amodal_box
            rows.append(
                {
                    'category_id': catalogue.index(sku) if known else len(catalogue),
                    'sku': sku,
                    'bbox': [x0, y0, x1 - x0, y1 - y0],
                    'bbox_amodal': [a0, b0, a1 - a0, b1 - b0],
                    'area': view.visible_pixels,
                    'visible_fraction': round(view.visible_fraction, 4),
                    'distinguishable': self._distinguishable(placed[index - 1], camera, ids == index),
                    'ignore': int(view.label is Label.IGNORED),
                    'iscrowd': 0,
                    'segmentation': run_lengths(ids == index),
                    'pose': [round(float(v), 5) for v in (*item.pos, *item.quat)],
                    **({'held': 1} if item.instance_id == shown.held else {}),
                }
            )
        record = {
            'seed': seed,
            'heap': composition.heap,
            'tray': look.tray,
            'attempt': scene.attempt,
            **({} if skus is None else {'items': len(scene.items)}),
            **self._disturbed(shown, any(row['sku'] == HAND_SKU for row in rows)),
            'annotations': rows,
        }
        return image, record, look.jpeg_quality

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()

    def _disturbed(self, shown: Disturbed, in_view: bool) -> dict[str, object]:
        """Return what a record says of hands and light; nothing in a set that has none, as files always were."""
        said: dict[str, object] = {}
        if self._options.hands:
            said['hand'] = shown.kind if in_view else None
        if self._options.glare:
            said['glare'] = round(shown.glare, 3)
        if self._options.dim:
            said['exposure'] = round(shown.exposure, 3)
        return said

    def _distinguishable(self, item: Placed, camera: Camera, mask: NDArray[np.bool_]) -> bool:
        others = self._library.look_alikes(item.model.sku)
        return all(tells_apart(self._renderer, item, other, camera, mask) for other in others)

    def _settle(self, seed: int, composition: Composition, tray: bool) -> Scene:
        """Let the items come to rest; where too many would lie on one another, the last one is left out, by rule.

        Of a plan nothing is left out: it is dropped again in other ways.
        """
        models = composition.models
        if self._plan is not None:
            return settle_all(seed, models, heap=composition.heap, overlap=composition.overlap, tray=tray)
        while True:
            try:
                return settle(seed, models, heap=composition.heap, overlap=composition.overlap, tray=tray)
            except CheckoutError:
                if len(models) == 1:
                    raise
                models = models[:-1]

    def write(self, seed: int, folder: Path) -> None:
        """Write the picture, then its record; the record's presence says that the scene is complete."""
        image, record, quality = self.render(seed)
        done, encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise CheckoutError(f'The picture of scene {seed} could not be encoded as JPEG.')
        write_whole(folder / _image_name(self._options.split, seed), encoded.tobytes())
        write_whole(_parts(folder, self._options.split) / f'{seed}.json', json.dumps(record).encode())


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Return a mask as COCO's uncompressed run lengths: column by column, beginning with zeros."""
    flat = np.asarray(mask, np.uint8).T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [len(flat)]])).tolist()
    return {'size': list(mask.shape), 'counts': [0, *counts] if flat[0] else counts}


def write_dataset(options: DatasetOptions, folder: Path, jobs: int, progress: Callable[[int, int], None]) -> Path:
    """Write a split below `folder` and return its annotation file; complete scenes are left as they are.

    Raises CheckoutError for bad options, a folder that cannot be written, a full disk, or a folder that holds a split
    made with other options. KeyboardInterrupt leaves what was written complete; the same call goes on from there.
    """
    options.check()
    if jobs < 1:
        raise CheckoutError(f'--jobs is the number of processes, 1 or more, not {jobs}.')
    catalogue = assortment(options.assortment)
    options.plan(catalogue)  # an impossible plan is said before anything is written
    target = folder / 'annotations' / f'{options.split}.json'
    parts = _parts(folder, options.split)
    with _disk_errors(folder):
        for made in (folder / 'images' / options.split, target.parent):
            made.mkdir(parents=True, exist_ok=True)
        if target.is_file():
            info = json.loads(target.read_text()).get('info', {})
            _compare(info.get('options'), options, target)
            _discard(parts)  # a run that was stopped while it cleared up has left them
            progress(options.scenes, options.scenes)
            return target
        parts.mkdir(parents=True, exist_ok=True)
        settings = parts / 'options.json'
        if settings.is_file():
            _compare(json.loads(settings.read_text()), options, settings)
        write_whole(settings, json.dumps(options.described()).encode())
        missing = [seed for seed in options.seeds if not (parts / f'{seed}.json').is_file()]
        done = options.scenes - len(missing)
        progress(done, options.scenes)
        for _ in _make(options, folder, missing, jobs):
            done += 1
            progress(done, options.scenes)
        write_whole(target, json.dumps(_join(options, catalogue, parts)).encode())
        _discard(parts)
    return target


def _discard(parts: Path) -> None:
    """Remove the records of single scenes, once the file that joins them is there."""
    if not parts.is_dir():
        return
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    if not any(parts.parent.iterdir()):
        parts.parent.rmdir()


def _make(options: DatasetOptions, folder: Path, missing: list[int], jobs: int) -> Iterator[int]:
    if jobs == 1 or len(missing) < 2:
        writer = SceneWriter(options) if missing else None
        for seed in missing:
            assert writer is not None
            writer.write(seed, folder)
            yield seed
        return
    left = set(missing)
    for _ in range(_LIVES):
        try:
            for seed in _share_out(options, folder, sorted(left), jobs):
                left.remove(seed)
                yield seed
            return
        except BrokenProcessPool:
            # A process that is killed, or taken down by its graphics driver, costs its scene another try and no more.
            parts = _parts(folder, options.split)
            complete = {seed for seed in left if (parts / f'{seed}.json').is_file()}
            left -= complete
            yield from sorted(complete)
    raise CheckoutError(
        f'A process that draws scenes was killed {_LIVES} times; what is complete stays: free some memory or use '
        'fewer --jobs, then run the same command again.'
    )


def _share_out(options: DatasetOptions, folder: Path, missing: list[int], jobs: int) -> Iterator[int]:
    """Yield each seed when its scene is on the disk. Raises BrokenProcessPool when a process died."""
    executor = ProcessPoolExecutor(
        jobs, multiprocessing.get_context('spawn'), initializer=_start_worker, initargs=(options, folder)
    )
    try:
        for future in as_completed([executor.submit(_work, seed) for seed in missing]):
            yield future.result()
    finally:
        # Also after Ctrl-C or an error: scenes in work are finished, those that wait are not begun.
        executor.shutdown(wait=True, cancel_futures=True)


_task: tuple[DatasetOptions, Path] | None = None


def _start_worker(options: DatasetOptions, folder: Path) -> None:
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it and ends the pool
    _task = (options, folder)


@cache
def _writer(options: DatasetOptions) -> SceneWriter:
    return SceneWriter(options)


def _work(seed: int) -> int:
    assert _task is not None
    options, folder = _task
    try:
        # Made with the first scene and not at the start: a missing graphics driver then says its own sentence.
        _writer(options).write(seed, folder)
    except OSError as error:
        raise _disk_error(folder, error) from None
    return seed


def _join(options: DatasetOptions, catalogue: Catalogue, parts: Path) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, seed in enumerate(options.seeds, start=1):
        record = json.loads((parts / f'{seed}.json').read_text())
        images.append(
            {
                'id': number,
                'file_name': _image_name(options.split, seed),
                'width': options.width,
                'height': options.height,
                **{key: value for key, value in record.items() if key != 'annotations'},
            }
        )
        for row in record['annotations']:
            annotations.append({'id': len(annotations) + 1, 'image_id': number, **row})
    names = [*catalogue.skus, UNKNOWN_SKU]
    return {
        'info': {'description': 'Simulated checkout trays', 'options': options.described()},
        'categories': [{'id': i, 'name': name, 'supercategory': 'product'} for i, name in enumerate(names)],
        'images': images,
        'annotations': annotations,
    }


def _compare(found: object, options: DatasetOptions, path: Path) -> None:
    if found != options.described():
        raise CheckoutError(
            f'{path} was made with other options; give the same options to go on, or another folder with --out.'
        )


def _image_name(split: str, seed: int) -> str:
    return f'images/{split}/{seed:08d}.jpg'


def _parts(folder: Path, split: str) -> Path:
    return folder / '.parts' / split


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _disk_error(folder, error) from error


def _disk_error(folder: Path, error: OSError) -> CheckoutError:
    reason = error.strerror or str(error)
    return CheckoutError(
        f'The data set in {folder} cannot be written ({reason}); what is complete stays: '
        'make room or choose another folder with --out, then run the same command again.'
    )
