"""Bring the lines of a cart in line with what the tray shows and with what people said about it.

What people say comes in two kinds, and both are offsets relative to what the cameras see:

- By number ("one more cola"): `Line.offset`. It holds while the tray shows the same number of the product. When the
  tray changes in the direction of the correction, it is used up by as much, since the cameras have now seen it
  themselves; a change in the other direction leaves it. So after "one more", a second cola that comes into sight
  changes nothing, and a cola that is taken away is taken off the bill.
- About one thing ("item 7 is a cola"): `Answered`. It holds while that very thing lies on the tray and is seen as
  before.

Both end with the session, so also when the tray is emptied. The number charged is never below zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checkout_cart.cart import Plan
from checkout_cart.events import Kind, Source
from checkout_cart.inputs import ContentsInput
from checkout_cart.rules import Rules
from checkout_cart.state import Answered, Attention, CartState, Line
from checkout_core.catalogue import UNKNOWN_SKU

__all__ = ['recount', 'settled_by_answers', 'still_true', 'use_up']


def still_true(answered: Sequence[Answered], contents: ContentsInput) -> tuple[Answered, ...]:
    """Return the answers about things that still lie there and are seen as they were when the answer was given."""
    if not contents.items:
        # Contents without items say nothing about single things; only an empty tray ends those answers.
        return tuple(answered)
    labels = contents.labels()
    return tuple(answer for answer in answered if labels.get(answer.item_id) == answer.seen_as)


def settled_by_answers(attention: Attention, answered: Sequence[Answered]) -> bool:
    """Say whether a person has answered for every thing that a question is about."""
    ids = {answer.item_id for answer in answered}
    return bool(attention.item_ids) and ids.issuperset(attention.item_ids)


def use_up(offset: int, change: int) -> int:
    """Return what is left of a correction by number after the tray changed by `change`."""
    if offset * change <= 0:
        return offset
    return offset - change if abs(change) < abs(offset) else 0


def recount(
    plan: Plan,
    rules: Rules,
    *,
    source: Source,
    seen: Mapping[str, int],
    offsets: Mapping[str, int],
    answered: tuple[Answered, ...],
    confidences: Mapping[str, float],
    note: Mapping[str, Any],
    extra: Mapping[str, Any],
) -> None:
    """Emit the events that lead from the lines of the plan to those that these values give.

    `seen` and `offsets` hold the values for every product that has any; what is missing is zero. `note` are fields
    that each event carries (reference, detail), `extra` is data that must be folded even if no line changes. Lines
    that shrink come first; then the order is that of the skus.
    """
    told: Counter[str] = Counter()
    for answer in answered:
        if answer.seen_as != UNKNOWN_SKU:
            told[answer.seen_as] -= 1
        if answer.sku:
            told[answer.sku] += 1
    state = plan.state
    changes: list[tuple[int, Line]] = []
    for sku in sorted({line.sku for line in state.lines} | set(seen) | set(offsets) | set(told)):
        before = state.line(sku) or rules.line(sku)
        if before is None:
            continue
        now, offset = seen.get(sku, 0), offsets.get(sku, 0)
        after = replace(before, seen=now, offset=offset, count=max(0, now + offset + told[sku]))
        if after != before:
            if now != before.seen:
                after = replace(after, confidence=round(confidences.get(sku, 1.0), 3))
            changes.append((after.count - before.count, after))
    changes.sort(key=lambda change: (change[0] >= 0, change[1].sku))
    data = dict(extra)
    if answered != state.answered:
        data['answered'] = [[a.item_id, a.seen_as, a.sku] for a in answered]
    discounts = rules.discounts(_charged(state, [line for _, line in changes]))
    if discounts != state.discounts:
        data['discounts'] = [[d.label, d.sku, d.amount] for d in discounts]
    for index, (delta, line) in enumerate(changes):
        last = index == len(changes) - 1
        whole = {'line': line.to_json(), **(data if last else {})}
        plan.emit(_kind(source, delta), source, sku=line.sku, delta=delta, data=whole, **note)
    if data and not changes:
        plan.emit(Kind.CORRECTED, source, data=data, **note)


def _kind(source: Source, delta: int) -> Kind:
    if source is not Source.VISION or delta == 0:
        return Kind.CORRECTED
    return Kind.ITEM_ADDED if delta > 0 else Kind.ITEM_REMOVED


def _charged(state: CartState, changed: Sequence[Line]) -> list[Line]:
    by_sku = {line.sku: line for line in state.lines} | {line.sku: line for line in changed}
    return [line for line in by_sku.values() if line.count > 0]
