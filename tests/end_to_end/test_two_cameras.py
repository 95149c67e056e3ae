"""Two simulated tray cameras, live: a thing that both see is one thing at a known place."""


def test_what_two_cameras_see_is_one_thing_at_a_known_place(start, tmp_path):
    station = start('up', '--stack', 'sim_two', '--set', 'seed=3', '--set', f'journal={tmp_path}/journal.sqlite')
    station.wait_for('the shop is ready')
    watch = start('interfaces', '--domain', station.domain, '--echo', 'tray/contents')
    watch.wait_for(r'^- item_id:')
    watch.wait_for(r'^  - oblique')
    watch.wait_for(r'^  position_known: true')
    watch.interrupt()
    station.interrupt()
    assert station.wait() == 0
