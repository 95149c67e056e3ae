"""The picture on a label: one function a motif, drawn into a circle of radius r mm about a centre."""

from __future__ import annotations

from collections.abc import Callable

from checkout_sim.labels.canvas import Canvas, Point
from checkout_sim.labels.design import Design
from checkout_sim.labels.motifs_cafe import (
    beer,
    bolt,
    bone,
    bubbles,
    coffee,
    dew,
    mint,
    mountains,
    pepper,
    tea_leaves,
    tissue,
)
from checkout_sim.labels.motifs_dish import (
    beef,
    bibimbap,
    crisps,
    curry,
    granola,
    salad,
    seafood,
    seaweed,
    sticks,
    tofu,
    tortilla,
    tuna,
)
from checkout_sim.labels.motifs_drink import barley, citrus, cola_splash, milk
from checkout_sim.labels.motifs_fruit import (
    aloe,
    bananas,
    blueberries,
    coconut,
    corn,
    grapes,
    honey,
    nuts,
    oranges,
    peaches,
    strawberries,
)
from checkout_sim.labels.motifs_meal import chips, kimbap_tuna, noodles, shrimp
from checkout_sim.labels.motifs_sweet import butter_cookies, candies, choco_pie, jelly, popcorn, pudding, yogurt

Motif = Callable[[Canvas, Point, float, Design], None]

MOTIFS: dict[str, Motif] = {
    'chips': chips,
    'kimbap_tuna': kimbap_tuna,
    'noodles': noodles,
    'shrimp': shrimp,
    'barley': barley,
    'citrus': citrus,
    'cola_splash': cola_splash,
    'milk': milk,
    'butter_cookies': butter_cookies,
    'choco_pie': choco_pie,
    'strawberries': strawberries,
    'bananas': bananas,
    'grapes': grapes,
    'peaches': peaches,
    'blueberries': blueberries,
    'oranges': oranges,
    'corn': corn,
    'nuts': nuts,
    'coconut': coconut,
    'honey': honey,
    'aloe': aloe,
    'coffee': coffee,
    'tea_leaves': tea_leaves,
    'beer': beer,
    'dew': dew,
    'mountains': mountains,
    'bolt': bolt,
    'mint': mint,
    'tissue': tissue,
    'bubbles': bubbles,
    'bone': bone,
    'pepper': pepper,
    'curry': curry,
    'beef': beef,
    'seafood': seafood,
    'bibimbap': bibimbap,
    'tofu': tofu,
    'tuna': tuna,
    'seaweed': seaweed,
    'sticks': sticks,
    'crisps': crisps,
    'tortilla': tortilla,
    'jelly': jelly,
    'candies': candies,
    'yogurt': yogurt,
    'granola': granola,
    'popcorn': popcorn,
    'pudding': pudding,
    'salad': salad,
}
