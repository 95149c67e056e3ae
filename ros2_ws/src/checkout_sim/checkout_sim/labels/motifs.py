"""The picture on a label: one function a motif, drawn into a circle of radius r mm about a centre."""

from __future__ import annotations

from collections.abc import Callable

from checkout_sim.labels.canvas import Canvas, Point
from checkout_sim.labels.design import Design
from checkout_sim.labels.motifs_drink import barley, citrus, cola_splash, milk
from checkout_sim.labels.motifs_meal import chips, kimbap_tuna, noodles, shrimp
from checkout_sim.labels.motifs_sweet import butter_cookies, choco_pie

Motif = Callable[[Canvas, Point, float, Design], None]

MOTIFS: dict[str, Motif] = {
    'noodles': noodles,
    'chips': chips,
    'shrimp': shrimp,
    'kimbap_tuna': kimbap_tuna,
    'barley': barley,
    'citrus': citrus,
    'cola_splash': cola_splash,
    'milk': milk,
    'butter_cookies': butter_cookies,
    'choco_pie': choco_pie,
}
