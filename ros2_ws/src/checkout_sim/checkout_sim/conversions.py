"""Between messages and the simulator's own values: messages are read by attribute, classes to build are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checkout_core.catalogue import Catalogue
from checkout_sim.customer import CartView
from checkout_sim.people.face_camera import FaceView
from checkout_sim.people.script import ATTACKS
from checkout_sim.scale import Reading, ScaleConfig
from checkout_sim.truth import ItemView
from checkout_sim.world.timeline import ItemState

FRAME = 'tray'


def weight_message(reading: Reading, config: ScaleConfig, tared: bool, stamp: Any, cls: type[Any]) -> Any:
    """Return a Weight of class `cls`."""
    message = cls()
    message.header.stamp = stamp
    message.header.frame_id = FRAME
    message.grams = reading.grams
    message.resolution_g = config.resolution_g
    message.sigma_g = config.sigma_g
    message.stable = reading.stable
    message.tared = tared
    message.overload = reading.overload
    return message


def truth_item(
    state: ItemState,
    views: Sequence[tuple[str, ItemView]],
    distinguishable: bool,
    catalogue: Catalogue,
    item_cls: type[Any],
    box_cls: type[Any],
) -> Any:
    """Return a TruthItem; `views` holds the camera's name and what it sees, in the order of the message's arrays."""
    message = item_cls()
    message.instance_id = state.instance_id
    message.sku = state.model.sku
    message.in_catalogue = state.model.sku in catalogue
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = (float(v) for v in state.pos)
    orientation.w, orientation.x, orientation.y, orientation.z = (float(v) for v in state.quat)
    message.weight_g = state.model.mass_kg * 1000.0
    message.on_tray = state.on_tray
    message.moving = state.moving
    message.cameras = [camera for camera, _ in views]
    message.visible_fraction = [view.visible_fraction for _, view in views]
    message.box_known = [view.visible_box is not None for _, view in views]
    message.visible_boxes = [_box(view.visible_box or (0, 0, 0, 0), box_cls) for _, view in views]
    message.amodal_boxes = [_box(view.amodal_box, box_cls) for _, view in views]
    message.distinguishable = distinguishable
    return message


def truth_face(view: FaceView, face_cls: type[Any], box_cls: type[Any]) -> Any:
    """Return a TruthFace of class `face_cls`."""
    message = face_cls()
    message.person_id = view.person
    message.enrolled = view.enrolled
    message.attack = ATTACKS.index(view.attack)
    message.pose = view.pose
    message.box = _box(view.box, box_cls)
    message.yaw_rad, message.pitch_rad = view.yaw_rad, view.pitch_rad
    message.visible_fraction = view.visible_fraction
    return message


def _box(box: tuple[float, float, float, float], cls: type[Any]) -> Any:
    message = cls()
    message.x_min, message.y_min, message.x_max, message.y_max = (float(v) for v in box)
    return message


def cart_view(message: Any) -> CartView:
    """Return what the customer sees of a Cart message."""
    return CartView(
        stamp_ns=int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec),
        revision=int(message.revision),
        item_count=int(message.item_count),
        tray_stable=bool(message.tray_stable),
        can_checkout=bool(message.can_checkout),
        attentions=len(message.attentions),
    )
