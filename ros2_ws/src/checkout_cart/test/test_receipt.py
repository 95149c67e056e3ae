"""Receipts: the same numbers in every form, columns that hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_cart.inputs import Correct, Operation
from checkout_cart.receipt import WIDTH, Receipt, ReceiptLine, columns, number_of, render

WIDTHS = [
    ('abc', 3, 'Latin letters'),
    ('한글', 4, 'Hangul syllables take two'),
    ('콜라 500ml', 10, 'mixed'),
    ('\u1112\u1161\u11ab', 2, 'conjoining jamo are one syllable'),
    ('ﾊﾝｶｸ', 4, 'half-width katakana take one'),
    ('ＡＢ', 4, 'full-width letters take two'),
    ('e\u0301', 1, 'a combining accent takes none'),
    ('₩1,000', 6, 'the won sign takes one'),
    ('', 0, 'nothing'),
]


@pytest.mark.parametrize(('text', 'width', 'case'), WIDTHS, ids=[case[-1] for case in WIDTHS])
def test_columns(text, width, case):
    assert columns(text) == width


def receipt(**values):
    lines = (
        ReceiptLine('cola', '한모금 콜라', 'Sip Cola', '8800000000016', 3, 1500, 1500, '2+1', 3000),
        ReceiptLine('apple', '햇사과', 'Apple', '8800000000047', 1, 1200, 0, '', 1200),
    )
    base = Receipt(
        number=number_of(42), sequence=42, station='station_1', session=3, stamp_ns=1_790_000_000_000_000_000,
        method='card', reference='SIM-000007', currency='KRW', lines=lines, total=4200, tax=273, discount=1500,
        exempt=1200, nickname='', notes=(), store_ko='스마트 셀프계산대', store_en='Smart Checkout', utc_offset_min=540,
    )  # fmt: skip
    return replace(base, **values)


KOREAN = """\
            스마트 셀프계산대
                  영수증
------------------------------------------
거래번호                          00000042
일시                   2026-09-21 23:13:20
계산대                           station_1
------------------------------------------
상품명              단가  수량        금액
------------------------------------------
한모금 콜라
                   1,500     3       4,500
  할인 2+1                          -1,500
햇사과
                   1,200     1       1,200
------------------------------------------
할인 합계                            1,500
과세 물품가액                        2,727
부가세                                 273
면세 물품가액                        1,200
합계 (부가세 포함)                 4,200원
------------------------------------------
결제 방법                    신용/체크카드
승인번호                        SIM-000007
------------------------------------------
     감사합니다. 좋은 하루 보내세요!
"""


def test_korean_receipt_as_it_is_printed():
    assert render(receipt(), 'ko') == KOREAN


def test_english_receipt_says_the_same():
    text = render(receipt(), 'en')
    for words in ('Sip Cola', 'VAT ', '273', 'Total (VAT included)', '₩4,200', 'Card', 'SIM-000007', 'You saved'):
        assert words in text


@pytest.mark.parametrize('language', ['ko', 'en'])
def test_sums_on_paper_add_up(language):
    made = receipt()
    numbers = [int(n.replace(',', '')) for n in re.findall(r'(?<=\s)-?[\d,]+(?=\n|원)', render(made, language))]
    assert made.total - made.exempt - made.tax in numbers
    assert sum(line.total for line in made.lines) == made.total


def test_simulated_time_is_called_so():
    assert '모의 시각 12.300 s' in render(receipt(stamp_ns=12_300_000_000))


names = st.text(st.characters(codec='utf-8', exclude_categories=('Cc', 'Cs', 'Zl', 'Zp')), max_size=90)


@given(names, st.lists(names, max_size=3), st.integers(0, 10**9), st.integers(1, 99), st.sampled_from(('ko', 'en')))
def test_no_line_is_wider_than_the_paper(name, notes, price, count, language):
    line = ReceiptLine('x', name, name, '', count, price, price, name, price * count)
    text = render(receipt(lines=(line,), notes=tuple(notes), nickname=name, reference=name, station=name), language)
    assert max(columns(row) for row in text.split('\n')) <= WIDTH


def test_long_names_are_broken_at_spaces():
    line = ReceiptLine('x', '아주 긴 이름의 상품 ' * 5, 'x', '', 1, 100, 0, '', 100)
    rows = render(receipt(lines=(line,)), 'ko').split('\n')
    assert sum('아주' in row for row in rows) >= 2
    assert ''.join(rows).replace(' ', '').count('아주긴이름의상품') == 5


def test_receipt_of_a_purchase(shop):
    pipeline = shop.pipeline(station='kiosk_7')
    pipeline.on_contents(shop.see(1, cola=1, apple=2))
    pipeline.on_service(Correct(Operation.ADD, 'water', operator_id='kim', reason='under the apple'))
    answer = shop.buy(pipeline)[-1]
    made = answer.receipts[0]
    assert (made.total, made.exempt, made.tax) == (4700, 2400, 209)
    assert made.number == number_of(made.sequence) == answer.reply.receipt == answer.cart.last_receipt
    assert made.sequence == answer.events[-1].sequence
    assert made.notes == ('kim: 1 x water added (under the apple)',)
    assert made.station == 'kiosk_7'
    data = made.to_json()
    assert json.loads(json.dumps(data)) == data
    assert sum(line['total'] for line in data['lines']) == data['total'] == pipeline.cart.total.minor


def test_receipt_keeps_the_name_of_the_shop(shop):
    from checkout_cart.replay import replay

    first = shop.pipeline(receipt__store_ko='옛 가게')
    first.on_contents(shop.see(1, cola=1))
    shop.buy(first)
    shop.close(first)
    second = shop.pipeline(receipt__store_ko='새 가게')
    assert replay(second.journal).receipts[0].store_ko == '옛 가게'
