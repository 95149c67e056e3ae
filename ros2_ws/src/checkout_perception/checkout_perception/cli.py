"""The console command `checkout train`: train a detector, export it, measure it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from checkout_core.errors import CheckoutError
from checkout_core.files import write_json
from checkout_perception.detector import TrayDetector
from checkout_perception.open_set import UnweighedConfig, without_scale
from checkout_perception.training.settings import TrainConfig

__all__ = ['main']


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand and return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CheckoutError as error:
        print(f'checkout train: {error}', file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='checkout train', description='Train, export and measure detectors.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    train = commands.add_parser('detector', help='train the tray detector on a data set', description=_train.__doc__)
    train.add_argument(
        '--data', type=Path, required=True, help='folder of the data set (annotations/train.json, val.json)'
    )
    train.add_argument('--out', type=Path, required=True, help='folder for checkpoint, history and curves')
    usual = TrainConfig()
    budget = train.add_mutually_exclusive_group()
    budget.add_argument(
        '--minutes',
        type=float,
        default=usual.minutes,
        help='wall time of the whole run, resumed parts included (default %(default)g)',
    )
    budget.add_argument('--epochs', type=int, help='passes over the training pictures')
    train.add_argument('--resume', action='store_true', help='go on from the checkpoint in --out')
    train.add_argument(
        '--begin-with',
        type=Path,
        metavar='FILE',
        help='checkpoint of another run to begin with; the new network may have more blocks',
    )
    train.add_argument(
        '--depths',
        default=','.join(map(str, usual.depths)),
        metavar='N,N,N,N',
        help='blocks at stride 4, 8, 16 and 32 (default %(default)s)',
    )
    train.add_argument(
        '--class-depth',
        type=int,
        default=usual.class_depth,
        metavar='N',
        help='blocks of the class branch (default %(default)s)',
    )
    train.add_argument(
        '--box-depth',
        type=int,
        default=usual.box_depth,
        metavar='N',
        help='dense convolutions of the box branch (default %(default)s)',
    )
    train.add_argument(
        '--relation',
        type=int,
        default=usual.relation,
        metavar='N',
        help='layers in which the candidates of a picture look at one another, 0 for none (default %(default)s)',
    )
    train.add_argument(
        '--learning-rate',
        type=float,
        default=usual.learning_rate,
        help='peak of the learning rate (default %(default)g)',
    )
    train.add_argument(
        '--small-share',
        type=float,
        default=usual.small_share,
        metavar='SHARE',
        help='share of the budget that is spent on pictures of three quarters the size (default %(default)g); 0 for a '
        'run that begins with trained weights',
    )
    train.add_argument('--seed', type=int, default=usual.seed)
    train.add_argument(
        '--batch', type=int, default=usual.batch, help='pictures a step, shared by all processes (default %(default)s)'
    )
    train.add_argument(
        '--precision',
        choices=('float32', 'bfloat16'),
        default=usual.precision,
        help='what the network computes in while it learns; bfloat16 is faster where lscpu names it '
        '(default %(default)s)',
    )
    train.add_argument(
        '--processes', type=int, default=usual.processes, help='processes, one a free core (default %(default)s)'
    )
    train.add_argument(
        '--threads', type=int, default=usual.threads, help='threads of torch a process (default %(default)s)'
    )
    train.add_argument(
        '--size',
        default=f'{usual.width}x{usual.height}',
        help="size of the network's input (default %(default)s)",
    )
    train.set_defaults(run=_train)

    export = commands.add_parser(
        'export', help='write the model and its card from a checkpoint', description=_export.__doc__
    )
    export.add_argument('--run', dest='folder', type=Path, required=True, help='folder of the training run')
    export.add_argument('--data', type=Path, required=True, help='the data set; limits are fixed on its val split')
    export.add_argument(
        '--out', type=Path, required=True, help="folder of the model, such as models/NAME; its name is the model's"
    )
    export.add_argument('--seed', type=int, default=0)
    export.add_argument('--note', default='', help='a sentence for the card')
    _add_doubt(export)
    export.set_defaults(run=_export)

    limits = commands.add_parser('limits', help='fix the limits of a trained model again', description=_limits.__doc__)
    limits.add_argument('--model', required=True, help='name of a model under models/, or its folder')
    limits.add_argument('--data', type=Path, required=True, help='the data set; limits are fixed on its val split')
    _add_doubt(limits)
    limits.add_argument(
        '--usual-alone', action='store_true', help='keep all limits; measure what distance from the product is usual'
    )
    limits.set_defaults(run=_limits)

    evaluate = commands.add_parser('evaluate', help='measure a model on a split', description=_evaluate.__doc__)
    evaluate.add_argument('--model', required=True, help='name of a model under models/, or its folder')
    evaluate.add_argument('--data', type=Path, required=True)
    evaluate.add_argument('--split', choices=('train', 'val', 'test'), default='test')
    evaluate.add_argument('--runtime', default='onnxruntime')
    evaluate.add_argument('--without-scale', action='store_true', help='the stricter rule of a station without a scale')
    evaluate.add_argument('--json', type=Path, metavar='FILE', help='write all figures to FILE')
    evaluate.add_argument(
        '--record', action='store_true', help='write the figures of the test split into the model card'
    )
    evaluate.set_defaults(run=_evaluate)
    return parser


def _add_doubt(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        '--doubted-from',
        type=float,
        metavar='SCORE',
        help='score of the unknown class from which nothing is sold, where whole checkouts of the split val chose it '
        '(scripts/bench accuracy); else it is chosen by the pictures',
    )


def _train(arguments: argparse.Namespace) -> int:
    """Train the tray detector. Seeded; ends on time; a run that was stopped goes on with --resume."""
    module = _with_torch('checkout_perception.training.train')
    width, height = _size(arguments.size)
    config = TrainConfig(
        minutes=0.0 if arguments.epochs else arguments.minutes,
        epochs=arguments.epochs or 0,
        seed=arguments.seed,
        batch=arguments.batch,
        processes=arguments.processes,
        precision=arguments.precision,
        threads=arguments.threads,
        depths=_numbers(arguments.depths),
        class_depth=arguments.class_depth,
        box_depth=arguments.box_depth,
        relation=arguments.relation,
        learning_rate=arguments.learning_rate,
        small_share=arguments.small_share,
        width=width,
        height=height,
    )
    if arguments.resume and arguments.begin_with is not None:
        raise CheckoutError('--resume goes on with the checkpoint in --out; leave out --begin-with.')
    path = module.train(
        arguments.data, arguments.out, config, resume=arguments.resume, begin=arguments.begin_with, say=_say
    )
    _say(
        f'checkpoint {path}; next: '
        f'checkout train export --run {arguments.out} --data {arguments.data} --out models/NAME'
    )
    return 0


def _export(arguments: argparse.Namespace) -> int:
    """Write models/NAME/NAME.onnx and its card. Limits of the open-set rule are fixed on the val split."""
    module = _with_torch('checkout_perception.training.ship')
    card = module.ship(
        arguments.folder,
        arguments.data,
        arguments.out,
        seed=arguments.seed,
        note=arguments.note,
        doubted_from=arguments.doubted_from,
        say=_say,
    )
    _say(f'wrote {card}')
    return 0


def _limits(arguments: argparse.Namespace) -> int:
    """Fix the limits of the open-set rule on the val split and write them into the card; the weights stay.

    Figures of test pictures that stand in the card are removed: they were those of other limits.
    """
    from checkout_perception.training.calibrate import calibrate, usual
    from checkout_perception.training.card import record_limits, record_usual
    from checkout_perception.training.data import load_split
    from checkout_perception.training.evaluate import observe, report

    if arguments.usual_alone and arguments.doubted_from is not None:
        raise CheckoutError('--usual-alone changes no limit; leave out --doubted-from.')
    detector = TrayDetector.load(arguments.model)
    split = load_split(arguments.data, 'val', detector.rule.names)
    observed = observe(detector, split, _progress())
    if arguments.usual_alone:
        record_usual(detector.card.directory, replace(detector.rule, usual=usual(observed, detector.rule)))
        _say(f'wrote {detector.card.directory / "model.yaml"}, from {len(observed)} pictures')
        return 0
    detector.rule = calibrate(observed, detector.rule.names, detector.rule.unknown, doubted_from=arguments.doubted_from)
    figures = report(detector, observed)
    print(_summary(figures))
    record_limits(detector.card.directory, detector.rule, figures)
    _say(f'wrote {detector.card.directory / "model.yaml"}')
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """Measure a model: exact baskets by number of items, average precision, strangers.

    The limits of the open-set rule are those of its card.
    """
    from checkout_perception.training.data import load_split
    from checkout_perception.training.evaluate import observe, report

    if arguments.record and arguments.split != 'test':
        raise CheckoutError('--record writes the figures of the test split; add --split test.')
    if arguments.record and arguments.without_scale:
        raise CheckoutError("--record writes what the card's own limits give; leave out --without-scale.")
    detector = TrayDetector.load(arguments.model, runtime=arguments.runtime)
    if arguments.without_scale:
        detector.rule = without_scale(detector.rule, UnweighedConfig())
    split = load_split(arguments.data, arguments.split, detector.rule.names)
    figures = report(detector, observe(detector, split, _progress()))
    print(_summary(figures))
    write_json(arguments.json, figures)
    if arguments.record:
        from checkout_perception.training.card import record_test_figures

        record_test_figures(detector.card.directory, figures)
        _say(f'recorded in {detector.card.directory / "model.yaml"}')
    return 0


def _with_torch(name: str) -> ModuleType:
    """Import a module that needs torch. Raises CheckoutError when torch is not installed."""
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split('.')[0] != 'torch':
            raise
        raise CheckoutError('Training needs torch; run scripts/bootstrap --with train.') from error


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(','))
    except ValueError:
        raise CheckoutError(f"--depths is four whole numbers such as 1,2,2,2, not '{text}'.") from None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit()):
        raise CheckoutError(f"--size is WIDTHxHEIGHT, such as 512x384, not '{text}'.")
    return int(width), int(height)


def _say(text: str) -> None:
    print(text, flush=True)


def _progress() -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if sys.stderr.isatty() and (done % 20 == 0 or done == total):
            print(f'\r{done}/{total} pictures', end='\n' if done == total else '', file=sys.stderr, flush=True)

    return show


def _summary(figures: dict[str, Any]) -> str:
    def line(name: str, entry: dict[str, Any]) -> str:
        if entry['value'] is None:
            return f'{name:34} not measured'
        counts = f'{entry["k"]}/{entry["n"]}' if 'k' in entry else f'n={entry["n"]}'
        low, high = entry['low'], entry['high']
        interval = '' if low is None or high is None else f' [{low:.3f}, {high:.3f}]'
        return f'{name:34} {entry["value"]:.4f}{interval} ({counts})'

    rows = [
        f'{figures["model"]} {figures["model_sha256"][:12]} on {figures["runtime"]}, {figures["pictures"]} pictures'
    ]
    rows += [line(f'exact baskets, {span} items', entry) for span, entry in figures['exact_by_items'].items()]
    rows.append(line('exact baskets, no stranger there', figures['exact_without_strangers']))
    rows += [line(name, figures['baskets'][name]) for name in ('exact_baskets', 'acd', 'mccd', 'mciou')]
    rows += [line(name, figures['detection'][name]) for name in ('map50', 'map50_95')]
    rows += [line(f'strangers: {name.replace("_", " ")}', entry) for name, entry in figures['strangers'].items()]
    missed = figures['errors']['missed_by_visible_fraction']
    rows += [line(f'missed, {span} visible', entry) for span, entry in missed.items()]
    rows.append(f'invented: {figures["errors"]["invented"] or "none"}')
    rows.append(f'confused: {figures["errors"]["confused"] or "none"}')
    return '\n'.join(rows)


if __name__ == '__main__':
    sys.exit(main())
