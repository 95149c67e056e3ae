"""Live pictures are drawn coarser than those that detectors learn from; a detector must not notice."""

from collections import Counter

from checkout_perception.detector import TrayDetector
from checkout_perception.pipeline import ModelConfig
from checkout_sim.dataset import assortment
from checkout_sim.library import Library
from checkout_sim.render.camera import make_camera
from checkout_sim.render.look import make_look
from checkout_sim.render.renderer import Placed, Renderer
from checkout_sim.render.sensor import expose
from checkout_sim.studio import live_renderer
from checkout_sim.world.scene import settle_all

TRAYS, ITEMS = 25, 4
SIZE = (640, 480)


def test_a_detector_finds_in_live_pictures_what_it_finds_in_those_of_data_sets():
    detector = TrayDetector.load(ModelConfig().name)
    library = Library(assortment('starter'))
    skus = [product.sku for product in library.catalogue.products]
    camera = make_camera('top', *SIZE)
    renderers = {'live': live_renderer(*SIZE), 'data set': Renderer(*SIZE)}
    right = Counter()
    for tray in range(TRAYS):
        wanted = [skus[(tray + 5 * place) % len(skus)] for place in range(ITEMS)]
        scene = settle_all(5_000_000 + tray, [library.product(sku) for sku in wanted])
        placed, look = [Placed(item.model, item.pos, item.quat) for item in scene.items], make_look(7_500_000 + tray)
        for name, renderer in renderers.items():
            found = detector.detect(expose(renderer.draw(placed, look, camera), look, (tray,))).detections
            named = Counter(found.names[label] for label in found.class_ids if label >= 0)
            right[name] += sum((Counter(wanted) & named).values())
    for renderer in renderers.values():
        renderer.close()
    detector.close()
    assert right['data set'] >= 0.9 * TRAYS * ITEMS, 'without that, being equal says nothing'
    assert abs(right['live'] - right['data set']) <= 2, right
