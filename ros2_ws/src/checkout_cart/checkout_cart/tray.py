"""Decide what settled tray contents mean for the cart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checkout_cart.cart import Plan, severity
from checkout_cart.corrections import recount, settled_by_answers, still_true, use_up
from checkout_cart.events import CartEvent, Kind, Source
from checkout_cart.inputs import ContentsInput, ItemState
from checkout_cart.leftover import Split, split
from checkout_cart.rules import Rules
from checkout_cart.state import Attention, CartState, Leftover, Phase
from checkout_core.catalogue import UNKNOWN_SKU
from checkout_core.status import Reason

__all__ = ['Clearing', 'attentions_of', 'decide_contents', 'end_session', 'sold_counts']

_VISION = Source.VISION


@dataclass(frozen=True)
class Clearing:
    """Hold what `leftover.split` needs to know, in its units."""

    return_window_ns: int
    hidden_window_ns: int
    weight_tolerance_g: float


def decide_contents(
    state: CartState, contents: ContentsInput, rules: Rules, clearing: Clearing
) -> tuple[CartEvent, ...]:
    """Return the events that these contents cause; none while the tray moves or was not looked at."""
    if not contents.settled:
        return ()
    plan = Plan(state, contents.stamp_ns)
    if state.phase in (Phase.IDLE, Phase.SCANNING):
        _scan(plan, contents, rules, clearing)
    elif state.phase is Phase.PAYING:
        _while_paying(plan, contents, rules, clearing)
    else:
        _after_payment(plan, contents, rules, clearing)
    return tuple(plan.events)


def sold_counts(contents: ContentsInput, rules: Rules) -> dict[str, int]:
    """Return the counts of the products that are sold here."""
    return {sku: count for sku, count in contents.counts().items() if rules.sells(sku)}


def attentions_of(contents: ContentsInput, rules: Rules) -> tuple[Attention, ...]:
    """Return the open questions of the contents, worst first.

    Something that is not sold here is a question even if the tray asks none: it must not leave the shop unnoticed.
    """
    asked = {Attention(str(a.reason), tuple(sorted(a.skus)), tuple(sorted(a.item_ids))) for a in contents.attentions}
    about = {item for attention in asked for item in attention.item_ids}
    unasked = tuple(
        sorted(i.item_id for i in contents.items if i.state is ItemState.UNKNOWN and i.item_id not in about)
    )
    named = [line.sku for line in contents.lines if line.count]
    foreign = sorted(sku for sku in named if sku == UNKNOWN_SKU or not rules.sells(sku))
    known_reason = any(attention.reason == Reason.UNKNOWN_ITEM for attention in asked)
    if unasked or (foreign and not known_reason):
        asked.add(Attention(str(Reason.UNKNOWN_ITEM), tuple(foreign), unasked))
    return tuple(sorted(asked, key=severity))


def _scan(plan: Plan, contents: ContentsInput, rules: Rules, clearing: Clearing) -> None:
    if contents.empty and _was_seen(plan.state):
        if plan.state.phase is Phase.SCANNING:
            _lines(plan, contents, {}, rules)
        end_session(plan, 'the tray was emptied')
        return
    counts = sold_counts(contents, rules)
    if plan.state.leftover != Leftover():
        parts = _split(plan.state, contents, counts, rules, clearing)
        _record_leftover(plan, parts.leftover)
        counts = dict(parts.new)
    wanted = attentions_of(contents, rules)
    if plan.state.phase is Phase.IDLE and (counts or any(a.about_things for a in wanted)):
        plan.emit(Kind.SESSION_STARTED, _VISION)
    if plan.state.phase is Phase.SCANNING:
        _lines(plan, contents, counts, rules)
    _questions(plan, wanted)


def _was_seen(state: CartState) -> bool:
    """Say whether the tray held anything: a bulky thing that staff added by hand stays while the tray is empty."""
    seen = any(line.seen for line in state.lines) or bool(state.answered) or state.leftover.total > 0
    asked = any(attention.about_things for attention in state.attentions)
    nothing = state.phase is Phase.SCANNING and not state.lines
    return seen or asked or nothing


def _lines(plan: Plan, contents: ContentsInput, counts: Mapping[str, int], rules: Rules) -> None:
    state = plan.state
    offsets = {line.sku: use_up(line.offset, counts.get(line.sku, 0) - line.seen) for line in state.lines}
    recount(
        plan,
        rules,
        source=_VISION,
        seen=counts,
        offsets=offsets,
        answered=still_true(state.answered, contents),
        confidences={line.sku: line.confidence for line in contents.lines},
        note={},
        extra={},
    )


def _questions(plan: Plan, wanted: tuple[Attention, ...]) -> None:
    asked = tuple(a for a in wanted if not settled_by_answers(a, plan.state.answered))
    for attention in [a for a in plan.state.attentions if a not in asked]:
        plan.emit(Kind.ATTENTION_CLEARED, _VISION, **_question(attention))
    for attention in [a for a in asked if a not in plan.state.attentions]:
        plan.emit(Kind.ATTENTION_RAISED, _VISION, **_question(attention))


def _question(attention: Attention) -> dict[str, object]:
    data = {'attention': [attention.reason, list(attention.skus), list(attention.item_ids)]}
    return {'reference': attention.reason, 'sku': attention.skus[0] if attention.skus else '', 'data': data}


def _while_paying(plan: Plan, contents: ContentsInput, rules: Rules, clearing: Clearing) -> None:
    """Go back to scanning when the goods changed; while money may be under way, nothing can be changed."""
    if plan.state.payment.open:
        return
    trial = Plan(plan.state, contents.stamp_ns)
    trial.emit(Kind.CHECKOUT_CANCELLED, _VISION, reference='TRAY_CHANGED', detail='the tray changed during the payment')
    _scan(trial, contents, rules, clearing)
    if any(_about_goods(event) for event in trial.events):
        plan.state = trial.state
        plan.events += trial.events


def _about_goods(event: CartEvent) -> bool:
    """Say whether an event changes what the customer was asked to pay; a hand over the tray does not."""
    if event.kind is Kind.ATTENTION_RAISED:
        return Attention(event.reference).about_goods
    return event.kind in (Kind.ITEM_ADDED, Kind.ITEM_REMOVED, Kind.SESSION_ENDED)


def _after_payment(plan: Plan, contents: ContentsInput, rules: Rules, clearing: Clearing) -> None:
    if contents.empty:
        end_session(plan, 'the tray was emptied')
        return
    parts = _split(plan.state, contents, sold_counts(contents, rules), rules, clearing)
    _record_leftover(plan, parts.leftover)
    if parts.new:
        left = plan.state.leftover
        end_session(plan, 'something new was put down', cleared=False)
        plan.emit(Kind.SESSION_STARTED, _VISION, data={'leftover': left.to_json()})
        _scan(plan, contents, rules, clearing)


def _split(
    state: CartState, contents: ContentsInput, counts: Mapping[str, int], rules: Rules, clearing: Clearing
) -> Split:
    in_cart = {line.sku: line.seen for line in state.lines} if state.phase is Phase.SCANNING else {}
    return split(
        state.leftover,
        contents,
        counts,
        in_cart,
        price=rules.price,
        return_window_ns=clearing.hidden_window_ns if contents.attentions else clearing.return_window_ns,
        weight_tolerance_g=clearing.weight_tolerance_g,
    )


def _record_leftover(plan: Plan, after: Leftover) -> None:
    """Emit one event per product whose number of paid things changed; the last one carries the whole."""
    before = plan.state.leftover
    if (after.counts, after.items) == (before.counts, before.items):
        return
    was, now = dict(before.counts), dict(after.counts)
    deltas = [(sku, now.get(sku, 0) - was.get(sku, 0)) for sku in sorted({*was, *now})]
    changed = [(sku, delta) for sku, delta in deltas if delta] or [('', 0)]
    for sku, delta in changed[:-1]:
        plan.emit(Kind.TRAY_CLEARED, _VISION, sku=sku, delta=delta)
    sku, delta = changed[-1]
    plan.emit(Kind.TRAY_CLEARED, _VISION, sku=sku, delta=delta, data={'leftover': after.to_json()})


def end_session(plan: Plan, why: str, *, cleared: bool = True, source: Source = _VISION) -> None:
    """Emit the end of the session; `cleared` says that nothing lies on the tray any more."""
    if cleared:
        _record_leftover(plan, Leftover())
    data = {'staff_called': plan.state.staff_called, 'last_receipt': plan.state.last_receipt}
    plan.emit(Kind.SESSION_ENDED, source, detail=why, data=data)
