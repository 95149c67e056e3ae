"""The order of inputs does not depend on the order of their arrival."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checkout_cart.watermark import Verdict, Watermark

CONTENTS, FACES = 'contents', 'identities'


def both(max_lag=50, clock_step=1000):
    return Watermark((CONTENTS, FACES), max_lag_ns=max_lag, clock_step_ns=clock_step)


def alone(max_lag=50, clock_step=1000):
    return Watermark((CONTENTS,), max_lag_ns=max_lag, clock_step_ns=clock_step)


def feed(mark, *inputs):
    """Offer (kind, stamp) pairs and return what came out, in order."""
    return [item for kind, stamp in inputs for item in mark.offer(kind, stamp, (kind, stamp)).ready]


def test_alone_an_input_comes_out_at_once():
    mark = alone()
    assert feed(mark, (CONTENTS, 1)) == [(CONTENTS, 1)]
    assert mark.waiting == 0


def test_an_input_waits_for_the_other_kind():
    mark = both()
    assert feed(mark, (CONTENTS, 10)) == []
    assert feed(mark, (FACES, 9)) == [(FACES, 9)]
    assert feed(mark, (FACES, 10)) == [(CONTENTS, 10), (FACES, 10)]


def test_one_stamp_is_ordered_by_rank():
    assert feed(both(), (FACES, 10), (CONTENTS, 10)) == [(CONTENTS, 10), (FACES, 10)]


def test_a_silent_kind_holds_up_for_the_lag_and_no_longer():
    mark = both(max_lag=50)
    assert feed(mark, (FACES, 100), (CONTENTS, 110)) == [(FACES, 100)]
    assert feed(mark, (CONTENTS, 159)) == []
    assert feed(mark, (CONTENTS, 160)) == [(CONTENTS, 110)]
    assert feed(mark, (CONTENTS, 161)) == []


def test_a_kind_that_never_spoke_holds_up_for_the_lag_too():
    assert feed(both(max_lag=50), (CONTENTS, 100), (CONTENTS, 150)) == [(CONTENTS, 100)]


def test_late_and_doubled_inputs_are_told_apart():
    mark = alone()
    feed(mark, (CONTENTS, 10), (CONTENTS, 20))
    assert mark.offer(CONTENTS, 20, None).verdict is Verdict.DOUBLED
    assert mark.offer(CONTENTS, 15, None).verdict is Verdict.LATE
    assert mark.offer(CONTENTS, 21, None).verdict is Verdict.ACCEPTED


def test_doubled_while_it_still_waits():
    mark = both()
    mark.offer(CONTENTS, 10, 'first')
    assert mark.offer(CONTENTS, 10, 'second').verdict is Verdict.DOUBLED
    assert mark.offer(FACES, 10, 'face').ready == ('first', 'face')


def test_clock_that_is_set_back_is_followed_after_two_inputs():
    mark = alone(clock_step=1000)
    feed(mark, (CONTENTS, 5000))
    assert mark.offer(CONTENTS, 3999, 'a').verdict is Verdict.LATE
    offer = mark.offer(CONTENTS, 4000, 'b')
    assert offer.verdict is Verdict.LATE  # 4000 is old by the step exactly, not by more
    assert mark.offer(CONTENTS, 3997, 'c').verdict is Verdict.LATE
    assert mark.offer(CONTENTS, 3998, 'd').ready == ('d',)
    assert mark.offer(CONTENTS, 3999, 'e').ready == ('e',)


def test_one_absurd_stamp_costs_one_input():
    mark = alone(clock_step=1000)
    feed(mark, (CONTENTS, 100), (CONTENTS, 10**15))
    verdicts = [mark.offer(CONTENTS, stamp, stamp).verdict for stamp in (200, 300, 400)]
    assert verdicts == [Verdict.LATE, Verdict.ACCEPTED, Verdict.ACCEPTED]


def test_clock_step_releases_what_waits():
    mark = both(max_lag=10**6, clock_step=1000)
    feed(mark, (CONTENTS, 9000), (FACES, 9000), (CONTENTS, 9100))
    mark.offer(CONTENTS, 100, 'a')
    assert mark.offer(CONTENTS, 200, 'b').ready == ((CONTENTS, 9100),)
    assert mark.offer(FACES, 200, 'face').ready == ('b', 'face')


def test_flush_gives_the_rest_in_order():
    mark = both()
    feed(mark, (CONTENTS, 10), (CONTENTS, 20))
    assert mark.flush() == ((CONTENTS, 10), (CONTENTS, 20))
    assert mark.flush() == ()


@st.composite
def streams_and_interleavings(draw):
    """Draw two rising streams and two ways to interleave them in which neither runs ahead by more than the lag."""
    steps = st.lists(st.integers(1, 20), min_size=1, max_size=25)
    streams = {}
    for kind in (CONTENTS, FACES):
        stamp, stamps = 0, []
        for step in draw(steps):
            stamp += step
            stamps.append((kind, stamp))
        streams[kind] = stamps
    return streams, [draw(st.randoms(use_true_random=False)) for _ in range(2)]


def interleave(streams, random, ahead):
    """Mix the streams, each in its own order, with no input more than `ahead` newer than one that still has to come."""
    left = {kind: list(stamps) for kind, stamps in streams.items()}
    mixed = []
    while any(left.values()):
        oldest = min(stamps[0][1] for stamps in left.values() if stamps)
        ready = [kind for kind, stamps in left.items() if stamps and stamps[0][1] <= oldest + ahead]
        mixed.append(left[random.choice(sorted(ready))].pop(0))
    return mixed


@given(streams_and_interleavings())
def test_arrival_within_the_lag_does_not_change_the_order(drawn):
    streams, (first, second) = drawn
    results = []
    for random in (first, second):
        mark = both(max_lag=50)
        results.append([*feed(mark, *interleave(streams, random, ahead=49)), *mark.flush()])
    everything = sorted((item for stamps in streams.values() for item in stamps), key=lambda i: (i[1], i[0] == FACES))
    assert results[0] == results[1] == everything
