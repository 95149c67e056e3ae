"""What recognition makes of a recorded checkout, and what was wrong with it: the second half of `bench accuracy`.

A bag goes through the core lane of the harness: the pipelines of perception and cart, payment at the end. What the
network gave for a picture is kept beside the bags, so that another tracking or fusion is measured in seconds.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkout_bringup.bench_jobs import keep
from checkout_bringup.bench_scenarios import Plan, bag_of, facts_of
from checkout_bringup.files import read_json
from checkout_bringup.replay import start
from checkout_core.boxes import iou
from checkout_core.catalogue import Catalogue
from checkout_core.model_card import load_model_card
from checkout_core.runtimes import Runtime
from checkout_core.status import Reason
from checkout_harness.buyer import BuyerConfig
from checkout_harness.core_lane import run_core
from checkout_harness.recording import Recording
from checkout_harness.result import stamp_ns
from checkout_harness.rundir import Outputs, RunFacts, load_run, new_folder
from checkout_harness.settings import PERCEPTION, Settings, shop
from checkout_harness.truth import TruthTick, read_truth
from checkout_perception.pipeline import build_pipeline
from checkout_sim.record import EPOCH_NS

__all__ = ['APART', 'Setup', 'judge', 'known_result', 'result_file', 'run_one']

APART = frozenset({'LOOK_ALIKE', 'UNKNOWN_ITEM'})
"""Questions in which look-alikes that no view can separate may end; such a checkout is scored apart."""
PATIENCE_S = 0.8
"""How long a question may stay open before staff is asked, which is an abstention."""
_STABLE = 1  # TrayContents.STABLE
_UNKNOWN = 2  # TrayItem.UNKNOWN
_REASONS = tuple(str(reason) for reason in Reason)  # in the order of the numbers of Attention.msg
_LEAST_SCORE = 0.05
_POINTED_IOU = 0.3


@dataclass(frozen=True)
class Setup:
    """Say what is measured: the model, what runs it, and parameters of nodes as `--set` gives them."""

    model: str
    runtime: str = 'onnxruntime'
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """Return what the answers of the network depend on."""
        card = load_model_card(self.model)
        return f'{card.name}-{card.sha256[:12]}-{self.runtime}'

    @property
    def key(self) -> str:
        """Return what a result depends on: the model's card and file, the parameters, the code that looks at them."""
        card = load_model_card(self.model)
        digest = hashlib.sha256(_code_state().encode())
        digest.update((card.directory / 'model.yaml').read_bytes())
        digest.update(json.dumps([self.runtime, self.parameters], sort_keys=True).encode())
        return f'{card.name}-{digest.hexdigest()[:16]}'


@cache
def _code_state() -> str:
    import checkout_cart
    import checkout_core
    import checkout_harness
    import checkout_perception

    digest = hashlib.sha256(Path(__file__).read_bytes())
    for package in (checkout_core, checkout_perception, checkout_cart, checkout_harness):
        for path in sorted(Path(str(package.__file__)).parent.rglob('*.py')):
            if 'training' not in path.parts and 'report' not in path.parts:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


