"""What holds for every sequence of inputs, whatever people, cameras and terminals do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout_cart.cart import fold
from checkout_cart.inputs import (
    AttentionInput,
    CallStaff,
    Cancel,
    Checkout,
    ContentsInput,
    Correct,
    IdentityInput,
    ItemInput,
    ItemState,
    LineInput,
    Operation,
    Pay,
    Sight,
)  # fmt: skip
from checkout_cart.pipeline import Answer, CartPipeline
from checkout_cart.replay import replay, resume
from checkout_cart.state import Phase
from checkout_core.money import Money
from checkout_core.status import Status

SECOND = 1_000_000_000
SKUS = ('cola', 'water', 'beer', 'apple')
KEYS = ('k1', 'k2', 'k3')
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

skus = st.sampled_from(SKUS)
questions = st.lists(
    st.builds(
        AttentionInput,
        st.sampled_from(('UNKNOWN_ITEM', 'LOOK_ALIKE', 'HAND_IN_VIEW', 'WEIGHT_MISMATCH', 'COUNT_UNSURE')),
        st.lists(skus, max_size=2, unique=True).map(tuple),
        st.lists(st.integers(1, 5), max_size=2, unique=True).map(tuple),
    ),
    max_size=2,
).map(tuple)
no_questions = st.just(())


@st.composite
def contents(draw: Any, clean: bool = False) -> ContentsInput:
    """Draw contents of stamp 0; half of them with item ids."""
    asked = draw(no_questions if clean else st.one_of(no_questions, no_questions, questions))
    stable = clean or draw(st.sampled_from((True, True, True, False)))
    status = Status.OK if clean else draw(st.sampled_from((Status.OK,) * 8 + (Status.SKIPPED, Status.CORRUPT)))
    if draw(st.booleans()):
        labels = draw(st.dictionaries(st.integers(1, 5), st.sampled_from((*SKUS, 'UNKNOWN')), max_size=4))
        items = tuple(
            ItemInput(item, sku, ItemState.UNKNOWN if sku == 'UNKNOWN' else ItemState.CONFIRMED)
            for item, sku in sorted(labels.items())
        )
        counts = {sku: list(labels.values()).count(sku) for sku in set(labels.values()) - {'UNKNOWN'}}
    else:
        items, counts = (), draw(st.dictionaries(skus, st.integers(1, 3), max_size=3))
    lines = tuple(LineInput(sku, count, 0.9) for sku, count in sorted(counts.items()))
    return ContentsInput(0, status, stable, lines, asked, items)


identities = st.builds(
    lambda customer: IdentityInput(0, Status.OK, Sight.IDENTIFIED if customer else Sight.NOBODY, customer, customer),
    st.sampled_from(('', 'mina', 'jun')),
)
requests = st.one_of(
    st.builds(Checkout),
    st.builds(Checkout),
    st.tuples(st.just('pay'), st.sampled_from(KEYS), st.integers(0, 9)),
    st.tuples(st.just('pay'), st.sampled_from(KEYS), st.just(0)),
    st.builds(Cancel, st.booleans(), st.sampled_from(('', 'kim')), st.booleans()),
    st.builds(CallStaff, st.booleans()),
    st.builds(
        Correct,
        st.sampled_from(tuple(Operation)),
        skus,
        skus,
        st.integers(1, 2),
        st.lists(st.integers(1, 5), max_size=1).map(tuple),
        st.sampled_from(('kim', 'customer')),
    ),
)
stories = st.lists(st.one_of(contents(), contents(), contents(clean=True), identities, requests), max_size=40)
steps = st.sampled_from(('accept', 'decline', 'timeout', 'timeout_charged', 'silent'))
scripts = st.lists(steps, min_size=1, max_size=4)


def step(pipeline: CartPipeline, number: int, thing: Any) -> list[Answer]:
    """Carry out one step of a story at its second."""
    if isinstance(thing, ContentsInput):
        return list(pipeline.on_contents(replace(thing, stamp_ns=(number + 1) * SECOND)))
    if isinstance(thing, IdentityInput):
        return list(pipeline.on_identity(replace(thing, stamp_ns=(number + 1) * SECOND)))
    if isinstance(thing, tuple):
        _, key, wrong_by = thing
        answer = pipeline.on_service(Pay('card', key, Money(pipeline.state.frozen.total + wrong_by)))
    else:
        answer = pipeline.on_service(thing)
    return [answer, *pipeline.settle(answer)]


def check(pipeline: CartPipeline, answers: list[Answer]) -> None:
    """Assert what must hold after every step."""
    cart = pipeline.cart
    assert cart.total.minor >= 0
    assert 0 <= cart.tax.minor <= cart.total.minor
    assert all(line.count > 0 for line in cart.lines)
    assert all(line.total.minor >= 0 for line in cart.lines)
    assert sum(line.total.minor for line in cart.lines) == cart.total.minor or cart.phase is Phase.IDLE
    assert cart.can_checkout is (not cart.locked_reasons)
    assert cart.revision == pipeline.state.sequence
    for answer in answers:
        for receipt in answer.receipts:
            assert sum(line.total for line in receipt.lines) == receipt.total > 0


@contextmanager
def started(shop: Any, **values: Any) -> Iterator[CartPipeline]:
    """Start a cart that keeps nothing, and close it however the example ends."""
    pipeline = CartPipeline(shop.config(journal__path=':memory:', **values), catalogue=shop.catalogue)
    try:
        yield pipeline
    finally:
        pipeline.close()


@quick
@given(stories, scripts)
def test_the_journal_alone_gives_the_cart_and_the_money(shop, story, script):
    with started(shop, payment__script=tuple(script), rules__promotions=('2+1:cola',)) as pipeline:
        answers: list[Answer] = []
        for number, thing in enumerate(story):
            new = step(pipeline, number, thing)
            check(pipeline, new)
            answers += new
        rebuilt = replay(pipeline.journal)
        assert rebuilt.state == pipeline.state == resume(pipeline.journal)
        assert fold(event for answer in answers for event in answer.events) == pipeline.state
        assert rebuilt.receipts == tuple(receipt for answer in answers for receipt in answer.receipts)
        charged = pipeline.provider.charged()
        assert len({key for key, _ in charged}) == len(charged)
        open_amount = pipeline.state.payment.amount if pipeline.state.payment.open else 0
        paid = sum(receipt.total for receipt in rebuilt.receipts)
        assert paid <= sum(amount for _, amount in charged) <= paid + open_amount


@quick
@given(stories)
def test_every_contents_is_answered_once_and_in_order(shop, story):
    stamps = []
    with started(shop) as pipeline:
        for number, thing in enumerate(story):
            answers = step(pipeline, number, thing)
            stamps += [answer.stamp_ns for answer in answers if answer.status is not Status.EMPTY]
    assert stamps == [(n + 1) * SECOND for n, thing in enumerate(story) if isinstance(thing, ContentsInput)]


@quick
@given(stories, scripts)
def test_the_same_story_gives_the_same_events(shop, story, script):
    results = []
    for _ in range(2):
        with started(shop, payment__script=tuple(script)) as pipeline:
            answers = [answer for number, thing in enumerate(story) for answer in step(pipeline, number, thing)]
        results.append([(answer.events, answer.receipts, answer.cart) for answer in answers])
    assert results[0] == results[1]


@quick
@given(stories, st.lists(st.integers(0, 40), max_size=3))
def test_a_restart_at_any_time_changes_nothing(shop, story, restarts):
    for file in shop.folder.iterdir():
        file.unlink()
    pipeline = shop.pipeline()
    for number, thing in enumerate(story):
        step(pipeline, number, thing)
        if number in restarts:
            state = pipeline.state
            shop.close(pipeline)
            pipeline = shop.pipeline()
            assert pipeline.state == state
            order = pipeline.unsettled()
            if order is not None:
                pipeline.on_payment(order, pipeline.provider.ask(order))
    charged = sum(amount for _, amount in pipeline.provider.charged())
    assert charged == sum(receipt.total for receipt in replay(pipeline.journal).receipts)
    shop.close(pipeline)


@quick
@given(
    st.lists(contents(), min_size=1, max_size=12),
    st.lists(identities, min_size=1, max_size=12),
    st.randoms(),
    st.randoms(),
)
def test_order_of_arrival_within_the_lag_does_not_change_the_result(shop, trays, faces, first, second):
    """Contents every 1.0 s, faces every 0.7 s; neither arrives more than 2 s of stamps before its turn."""
    tray_inputs = [replace(tray, stamp_ns=n * SECOND) for n, tray in enumerate(trays, 1)]
    face_inputs = [replace(face, stamp_ns=round(n * 0.7 * SECOND)) for n, face in enumerate(faces, 1)]
    results = []
    for random in (first, second):
        with started(shop, watermark__inputs=('contents', 'identities'), watermark__max_lag_s=2.0) as pipeline:
            left: list[list[Any]] = [list(tray_inputs), list(face_inputs)]
            answers: list[Answer] = []
            while any(left):
                oldest = min(queue[0].stamp_ns for queue in left if queue)
                ready = [queue for queue in left if queue and queue[0].stamp_ns < oldest + 2 * SECOND]
                item = random.choice(ready).pop(0)
                take = pipeline.on_contents if isinstance(item, ContentsInput) else pipeline.on_identity
                answers += take(item)
            answers += pipeline.flush()
        results.append([(answer.stamp_ns, answer.status, answer.events, answer.cart) for answer in answers])
    assert results[0] == results[1]
