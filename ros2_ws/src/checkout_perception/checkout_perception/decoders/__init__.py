"""Decoders: tensors of a network to candidates, found by name in one table and imported only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from checkout_core.errors import CheckoutError
from checkout_perception.decoders.base import Candidates, Decoder

__all__ = ['DECODERS', 'Candidates', 'Decoder', 'load_decoder']

DECODERS: Final = {
    'boxes_scores_classes': 'checkout_perception.decoders.boxes_scores_classes:BoxesScoresClasses',
}


def load_decoder(name: str) -> Decoder:
    """Return a new decoder. Raises CheckoutError for a name that is not in the table."""
    target = DECODERS.get(name)
    if target is None:
        raise CheckoutError(f"Decoder '{name}' is unknown; use one of {', '.join(DECODERS)} in the model card.")
    module, _, attribute = target.partition(':')
    decoder: Decoder = getattr(import_module(module), attribute)()
    return decoder
