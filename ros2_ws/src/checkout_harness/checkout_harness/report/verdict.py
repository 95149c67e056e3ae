"""The verdict first: one sentence on whether the customer was charged what they took, and single checks for CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checkout_core.catalogue import Catalogue
from checkout_core.money import Money
from checkout_harness.evaluation import Checkout, Evaluation
from checkout_harness.rundir import RunFacts

__all__ = ['Check', 'Verdict', 'judge']


@dataclass(frozen=True)
class Check:
    """Hold one check: `passed` None means that there was nothing to check."""

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Hold the verdict: `passed` None when the bag has nothing to compare with."""

    passed: bool | None
    sentence: str
    detail: str
    checks: tuple[Check, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON types."""
        checks = [{'name': c.name, 'passed': c.passed, 'sentence': c.sentence} for c in self.checks]
        return {'passed': self.passed, 'sentence': self.sentence, 'detail': self.detail, 'checks': checks}


def judge(facts: RunFacts, found: Evaluation | None, catalogue: Catalogue, *, tray: bool = True) -> Verdict:
    """Judge a run; `found` is None when the bag has no truth, `tray` says whether it has one of the tray."""
    checks = [_complete(facts)]
    faces = [] if found is None else [_identity(found.metrics), _liveness(found.metrics)]
    verdict = _judge_tray(facts, found if tray else None, catalogue, checks)
    checks = [*verdict.checks, *faces]
    worst = _harm(found)
    if worst is None or not facts.complete or verdict.passed is False:
        return Verdict(verdict.passed, verdict.sentence, verdict.detail, tuple(checks))
    # The basket may be right; that somebody else pays for it, or a photograph does, is not.
    return Verdict(False, worst, f'{verdict.sentence} {verdict.detail}', tuple(checks))


def _harm(found: Evaluation | None) -> str | None:
    """Return a sentence when somebody was taken for a customer who they are not; not to be recognised harms nobody."""
    identity = found.metrics['identity'] if found is not None else None
    if identity is None:
        return None
    named = identity['false_acceptance']['k'] + identity['names_of_nobody']
    if named:
        return f'The wrong customer was named in {named} pictures of a face.'
    let_in = identity['attack_named']['k']
    return f'A photograph was taken for a customer in {let_in} pictures of a face.' if let_in else None


def _identity(metrics: Mapping[str, Any]) -> Check:
    identity = metrics['identity']
    if identity is None:
        return Check('identity', None, f'Identity: {metrics["not_measured"]["identity"]}.')
    wrong, nobody = identity['false_acceptance'], identity['names_of_nobody']
    shown = identity['presentations']['identified']
    if wrong['k'] or nobody:
        return Check('identity', False, f'The wrong customer was named in {wrong["k"] + nobody} pictures of a face.')
    if not shown['n']:
        return Check('identity', True if wrong['n'] else None, 'No customer stood there, and nobody was named.')
    words = f'{shown["k"]} of {shown["n"]} customers were recognised, nobody was named wrongly.'
    return Check('identity', shown['k'] == shown['n'], words)


def _liveness(metrics: Mapping[str, Any]) -> Check:
    identity, liveness = metrics['identity'], metrics['liveness']
    named = identity['attack_named'] if identity is not None else None
    if named is not None and named['k']:
        return Check('liveness', False, f'A photograph was taken for a customer in {named["k"]} pictures of a face.')
    if liveness is None:
        return Check('liveness', None, f'Liveness: {metrics["not_measured"]["liveness"]}.')
    apcer, bpcer = liveness['apcer'], liveness['bpcer']
    accepted = sum(rate['k'] for rate in liveness['by_attack'].values())
    attacks = sum(rate['n'] for rate in liveness['by_attack'].values())
    words = (
        f'{accepted} of {attacks} pictures of attacks were accepted, {bpcer["k"]} of {bpcer["n"]} of people refused.'
    )
    return Check('liveness', accepted == 0 if apcer['n'] else None, words)


def _judge_tray(facts: RunFacts, found: Evaluation | None, catalogue: Catalogue, checks: list[Check]) -> Verdict:
    if found is None:
        checks.append(Check('truth', None, 'The bag has no ground truth of the tray.'))
        sentence = 'Replayed; there is no truth of the tray in the bag to compare with.'
        return _verdict(facts, sentence, 'Look at the timeline and at what was charged.', None, checks)
    answers = found.metrics['answers']
    lost = answers['lost']
    checks.append(Check('answers', lost == 0, f'{answers["answered"]} of {answers["sent"]} pictures were answered.'))
    wrong = [frame for frame in found.frames if frame.at_rest and not frame.exact]
    rest = sum(frame.at_rest for frame in found.frames)
    seen = f'{rest - len(wrong)} of {rest} pictures of a tray at rest were exact.'
    checks.append(Check('pictures at rest', not wrong if rest else None, seen))
    if not found.checkouts:
        return _verdict(facts, 'Nobody pays in this bag.', seen, None, checks)
    (checkout,) = found.checkouts[:1]
    checks.append(Check('basket', checkout.right, _basket(checkout, catalogue)))
    price = None if checkout.foreign or not checkout.distinguishable else checkout.total == checkout.due
    checks.append(Check('price', price, _price(checkout)))
    return _verdict(facts, _headline(checkout), f'{_basket(checkout, catalogue)} {seen}', checkout.right, checks)


def _verdict(facts: RunFacts, sentence: str, detail: str, passed: bool | None, checks: list[Check]) -> Verdict:
    if not facts.complete:
        return Verdict(False, 'The run is not complete.', facts.failure, tuple(checks))
    return Verdict(passed, sentence, detail, tuple(checks))


def _complete(facts: RunFacts) -> Check:
    return Check('complete', facts.complete, facts.failure or f'All {facts.steps} steps were answered.')


def _money(minor: int, checkout: Checkout) -> str:
    return Money(minor, checkout.currency).format()


def _headline(checkout: Checkout) -> str:
    if checkout.handed_over:
        return 'Handed to a person, as it had to be.' if checkout.right else 'Handed to a person without need.'
    if checkout.total is None:
        return 'Nothing was paid.'
    if not checkout.right and (checkout.foreign or not checkout.distinguishable):
        return 'Sold without asking, though a person had to look.'
    difference = checkout.total - checkout.due
    if checkout.right and difference == 0:
        count = sum(checkout.true.values())
        return f'Right: {count} item{"s" if count != 1 else ""}, {_money(checkout.total, checkout)} charged exactly.'
    if difference > 0:
        return f'Overcharged by {_money(difference, checkout)}.'
    if difference < 0:
        return f'Undercharged by {_money(-difference, checkout)}.'
    return 'The total is right, but not the basket.'


def _price(checkout: Checkout) -> str:
    paid = 'nothing was charged' if checkout.total is None else f'{_money(checkout.total, checkout)} were charged'
    return f'{_money(checkout.due, checkout)} were due and {paid}.'


def _basket(checkout: Checkout, catalogue: Catalogue) -> str:
    if checkout.charged is None:
        return f'{sum(checkout.true.values())} items lay on the tray.'
    wrong = []
    for sku in sorted({*checkout.true, *checkout.charged}):
        have, want = checkout.charged.get(sku, 0), checkout.true.get(sku, 0)
        if have != want:
            product = catalogue.get(sku)
            wrong.append(f'{product.name_en if product else sku} {have} instead of {want}')
    strange = f'{checkout.foreign} thing{"s" if checkout.foreign != 1 else ""} not sold here lay on the tray. '
    return (strange if checkout.foreign else '') + (
        f'Charged {"; ".join(wrong)}.' if wrong else 'Every product was charged as often as it lay there.'
    )
