"""Two simulated tray cameras, live: a thing that both see is one thing at a known place."""

import yaml


def test_what_two_cameras_see_is_one_thing_at_a_known_place(start, tmp_path):
    station = start('up', '--stack', 'sim_two', '--set', 'seed=3', '--set', f'journal={tmp_path}/journal.sqlite')
    station.wait_for('the shop is ready')
    watch = start('interfaces', '--domain', station.domain, '--echo', 'tray/contents')
    seen = []
    while not any(item['cameras'] == ['top', 'oblique'] and item['position_known'] for item in seen):
        begin = len(watch.lines)
        watch.wait_for('^---')
        seen = (yaml.safe_load('\n'.join(watch.lines[begin:-1])) or {}).get('items', [])
    watch.interrupt()
    station.interrupt()
    assert station.wait() == 0
