"""`checkout cart`: look into a journal, which is only read, also while a cart writes it; and measure the cart."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkout_cart.config import JournalConfig
from checkout_cart.events import CartEvent, Kind
from checkout_cart.journal import Journal
from checkout_cart.locks import NOTHING_SEEN
from checkout_cart.receipt import columns, render
from checkout_cart.replay import receipt_of, steps
from checkout_cart.snapshot import CartSnapshot, session_name, snapshot
from checkout_cart.state import CartState
from checkout_core import data
from checkout_core.errors import CheckoutError

__all__ = ['main']


def main(argv: Sequence[str] | None = None) -> int:
    """Run `checkout cart ARGS...` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog='checkout cart', description='Rebuild carts and receipts from a journal alone, without the shop around it.'
    )
    commands = parser.add_subparsers(dest='command', required=True)
    show = commands.add_parser('show', help='the sessions, their carts and what happened in them')
    show.add_argument('--session', type=int, default=0, metavar='N', help='only this session, with every entry')
    show.set_defaults(run=_show)
    receipt = commands.add_parser('receipt', help='print a receipt again')
    receipt.add_argument('--number', type=int, metavar='N', help='with or without zeros (default: the last)')
    receipt.add_argument('--language', choices=('ko', 'en'), default='ko', help='default: ko')
    receipt.set_defaults(run=_receipt)
    bench = commands.add_parser('bench', help='measure how long answers take')
    bench.add_argument('--inputs', type=int, default=2000, metavar='N', help='answers to measure (default: 2000)')
    bench.add_argument('--json', type=Path, metavar='FILE', help='write it as JSON too')
    for command in (show, receipt):
        command.add_argument(
            'journal', nargs='?', metavar='JOURNAL', help=f'default: {JournalConfig().path} of the data root'
        )
        command.add_argument('--json', type=Path, metavar='FILE', help='write it as JSON too')
    args = parser.parse_args(argv)
    try:
        if args.command == 'bench':
            report = _bench(args.inputs)
        else:
            path = Path(args.journal) if args.journal else data.path(JournalConfig().path)
            with Journal(path) as journal:
                report = args.run(journal, args)
        if args.json is not None:
            _write(args.json, report)
    except CheckoutError as error:
        print(f'checkout cart: {error}', file=sys.stderr)
        return 2
    return 0


def _show(journal: Journal, args: argparse.Namespace) -> dict[str, Any]:
    carts: dict[int, CartState] = {}
    events: dict[int, list[CartEvent]] = {}
    state = CartState()
    for event, after in steps(journal):
        if event.session:
            events.setdefault(event.session, []).append(event)
            if event.kind is not Kind.SESSION_ENDED:
                carts[event.session] = after
        state = after
    if args.session and args.session not in carts:
        raise CheckoutError(f'There is no session {args.session} in {journal.path}; there are {len(carts)}.')
    chosen = [args.session] if args.session else sorted(carts)
    sessions = [_session(journal, carts[number], events[number]) for number in chosen]
    if not sessions:
        print(f'No session in {journal.path}.')
    for number, session in zip(chosen, sessions, strict=True):
        _print_session(session)
        if args.session:
            for event in events[number]:
                print('   ', _event_line(event))
    now = _cart(journal, state)
    print(f'{journal.meta.station}: {now.phase.name}, revision {now.revision}')
    meta = {'station': journal.meta.station, 'currency': journal.meta.currency}
    return {**meta, 'cart': now.to_json(), 'sessions': sessions}


def _session(journal: Journal, state: CartState, events: Sequence[CartEvent]) -> dict[str, Any]:
    """Return the cart as it was at the end of a session, how that ended, and its entries."""
    ends = [event.detail for event in events if event.kind is Kind.SESSION_ENDED]
    return {
        'session': session_name(journal.meta.station, events[0].session),
        'ended': ends[-1] if ends else '',
        'cart': _cart(journal, state).to_json(),
        'events': [event.to_json() for event in events],
    }


def _cart(journal: Journal, state: CartState) -> CartSnapshot:
    return snapshot(state, NOTHING_SEEN, station=journal.meta.station, currency=journal.meta.currency)


def _print_session(session: dict[str, Any]) -> None:
    cart = session['cart']
    paid = f'receipt {cart["last_receipt"]}' if cart['payment_state'] == 'ACCEPTED' else 'not paid'
    print(f'{session["session"]}  {paid}  {cart["total"]:,} {cart["currency"]}  {session["ended"] or "open"}')
    for line in cart['lines']:
        name = line['name_ko']
        print(f'    {name}{" " * max(1, 32 - columns(name))}{line["count"]:>3} {line["total"]:>10,}')


def _event_line(event: CartEvent) -> str:
    parts = [f'{event.sequence:>6}', f'{event.stamp_ns / 1e9:>14.3f} s', f'{event.kind.name:<20}', event.source.name]
    if event.sku:
        parts.append(f'{event.sku} {event.delta:+d}')
    if event.amount:
        parts.append(f'{event.amount:,}')
    return '  '.join(part for part in (*parts, event.reference, event.detail) if part)


def _receipt(journal: Journal, args: argparse.Namespace) -> dict[str, Any]:
    last = receipt_of(journal)
    if last is None:
        raise CheckoutError(f'There is no receipt in {journal.path}; nothing was paid.')
    found = receipt_of(journal, args.number) if args.number else last
    if found is None or args.number not in (None, found.sequence):
        raise CheckoutError(f'There is no receipt {args.number} in {journal.path}; the last one is {last.number}.')
    print(render(found, args.language), end='')
    return found.to_json()


def _bench(inputs: int) -> dict[str, Any]:
    from checkout_cart.bench import measure  # here, so that the other commands need not load numpy

    if inputs < 1:
        raise CheckoutError('--inputs must be at least 1.')
    report = measure(inputs)
    for name in ('unchanged', 'changed', 'purchase'):
        row = report[name]
        figures = '  '.join(f'{key} {row[key]:.3f}' for key in ('p50', 'p95', 'p99', 'max'))
        print(f'{name:<10} {figures} ms  (n={row["n"]})')
    print(f'replay     {report["replay"]["events_per_s"]:,} events/s  (n={report["replay"]["events"]})')
    return report


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise CheckoutError(f'{path} cannot be written ({error.strerror}); name another file.') from error
