"""The cart's one loop: node, replay and benchmark put inputs in here and publish what comes out.

An input becomes events, the events go into the journal, and only then the cart changes: what cannot be recorded did not
happen. Nothing here looks at a clock but the stop watch of the stage times, which no result depends on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from checkout_cart.cart import apply
from checkout_cart.cashier import Reply, ask_again, decide_pay, decide_result, reply_from
from checkout_cart.config import CartConfig
from checkout_cart.events import CartEvent, Kind
from checkout_cart.identity import decide_identity
from checkout_cart.inputs import CallStaff, Cancel, Checkout, ContentsInput, Correct, IdentityInput, Pay, Request, Sight
from checkout_cart.journal import Journal, JournalError, Meta
from checkout_cart.locks import NOTHING_SEEN, View
from checkout_cart.payment import PaymentOrder, PaymentProvider, PaymentResult, execute, load_provider
from checkout_cart.receipt import Receipt, build, shop_data
from checkout_cart.replay import resume
from checkout_cart.rules import Rules
from checkout_cart.service import Decision, decide_call, decide_cancel, decide_checkout, decide_correct
from checkout_cart.snapshot import CartSnapshot, snapshot
from checkout_cart.tray import Clearing, decide_contents
from checkout_cart.watermark import Verdict, Watermark
from checkout_core import data
from checkout_core.catalogue import Catalogue, load_catalogue
from checkout_core.config import validate
from checkout_core.errors import CheckoutError
from checkout_core.status import Status

__all__ = ['Answer', 'CartPipeline']

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class Answer:
    """Hold what one input led to.

    `status` and `detail` answer the tray contents with `stamp_ns`: OK, SKIPPED (late, doubled, or skipped before),
    CORRUPT (unusable, or the journal could not be written). It is EMPTY for what answers no contents: identities,
    requests, payments. `events` and `receipts` are new; `reply` answers a request. An `order` is for the payment
    provider, and its result goes to `CartPipeline.on_payment`. `stages` are names and milliseconds.
    """

    stamp_ns: int
    status: Status
    cart: CartSnapshot
    detail: str = ''
    events: tuple[CartEvent, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    reply: Reply | None = None
    order: PaymentOrder | None = None
    stages: tuple[tuple[str, float], ...] = ()


class CartPipeline:
    """Turn inputs into answers, on one journal. Not thread-safe: call it from one thread, and only `execute` elsewhere.

    >>> for answer in pipeline.on_contents(contents): publish(answer)
    >>> answer = pipeline.on_service(Pay('card', key, amount))
    >>> while answer.order: answer = pipeline.on_payment(answer.order, execute(pipeline.provider, answer.order))
    """

    def __init__(
        self,
        config: CartConfig | None = None,
        *,
        catalogue: Catalogue | None = None,
        journal: Journal | None = None,
        provider: PaymentProvider | None = None,
    ) -> None:
        """Build from the configuration what is not given, and go on where the journal ends.

        Raises CheckoutError for a wrong value, a catalogue that does not fit, or a journal that cannot be used.
        """
        self.config = CartConfig() if config is None else config
        validate(self.config)
        if 'contents' not in self.config.watermark.inputs:
            raise CheckoutError('watermark.inputs must name contents; without tray contents there is no cart.')
        products = load_catalogue(data.path(self.config.catalogue)) if catalogue is None else catalogue
        self._rules = Rules(self.config.rules, products, self.config.currency)
        clearing = self.config.clearing
        self._clearing = Clearing(
            round(clearing.return_window_s * _SECOND),
            round(clearing.hidden_window_s * _SECOND),
            clearing.weight_tolerance_g,
        )
        self._watermark: Watermark[ContentsInput | IdentityInput] = Watermark(
            self.config.watermark.inputs,
            max_lag_ns=round(self.config.watermark.max_lag_s * _SECOND),
            clock_step_ns=round(self.config.watermark.clock_step_s * _SECOND),
        )
        self.journal = self._open_journal() if journal is None else journal
        try:
            self.state = resume(self.journal)
            self.provider = self._open_provider() if provider is None else provider
        except CheckoutError:
            self.journal.close()
            raise
        self._view = NOTHING_SEEN
        self._now_ns = self.state.stamp_ns
        self._customer_seen_ns = self.state.customer.since_ns
        self._fault = ''
        self._unrecorded: tuple[PaymentOrder, PaymentResult] | None = None
        self._shown: tuple[object, CartSnapshot] | None = None

    @property
    def fault(self) -> str:
        """Return why nothing can be recorded at the moment; empty when all is well."""
        return self._fault

    @property
    def cart(self) -> CartSnapshot:
        """Return the cart as it is now."""
        contents = self._view.contents
        key = (self.state.sequence, self._view.seen, contents.usable, contents.stable, self._fault)
        if self._shown is None or self._shown[0] != key:
            shown = snapshot(
                self.state,
                self._view,
                station=self.journal.meta.station,
                currency=self.journal.meta.currency,
                journal_fault=bool(self._fault),
            )
            self._shown = (key, shown)
        return self._shown[1]

    def on_contents(self, contents: ContentsInput) -> tuple[Answer, ...]:
        """Take in tray contents and return the answers that are due now: each stamp is answered once it is folded."""
        offer = self._watermark.offer('contents', contents.stamp_ns, contents)
        answers = self._fold_all(offer.ready)
        if offer.verdict is not Verdict.ACCEPTED:
            detail = f'{offer.verdict.value} contents, nothing was changed'
            answers += (Answer(contents.stamp_ns, Status.SKIPPED, self.cart, detail),)
        return answers

    def on_identity(self, identity: IdentityInput) -> tuple[Answer, ...]:
        """Take in who stands at the checkout; return the answers that waited for it, and one to what it changed."""
        return self._fold_all(self._watermark.offer('identities', identity.stamp_ns, identity).ready)

    def flush(self) -> tuple[Answer, ...]:
        """Fold what still waits for another input: at the end of a recording nothing more will come."""
        return self._fold_all(self._watermark.flush())

    def on_service(self, request: Request) -> Answer:
        """Do what a person asks, at the newest folded stamp: a request has none of its own."""
        late = self._record_late_payment()
        answer = self._pay(request) if isinstance(request, Pay) else self._do(request)
        if late is None:
            return answer
        return replace(answer, events=late.events + answer.events, receipts=late.receipts + answer.receipts)

    def on_payment(self, order: PaymentOrder, result: PaymentResult) -> Answer:
        """Take in what the provider said. If it cannot be recorded now, it is kept and recorded with a later input."""
        decision = decide_result(self.state, order, result, self.config.payment, self._shop(), self._now_ns)
        receipts, fault = self._commit(decision.events)
        if fault and decision.order is None:
            self._unrecorded = (order, result)
        events = () if fault else decision.events
        return self._answer(events, receipts, self._reply(order.key, fault), decision.order)

    def unsettled(self) -> PaymentOrder | None:
        """Return what must be asked first after a restart, what became of the payment under way; or None."""
        return ask_again(self.state, self.config.currency) if self.state.payment.open else None

    def as_it_is(self) -> Answer:
        """Return the cart without any input: what a node shows when it starts."""
        return self._answer((), ())

    def settle(self, answer: Answer) -> tuple[Answer, ...]:
        """Carry out the orders of an answer here and now, for replay and tests; a node does it in another thread."""
        answers: list[Answer] = []
        order = answer.order
        while order is not None:
            answers.append(self.on_payment(order, execute(self.provider, order)))
            order = answers[-1].order
        return tuple(answers)

    def close(self) -> None:
        """Close the journal and the provider."""
        self.provider.close()
        self.journal.close()

    def _open_journal(self) -> Journal:
        path = self.config.journal.path
        meta = Meta(self.config.station, self.config.currency)
        file = path if path == ':memory:' else data.path(path)
        return Journal(file, meta, busy_timeout_s=self.config.journal.busy_timeout_s)

    def _open_provider(self) -> PaymentProvider:
        ledger: str | Path = self.config.payment.ledger
        if ledger:
            return load_provider(self.config.payment, data.path(ledger))
        path = self.journal.path
        return load_provider(self.config.payment, path if path == ':memory:' else f'{path}.terminal')

    def _fold_all(self, inputs: tuple[ContentsInput | IdentityInput, ...]) -> tuple[Answer, ...]:
        answers: list[Answer] = []
        for item in inputs:
            late = self._record_late_payment()
            if late is not None:
                answers.append(late)
            if isinstance(item, ContentsInput):
                answers.append(self._fold_contents(item))
            else:
                answers += self._fold_identity(item)
        return tuple(answers)

    def _fold_contents(self, contents: ContentsInput) -> Answer:
        begun = time.perf_counter()
        self._now_ns = contents.stamp_ns
        if contents.status is not Status.SKIPPED:
            self._view = View(contents)
        events = decide_contents(self.state, contents, self._rules, self._clearing)
        folded = time.perf_counter()
        receipts, fault = self._commit(events)
        status, detail = Status.OK, ''
        if fault:
            status, detail, events = Status.CORRUPT, fault, ()
        elif not contents.usable:
            status, detail = contents.status, contents.detail or f'the tray contents are {contents.status.name}'
        stages = (('fold', (folded - begun) * 1e3), ('journal', (time.perf_counter() - folded) * 1e3))
        return Answer(contents.stamp_ns, status, self.cart, detail, events, receipts, stages=stages)

    def _fold_identity(self, identity: IdentityInput) -> tuple[Answer, ...]:
        self._now_ns = identity.stamp_ns
        hold_ns = round(self.config.identity.hold_s * _SECOND)
        events = decide_identity(self.state, identity, self._customer_seen_ns, hold_ns)
        _, fault = self._commit(events)
        if identity.sight is Sight.IDENTIFIED and identity.customer_id == self.state.customer.id:
            self._customer_seen_ns = identity.stamp_ns
        if fault or not events:
            return ()
        return (self._answer(events, ()),)

    def _do(self, request: Correct | Checkout | Cancel | CallStaff) -> Answer:
        decision = self._decide(request)
        if decision.refusal:
            return self._refused(decision.refusal)
        receipts, detail = self._commit(decision.events)
        if detail:
            return self._refused(detail)
        return self._answer(decision.events, receipts, self._plain_reply(True, ''))

    def _decide(self, request: Correct | Checkout | Cancel | CallStaff) -> Decision:
        if isinstance(request, Correct):
            return decide_correct(self.state, request, self._view, self._rules, self._now_ns)
        if isinstance(request, Checkout):
            return decide_checkout(self.state, request, self._view, self._rules, self._now_ns)
        if isinstance(request, Cancel):
            return decide_cancel(self.state, request, self._now_ns)
        return decide_call(self.state, request, self._now_ns)

    def _pay(self, request: Pay) -> Answer:
        try:
            used = self.journal.last_of_key(request.key)
        except JournalError as error:
            return self._refused(str(error))
        decision = decide_pay(self.state, request, used, self.config.payment, self.config.currency, self._now_ns)
        if decision.refusal:
            return self._refused(decision.refusal)
        receipts, fault = self._commit(decision.events)
        if fault:
            # The provider has not heard of it: nobody is charged for what is not in the journal.
            return self._refused(fault)
        return self._answer(decision.events, receipts, self._reply(request.key, ''), decision.order)

    def _reply(self, key: str, fault: str) -> Reply:
        """Answer a request to pay from the journal."""
        try:
            reply = reply_from(self.journal.last_of_key(key), self.state.sequence)
        except JournalError as error:
            reply, fault = reply_from(None, self.state.sequence), str(error)
        if not fault:
            return reply
        message = f'{fault} What the terminal said is recorded as soon as that is mended; ask again with the same key.'
        return Reply(False, message, self.state.sequence, outcome=reply.outcome)

    def _record_late_payment(self) -> Answer | None:
        """Record what the terminal said while the journal could not be written; without such, see if it is mended."""
        if self._unrecorded is None:
            if self._fault:
                self._probe()
            return None
        order, result = self._unrecorded
        decision = decide_result(self.state, order, result, self.config.payment, self._shop(), self._now_ns)
        receipts, fault = self._commit(decision.events)
        if fault:
            return None
        self._unrecorded = None
        return self._answer(decision.events, receipts)

    def _probe(self) -> None:
        try:
            self.journal.check_writable()
            self._fault = ''
        except JournalError as error:
            self._fault = str(error)

    def _commit(self, events: tuple[CartEvent, ...]) -> tuple[tuple[Receipt, ...], str]:
        """Record events and change the cart; return the new receipts, or why nothing was recorded."""
        if not events:
            return (), ''
        try:
            self.journal.append(events)
        except JournalError as error:
            self._fault = str(error)
            return (), self._fault
        self._fault = ''
        receipts: list[Receipt] = []
        meta = self.journal.meta
        for event in events:
            self.state = apply(self.state, event)
            if event.kind is Kind.RECEIPT_ISSUED:
                receipts.append(build(self.state, event, station=meta.station, currency=meta.currency))
        return tuple(receipts), ''

    def _shop(self) -> dict[str, object]:
        return shop_data(self.config.receipt)

    def _plain_reply(self, success: bool, message: str) -> Reply:
        cart = self.cart
        return Reply(success, message, cart.revision, session_id=cart.session_id, amount=cart.total)

    def _refused(self, message: str) -> Answer:
        return self._answer((), (), self._plain_reply(False, message))

    def _answer(
        self,
        events: tuple[CartEvent, ...],
        receipts: tuple[Receipt, ...],
        reply: Reply | None = None,
        order: PaymentOrder | None = None,
    ) -> Answer:
        return Answer(self._now_ns, Status.EMPTY, self.cart, '', events, receipts, reply, order)