class RememberingRuntime(Runtime):
    """Answer pictures that a file remembers, and run the others and remember them.

    Rows that no rule would look at (a score below 0.05) are kept as empty ones.
    """

    def __init__(self, inner: Runtime, memory: Path) -> None:
        """Wrap a loaded runtime. A file that cannot be read is made again."""
        super().__init__(memory, device=inner.device, inputs=inner.inputs, outputs=inner.outputs)
        self.name = inner.name
        self._inner, self._memory = inner, memory
        self._known: dict[int, dict[str, NDArray[Any]]] = {}
        self._new = 0
        try:
            with np.load(memory, allow_pickle=False) as loaded:
                for key in loaded.files:
                    number, _, name = key.partition('/')
                    self._known.setdefault(int(number), {})[name] = loaded[key]
        except (OSError, ValueError, zlib.error):
            self._known = {}

    def _infer(self, feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        number = zlib.crc32(b''.join(array.tobytes() for array in feeds.values()))
        if number not in self._known:
            self._known[number] = _shortened(self._inner.run(feeds))
            self._new += 1
        return _lengthened(self._known[number])

    def _release(self) -> None:
        self._inner.close()
        if self._new:
            flat = {f'{number}/{name}': v for number, arrays in self._known.items() for name, v in arrays.items()}
            stream = io.BytesIO()
            np.savez_compressed(stream, **flat)  # type: ignore[arg-type]
            keep(self._memory, stream.getvalue())


def _shortened(outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the rows worth keeping; `rows` says how many there were. Outputs without scores are kept whole."""
    scores = outputs.get('scores')
    if scores is None or scores.ndim != 2 or any(v.ndim < 2 or v.shape[1] != scores.shape[1] for v in outputs.values()):
        return dict(outputs)
    keep = np.flatnonzero(scores[0] >= _LEAST_SCORE)
    return {'rows': np.array(scores.shape[1]), **{name: value[:, keep] for name, value in outputs.items()}}


def _lengthened(kept: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    if 'rows' not in kept:
        return dict(kept)
    full = {}
    for name, value in kept.items():
        if name != 'rows':
            full[name] = np.zeros((1, int(kept['rows']), *value.shape[2:]), value.dtype)
            full[name][:, : value.shape[1]] = value
    return full


def result_file(plan: Plan, setup: Setup, cache_folder: Path) -> Path:
    """Return where the verdict on a plan lies."""
    return plan.set.folder(cache_folder) / 'results' / setup.key / f'{plan.name}.json'


def known_result(plan: Plan, setup: Setup, cache_folder: Path) -> dict[str, Any] | None:
    """Return the verdict on a plan that an earlier run came to, or None."""
    found: dict[str, Any] | None = read_json(result_file(plan, setup, cache_folder))
    return found


def run_one(task: tuple[Plan, Setup, Path]) -> tuple[Plan, dict[str, Any]]:
    """Replay the bag of a plan, judge it and keep the verdict. Raises CheckoutError for a model that does not fit."""
    plan, setup, cache_folder = task
    bag = bag_of(plan, cache_folder)
    memory = plan.set.folder(cache_folder) / 'networks' / setup.network / f'{plan.name}.npz'
    given = {node: dict(values) for node, values in setup.parameters.items()}
    given.setdefault(PERCEPTION, {}).update({'model.name': setup.model, 'model.runtime': setup.runtime})

    def perception(config: Any, catalogue: Catalogue) -> Any:
        pipeline = build_pipeline(config, catalogue)
        pipeline.detector.runtime = RememberingRuntime(pipeline.detector.runtime, memory)
        return pipeline

    with Recording(bag) as recording, tempfile.TemporaryDirectory(prefix='checkout-bench-') as name:
        own = start('camera', [], None, recording).parameters()
        settings = Settings(
            {node: {**own.get(node, {}), **given.get(node, {})} for node in {*own, *given}}, BuyerConfig(PATIENCE_S)
        )
        run_core(recording, settings, new_folder(Path(name)), make_perception=perception)
        truths = {stamp: read_truth(stamp, message) for stamp, message in recording.truths().items()}
        catalogue = shop(settings.cart(recording).catalogue)
        verdict = judge(*load_run(Path(name)), truths, catalogue, facts_of(plan, cache_folder))
    verdict = {'name': plan.name, 'bag': str(bag), **verdict}
    keep(result_file(plan, setup, cache_folder), json.dumps(verdict, indent=1).encode())
    return plan, verdict


def judge(
    facts: RunFacts, outputs: Outputs, truths: Mapping[int, TruthTick], catalogue: Catalogue, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Compare what was charged with what lay on the tray at the moment of payment.

    `known` are the facts beside the bag. Outcomes: `exact`; `wrong`; `asked`, a question had to be settled by staff or
    was open at the end; `unpaid`, the contents were not stable in time.
    """
    receipt = outputs.receipts[0] if outputs.receipts else None
    asked = next((int(stamp) for stamp, wish in facts.wishes if wish == 'approve'), None)
    first_due = min(stamp for stamp, tick in truths.items() if tick.payment_due)
    moment = asked if asked is not None else stamp_ns(receipt) if receipt is not None else max(truths)
    tick = truths[max(stamp for stamp in truths if stamp <= max(moment, first_due))]
    true = tick.on_tray()
    at_moment = [message for message in outputs.contents if stamp_ns(message) <= moment]
    last = at_moment[-1] if at_moment else None
    # The cart remembers a question for a while that the contents of this very tick do not ask any more.
    asking = [*at_moment[-1:], *(cart for cart in outputs.carts if asked is not None and stamp_ns(cart) == asked)]
    reasons = sorted({_REASONS[int(attention.reason)] for message in asking for attention in message.attentions})
    if asked is not None or receipt is None:
        seen = {str(line.sku): int(line.count) for line in last.lines} if last is not None else {}
        charged = None
    else:
        seen = {str(line.sku): int(line.count) for line in receipt.lines}
        charged = int(receipt.total.minor_units)
    if asked is not None or (receipt is None and reasons):
        outcome = 'asked'
    elif receipt is None:
        outcome, reasons = 'unpaid', ['NOT_STABLE']
    else:
        outcome = 'exact' if seen == true else 'wrong'
    unclear = sorted(item.sku for item in tick.items if item.on_tray and item.sold and not item.distinguishable)
    families = {p.sku: p.family for p in catalogue if p.family is not None}
    return {
        'bracket': known['bracket'],
        'items': len(known['skus']),
        'seed': known['seed'],
        'outcome': outcome,
        'apart': bool(unclear) and outcome == 'asked' and bool(APART & set(reasons)),
        'reasons': reasons,
        **_difference(true, seen, families),
        'unknown': 0 if last is None else sum(int(item.state) == _UNKNOWN for item in last.items),
        'foreign': tick.foreign(),
        'pointed_at': _pointed_at(asking, tick),
        'indistinguishable': unclear,
        'true': true,
        'seen': seen,
        'due_minor': sum(catalogue[sku].price.minor * count for sku, count in true.items()),
        'charged_minor': charged,
        'paid_s': (moment - EPOCH_NS) * 1e-9,
        'to_stable_ms': _to_stable(outputs, known['still_s']),
        'to_stable_seen_ms': _to_stable(outputs, known['seen_still_s']),
    }


def _pointed_at(asking: Sequence[Any], tick: TruthTick) -> list[int]:
    """Return the places, in the order of putting down, of the things that questions about one thing point at."""
    places = set()
    for attention in (one for message in asking for one in message.attentions):
        if _REASONS[int(attention.reason)] not in APART or not attention.box_known:
            continue
        camera, box = str(attention.camera), attention.box
        seen = [item for item in tick.items if item.on_tray and camera in item.boxes]
        overlaps = iou([[box.x_min, box.y_min, box.x_max, box.y_max]], [item.boxes[camera] for item in seen])[0]
        if seen and overlaps.max() >= _POINTED_IOU:
            places.add(seen[int(overlaps.argmax())].instance_id - 1)  # the simulator numbers from 1, in that order
    return sorted(places)


def _difference(true: Mapping[str, int], seen: Mapping[str, int], families: Mapping[str, str]) -> dict[str, Any]:
    """Return what was missed, what was invented, and what was taken for a member of its own family."""
    missed, extra = Counter(true) - Counter(seen), Counter(seen) - Counter(true)
    swapped = []
    for sku in sorted(missed.elements()):
        twin = next((o for o in sorted(extra) if extra[o] > 0 and families.get(o, o) == families.get(sku, '')), None)
        if twin is not None:
            swapped.append([sku, twin])
            missed[sku] -= 1
            extra[twin] -= 1
    return {'missed': sorted(missed.elements()), 'extra': sorted(extra.elements()), 'swapped': swapped}


def _to_stable(outputs: Outputs, still_s: float) -> float | None:
    """Return the time (ms, in stamps) from the last movement to the first STABLE contents, None when none came."""
    still_ns = EPOCH_NS + round(still_s * 1e9)
    stable = (stamp_ns(m) for m in outputs.contents if stamp_ns(m) >= still_ns and int(m.state) == _STABLE)
    first = next(stable, None)
    return None if first is None else (first - still_ns) / 1e6
