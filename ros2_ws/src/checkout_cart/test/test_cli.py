"""`checkout cart`: what it prints, what it writes, and one sentence for every mistake."""

from __future__ import annotations

import json

import pytest

from checkout_cart.cli import main
from checkout_cart.receipt import render


@pytest.fixture
def sold(shop):
    """Give a journal with two receipts, an unpaid session and an open one."""
    pipeline = shop.pipeline()
    for number, second in enumerate((1, 3), 1):
        pipeline.on_contents(shop.see(second, cola=number))
        shop.buy(pipeline, f'key-{number}')
        pipeline.on_contents(shop.see(second + 1))
    pipeline.on_contents(shop.see(5, water=1))
    pipeline.on_contents(shop.see(6))
    pipeline.on_contents(shop.see(7, apple=3))
    return pipeline


def test_show_lists_every_session(sold, shop, capsys):
    assert main(['show', str(shop.journal_path)]) == 0
    out = capsys.readouterr().out
    assert 'station_1-000001  receipt ' in out
    assert 'station_1-000003  not paid' in out
    assert '햇사과' in out
    assert out.rstrip().endswith(f'station_1: SCANNING, revision {sold.cart.revision}')


def test_show_one_session_with_its_entries(sold, shop, capsys):
    assert main(['show', str(shop.journal_path), '--session', '2']) == 0
    out = capsys.readouterr().out
    assert 'PAYMENT_ACCEPTED' in out
    assert 'station_1-000001' not in out


def test_json_holds_carts_events_and_sums(sold, shop, tmp_path, capsys):
    assert main(['show', str(shop.journal_path), '--json', str(tmp_path / 'report.json')]) == 0
    report = json.loads((tmp_path / 'report.json').read_text(encoding='utf-8'))
    assert [session['cart']['total'] for session in report['sessions']] == [1500, 3000, 0, 3600]
    assert report['cart']['total'] == 3600
    kinds = [event['kind'] for event in report['sessions'][0]['events']]
    assert kinds[0] == 'SESSION_STARTED'
    assert kinds[-1] == 'SESSION_ENDED'


@pytest.mark.parametrize('language', ['ko', 'en'])
def test_receipt_is_printed_again(sold, shop, capsys, language):
    from checkout_cart.replay import replay

    receipts = replay(sold.journal).receipts
    assert main(['receipt', str(shop.journal_path), '--language', language]) == 0
    assert capsys.readouterr().out == render(receipts[-1], language)
    number = receipts[0].number
    for written in (number, number.lstrip('0')):
        assert main(['receipt', str(shop.journal_path), '--number', written, '--language', language]) == 0
        assert capsys.readouterr().out == render(receipts[0], language)


def test_receipt_as_json(sold, shop, tmp_path, capsys):
    assert main(['receipt', str(shop.journal_path), '--json', str(tmp_path / 'r.json')]) == 0
    assert json.loads((tmp_path / 'r.json').read_text(encoding='utf-8'))['total'] == 3000


def test_journal_without_a_session(shop, capsys):
    shop.pipeline()
    assert main(['show', str(shop.journal_path)]) == 0
    assert 'No session' in capsys.readouterr().out


MISTAKES = [
    (['show', '{folder}/missing'], 'There is no journal', 'no such file'),
    (['receipt', '{journal}', '--number', '999'], 'There is no receipt 999', 'no such receipt'),
    (['show', '{journal}', '--session', '99'], 'There is no session 99', 'no such session'),
    (['show', '{journal}', '--json', '{folder}/none/x.json'], 'cannot be written', 'a folder that is not there'),
]


@pytest.mark.parametrize(('args', 'words', 'case'), MISTAKES, ids=[case[-1] for case in MISTAKES])
def test_mistakes_are_one_sentence_and_exit_with_2(sold, shop, tmp_path, capsys, args, words, case):
    filled = [arg.format(folder=tmp_path, journal=shop.journal_path) for arg in args]
    assert main(filled) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.startswith('checkout cart: ')
    assert error.count('\n') == 1


def test_receipt_of_a_journal_without_any(shop, capsys):
    shop.pipeline()
    assert main(['receipt', str(shop.journal_path)]) == 2
    assert 'nothing was paid' in capsys.readouterr().err


@pytest.mark.parametrize('args', [['--help'], ['show', '--help'], ['receipt', '--help'], ['bench', '--help']])
def test_help(args, capsys):
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 0
    assert 'usage: checkout cart' in capsys.readouterr().out


def test_bench_measures_and_writes(shop, tmp_path, capsys, monkeypatch):
    from checkout_cart import bench

    monkeypatch.setattr(bench, 'load_catalogue', lambda _path: shop.catalogue)
    assert main(['bench', '--inputs', '20', '--json', str(tmp_path / 'b.json')]) == 0
    report = json.loads((tmp_path / 'b.json').read_text(encoding='utf-8'))
    assert set(report) == {'unchanged', 'changed', 'purchase', 'replay'}
    assert report['unchanged']['n'] == 20
    assert report['replay']['events'] > 0
    assert 'unchanged' in capsys.readouterr().out
