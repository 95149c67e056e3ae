"""Reports: the verdict in words, files that fit their schemas, a page that needs no network."""

import json
import re
from xml.etree import ElementTree

import pytest

from checkout_core.errors import CheckoutError
from checkout_harness.cli import evaluate_main, replay_main
from checkout_harness.report import analyse
from checkout_harness.report.build import schema, validate
from checkout_harness.testing import Drawn, draw_bag


@pytest.fixture
def reported(replay, drawn_bag, tmp_path):
    """Return a function that replays, analyses and gives (report, folder)."""

    def run(bag=drawn_bag, **options):
        folder = tmp_path / 'report'
        replay(bag, folder=folder, **options)
        return analyse(folder), folder

    return run


def test_the_verdict_of_a_right_run(reported):
    report, folder = reported()
    assert report['verdict']['passed'] is True
    assert re.fullmatch(r'Right: 2 items, ₩[\d,]+ charged exactly\.', report['verdict']['sentence'])
    passed = {check['name']: check['passed'] for check in report['verdict']['checks']}
    assert passed.pop('identity') is passed.pop('liveness') is None, 'not in this bag'
    assert all(passed.values())
    assert report['wrong'] == []
    suite = ElementTree.parse(folder / 'junit.xml').getroot().find('testsuite')
    assert (suite.get('tests'), suite.get('failures'), suite.get('skipped')) == ('7', '0', '2')


def test_the_verdict_of_a_wrong_run_names_product_and_money(reported, plan, catalogue, tmp_path):
    first, _, third = plan
    # Without the scale, which would notice.
    report, folder = reported(draw_bag(tmp_path / 'b.mcap', plan, weight=False), wrong={first.sku: third.sku})
    verdict = report['verdict']
    difference = catalogue[first.sku].price.minor - catalogue[third.sku].price.minor
    word = 'Undercharged' if difference > 0 else 'Overcharged'
    assert (verdict['passed'], verdict['sentence']) == (False, f'{word} by ₩{abs(difference):,}.')
    assert f'{catalogue[first.sku].name_en} 0 instead of 1' in verdict['detail']
    assert [(group['count'], group['at_rest']) for group in report['wrong']] == [(37, True)]
    suite = ElementTree.parse(folder / 'junit.xml').getroot().find('testsuite')
    assert suite.get('failures') == '3'
    page = (folder / 'report.html').read_text()
    assert '37 of 40 pictures were wrong' in page
    large, _, small = page.partition('<details><summary>The other 36</summary>')
    assert large.count('<figure>') == 2, 'one for all that are wrong alike, one of the moment of payment'
    assert small.count('<figure>') == 36, 'every other wrong picture'
    assert len(page) < 3_000_000


def test_a_stranger_that_was_handed_over_passes(reported, plan, tmp_path):
    bag = draw_bag(tmp_path / 'stranger.mcap', [plan[0], Drawn('STRANGER_1', 420, 200, 1.0)], weight=False)
    report, _ = reported(bag)
    assert report['verdict']['passed'] is True
    assert report['verdict']['sentence'] == 'Handed to a person, as it had to be.'


def test_a_needless_question_fails(reported, plan):
    report, _ = reported(wrong={plan[0].sku: 'UNKNOWN'})
    assert (report['verdict']['passed'], report['verdict']['sentence']) == (False, 'Handed to a person without need.')


def test_without_payment_nothing_is_judged(reported, plan, tmp_path):
    report, folder = reported(draw_bag(tmp_path / 'stay.mcap', plan, pay_s=None))
    assert (report['verdict']['passed'], report['verdict']['sentence']) == (None, 'Nobody pays in this bag.')
    assert 'NOT JUDGED' in (folder / 'report.html').read_text()


def test_the_page_needs_nothing_from_outside_and_escapes_what_it_shows(reported, plan, tmp_path):
    _, folder = reported(draw_bag(tmp_path / '<b>&"x".mcap', plan))
    page = (folder / 'report.html').read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert not re.search(r'https?://', page.replace('http://www.w3.org', ''))
    assert '<script' not in page
    assert '<b>&"x"' not in page
    assert '&lt;b&gt;&amp;&quot;x&quot;.mcap' in page
    assert 'name="viewport"' in page


def test_the_schema_is_strict(reported):
    report, _ = reported()
    validate(report)
    for break_it in (
        lambda r: r.pop('result_hash'),
        lambda r: r['verdict'].pop('sentence'),
        lambda r: r['run'].update(lane='fast'),
        lambda r: r['metrics']['answers'].update(lost=-1),
        lambda r: r['metrics']['checkout']['right'].update(value=1.5),
        lambda r: r.update(more=1),
    ):
        broken = json.loads(json.dumps(report))
        break_it(broken)
        with pytest.raises(CheckoutError, match='does not fit its schema'):
            validate(broken)
    assert schema()['properties']['schema']['const'] == report['schema']


def test_the_analysis_can_be_repeated_alone(reported, capsys, tmp_path):
    report, folder = reported()
    before = (folder / 'report.html').read_text()
    assert evaluate_main([str(folder), '--json', str(tmp_path / 'again.json')]) == 0
    assert 'PASS  Right: 2 items' in capsys.readouterr().out
    assert json.loads((tmp_path / 'again.json').read_text()) == report
    assert (folder / 'report.html').read_text() == before


def test_the_analysis_wants_the_bag_that_was_replayed(reported, plan, tmp_path):
    _, folder = reported()
    other = draw_bag(tmp_path / 'other.mcap', plan[:1])
    with pytest.raises(CheckoutError, match='is not the bag that was replayed'):
        analyse(folder, other)
    with pytest.raises(CheckoutError, match='is no folder of a run'):
        analyse(tmp_path)


def test_the_command_replays_and_compares_runs(drawn_bag, tmp_path, capsys):
    """With the shipped network, which knows no squares: what counts is that all runs say the same."""
    code = replay_main([str(drawn_bag), '--runs', '2', '--report', str(tmp_path / 'r'), '--json', str(tmp_path / 'j')])
    out = capsys.readouterr().out
    assert code == 0
    assert 'PASS  2 runs: all runs gave one result' in out
    assert json.loads((tmp_path / 'j').read_text())['run']['complete']


def test_a_part_of_a_bag_is_replayed_in_the_core_lane_too(drawn_bag, tmp_path, capsys):
    where = [
        '--report',
        str(tmp_path / 'r'),
        '--json',
        str(tmp_path / 'j'),
        '--set',
        'tray_perception.model.runtime=fake',
    ]
    assert replay_main([str(drawn_bag), '--start', '1', '--duration', '2', '--loop', '2', *where]) == 0
    assert json.loads((tmp_path / 'j').read_text())['run']['steps'] == 2 * 10


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['none.mcap'], 'There is no bag none.mcap'),
        (['{bag}', '--lane', 'graph'], 'needs nodes'),
        (['{bag}', '--faults', 'rain'], "no fault scenario 'rain'"),
        (['{bag}', '--faults', 'perception_killed'], 'replay them with --lane graph'),
        (['{bag}', '--set', 'cart.x=1'], "cart has no parameter 'x'"),
        (['{bag}', '--rate', '2'], '--rate belongs to the recorded pace; add --lane realtime'),
        (['{bag}', '--without', 'tray/weight'], '--without belongs to the recorded pace'),
    ],
)
def test_a_mistake_is_said_in_one_sentence(drawn_bag, tmp_path, arguments, words):
    given = [argument.format(bag=drawn_bag) for argument in arguments]
    with pytest.raises(CheckoutError, match=words):
        replay_main([*given, '--report', str(tmp_path / 'r')])
