"""Bags: what is written is what is read, ROS's own hashes and metadata, and a sentence for every broken bag."""

import json
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from checkout_core.bags import BagReader, BagWriter, MessageTypes, message_types
from checkout_core.bags.types import _folder
from checkout_core.errors import CheckoutError

IMAGE = 'sensor_msgs/msg/CompressedImage'
WEIGHT = 'checkout_interfaces/msg/Weight'
TYPES = message_types()


def image(stamp_ns, data=b'\xff\xd8picture\xff\xd9'):
    message = TYPES.new(IMAGE, format='jpeg', data=np.frombuffer(data, np.uint8))
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    message.header.frame_id = 'top_optical'
    return message


def noise(k):
    return np.random.default_rng(k).bytes(50_000)


def fill(writer, count=5):
    """Write pictures and weights, `count` of each, 0.2 s apart."""
    with writer:
        writer.add_topic('/station_1/tray/top/image/compressed', IMAGE, depth=1)
        writer.add_topic('/station_1/tray/weight', WEIGHT)
        for k in range(count):
            stamp = 7 * 10**9 + k * 200_000_000
            writer.write_message('/station_1/tray/top/image/compressed', stamp, image(stamp, noise(k)))
            writer.write_message('/station_1/tray/weight', stamp, TYPES.new(WEIGHT, grams=100.0 + k, stable=True))
    return writer.path


@pytest.mark.parametrize(
    ('name', 'options'),
    [
        pytest.param('a.mcap', {}, id='one MCAP file'),
        pytest.param('a.mcap', {'compress': True}, id='one MCAP file with packed chunks'),
        pytest.param('a', {'storage': 'mcap'}, id='a folder with MCAP'),
        pytest.param('a', {'storage': 'sqlite3'}, id='a folder with SQLite'),
    ],
)
def test_what_is_written_is_read(tmp_path, name, options):
    path = fill(BagWriter(tmp_path / name, **options))
    with BagReader(path) as bag:
        assert {n: (t.type, t.count) for n, t in bag.topics.items()} == {
            '/station_1/tray/top/image/compressed': (IMAGE, 5),
            '/station_1/tray/weight': (WEIGHT, 5),
        }
        assert (bag.count, bag.start_ns, bag.end_ns) == (10, 7 * 10**9, 7_800_000_000)
        bag.check_types(bag.topics)
        messages = list(bag.messages())
        assert [m.time_ns for m in messages] == sorted(m.time_ns for m in messages)
        weights = [bag.decode(m).grams for m in messages if m.type == WEIGHT]
        assert weights == [100.0, 101.0, 102.0, 103.0, 104.0]
        first = bag.decode(next(bag.messages(['/station_1/tray/top/image/compressed'])))
        assert (first.header.stamp.sec, first.header.frame_id) == (7, 'top_optical')
        assert first.data.tobytes() == noise(0)


@pytest.mark.parametrize('mode', [CompressionMode.FILE, CompressionMode.MESSAGE, CompressionMode.STORAGE])
@pytest.mark.parametrize('plugin', list(StoragePlugin))
def test_packed_bags_are_read(tmp_path, mode, plugin):
    if mode is CompressionMode.STORAGE and plugin is StoragePlugin.SQLITE3:
        pytest.skip('SQLite has no compression within the storage')
    writer = Writer(tmp_path / 'bag', version=9, storage_plugin=plugin)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        digest = TYPES.type_hash(WEIGHT)
        connection = writer.add_connection('/w', WEIGHT, msgdef=TYPES.definition(WEIGHT), rihs01=digest)
        for k in range(3):
            writer.write(connection, k, TYPES.encode(TYPES.new(WEIGHT, grams=float(k)), WEIGHT))
    with BagReader(tmp_path / 'bag') as bag:
        bag.check_types(bag.topics)
        assert [bag.decode(m).grams for m in bag.messages()] == [0.0, 1.0, 2.0]


def test_the_same_calls_give_the_same_bytes(tmp_path):
    for folder in ('1', '2'):
        fill(BagWriter(tmp_path / folder / 'a.mcap', notes={'scenario': 'one'}))
    assert (tmp_path / '1/a.mcap').read_bytes() == (tmp_path / '2/a.mcap').read_bytes()


@pytest.mark.parametrize('name', [IMAGE, WEIGHT, 'checkout_interfaces/msg/Cart', 'checkout_interfaces/msg/TrayTruth'])
def test_type_hashes_are_those_of_ros(name):
    package, _, short = name.split('/')
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        file = Path(prefix) / 'share' / package / 'msg' / f'{short}.json'
        if file.is_file():
            hashes = {e['type_name']: e['hash_string'] for e in json.loads(file.read_text())['type_hashes']}
            assert TYPES.type_hash(name) == hashes[name]
            return
    pytest.skip('the generated type descriptions are not installed')


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_metadata_is_that_of_rosbag2_version_9(tmp_path, storage):
    path = fill(BagWriter(tmp_path / 'a', storage=storage, notes={'seed': '7'}))
    data = yaml.safe_load((path / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert (data['version'], data['ros_distro'], data['storage_identifier']) == (9, 'jazzy', storage)
    assert data['custom_data'] == {'seed': '7'}
    assert (data['message_count'], data['duration']['nanoseconds']) == (10, 800_000_000)
    topic = data['topics_with_message_count'][0]['topic_metadata']
    assert topic['type_description_hash'] == TYPES.type_hash(topic['type'])
    qos = topic['offered_qos_profiles'][0]
    assert (qos['history'], qos['depth'], qos['reliability']) == ('keep_last', 1, 'reliable')
    assert [file['path'] for file in data['files']] == data['relative_file_paths']


def test_a_new_message_is_all_zero_as_in_rclpy():
    cart = TYPES.new('checkout_interfaces/msg/Cart')
    assert (cart.revision, cart.session_id, cart.lines, cart.can_checkout) == (0, '', [], False)
    assert cart.total.minor_units == 0
    assert TYPES.new('sensor_msgs/msg/CameraInfo').k.shape == (9,)
    ours = TYPES.package('checkout_interfaces')
    first, second = ours.TrayContents(), ours.TrayContents()
    first.header.frame_id = 'tray'
    first.lines.append(ours.TrayLine())
    assert (second.header.frame_id, second.lines) == ('', []), 'messages share nothing'
    with pytest.raises(CheckoutError, match="has no field 'gram'; it has header, grams"):
        TYPES.new(WEIGHT, gram=1.0)


def test_lists_of_numbers_are_written_as_arrays_and_left_alone():
    ours = TYPES.package('checkout_interfaces')
    contents, item = ours.TrayContents(), ours.TrayItem()
    item.track_ids, item.cameras = [3, 4], ['top', 'oblique']
    contents.items.append(item)
    name = 'checkout_interfaces/msg/TrayContents'
    assert list(TYPES.decode(TYPES.encode(contents, name), name).items[0].track_ids) == [3, 4]
    assert item.track_ids == [3, 4]
    item.track_ids = [-1]
    with pytest.raises(CheckoutError, match='cannot be written'):
        TYPES.encode(contents, name)


@pytest.mark.filterwarnings('ignore:module .sre_:DeprecationWarning')  # lark, which rclpy imports
def test_rclpy_reads_our_bytes():
    serialization = pytest.importorskip('rclpy.serialization')
    messages = pytest.importorskip('checkout_interfaces.msg')
    truth = TYPES.new('checkout_interfaces/msg/TrayTruth', scenario='stacked', seed=-3, payment_due=True)
    truth.items = [TYPES.new('checkout_interfaces/msg/TruthItem', sku='GOMTEOK', cameras=['top'], weight_g=12.5)]
    truth.items[0].visible_fraction = np.array([0.25], np.float32)
    read = serialization.deserialize_message(
        TYPES.encode(truth, 'checkout_interfaces/msg/TrayTruth'), messages.TrayTruth
    )
    assert (read.scenario, read.seed, read.payment_due, read.items[0].sku) == ('stacked', -3, True, 'GOMTEOK')
    assert list(read.items[0].visible_fraction) == [0.25]
    back = TYPES.decode(serialization.serialize_message(read), 'checkout_interfaces/msg/TrayTruth')
    assert (back.items[0].weight_g, back.items[0].cameras) == (12.5, ['top'])


@pytest.mark.parametrize('keep', [9, 100, 60_000, 200_000, -1])
def test_a_cut_off_mcap_is_named_with_what_can_be_saved(tmp_path, keep):
    path = fill(BagWriter(tmp_path / 'a.mcap'))
    data = path.read_bytes()
    path.write_bytes(data[:keep])
    with pytest.raises(CheckoutError, match=r'is cut off \(.* can be read\).*mcap recover'):
        BagReader(path)


def test_a_cut_off_mcap_in_a_folder_is_named(tmp_path):
    path = fill(BagWriter(tmp_path / 'a'))
    file = path / 'a_0.mcap'
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(CheckoutError, match=r'a_0\.mcap is cut off'):
        BagReader(path)


def test_a_cut_off_sqlite_bag_is_named(tmp_path):
    path = fill(BagWriter(tmp_path / 'a', storage='sqlite3'))
    file = next(path.glob('*.db3'))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(CheckoutError, match='damaged'), BagReader(path) as bag:
        list(bag.messages())


@pytest.mark.parametrize('compress', [True, False])
def test_damage_in_the_middle_is_found(tmp_path, compress):
    path = fill(BagWriter(tmp_path / 'a.mcap', compress=compress))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CheckoutError, match='is damaged'), BagReader(path) as bag:
        list(bag.messages())


def text(path):
    path.write_text('no bag at all, but long enough to look like one')
    return path


def wrong_version(tmp_path):
    path = fill(BagWriter(tmp_path / 'v'))
    file = path / 'metadata.yaml'
    file.write_text(file.read_text().replace('version: 9', 'version: 12'))
    return path


def missing_file(tmp_path):
    path = fill(BagWriter(tmp_path / 'm'))
    (path / 'm_0.mcap').unlink()
    return path


def no_metadata(tmp_path):
    path = fill(BagWriter(tmp_path / 'n'))
    (path / 'metadata.yaml').unlink()
    return path


def other_profile(tmp_path):
    from mcap.writer import Writer as Mcap

    writer = Mcap(str(tmp_path / 'o.mcap'))
    writer.start(profile='protobuf')
    writer.finish()
    return tmp_path / 'o.mcap'


def empty(tmp_path):
    (tmp_path / 'e.mcap').touch()
    return tmp_path / 'e.mcap'


def other_database(tmp_path):
    connection = sqlite3.connect(tmp_path / 'd.db3')
    connection.execute('CREATE TABLE t (a)')
    connection.commit()
    connection.close()
    return tmp_path / 'd.db3'


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        pytest.param(lambda p: p / 'none.mcap', 'There is no bag', id='not there'),
        pytest.param(empty, 'is empty', id='nothing was written'),
        pytest.param(lambda p: text(p / 't.mcap'), 'is no MCAP file', id='text named .mcap'),
        pytest.param(lambda p: text(p / 't.db3'), 'is no SQLite file', id='text named .db3'),
        pytest.param(lambda p: text(p / 't.bag'), 'rosbags-convert', id='ROS 1'),
        pytest.param(lambda p: text(p / 't.mp4'), 'not in .mcap or .db3', id='another kind of file'),
        pytest.param(lambda p: p, 'has no metadata.yaml: it is no bag', id='any folder'),
        pytest.param(no_metadata, r'give the file .*n_0\.mcap itself', id='a folder without metadata'),
        pytest.param(wrong_version, 'written by a newer ROS 2', id='a version of the future'),
        pytest.param(missing_file, 'not complete', id='a missing file'),
        pytest.param(other_profile, 'not of ROS 2', id='MCAP of another program'),
        pytest.param(other_database, 'damaged', id='another database'),
    ],
)
def test_a_bag_that_cannot_be_read_gets_one_sentence(tmp_path, make, words):
    with pytest.raises(CheckoutError, match=words) as caught:
        BagReader(make(tmp_path))
    assert '\n' not in str(caught.value)


def test_a_definition_that_has_changed_is_refused(tmp_path):
    old = tmp_path / 'share' / 'checkout_interfaces' / 'msg'
    old.mkdir(parents=True)
    for file in _folder('checkout_interfaces').glob('*.msg'):
        content = file.read_text()
        (old / file.name).write_text(content.replace('bool overload', 'bool too_heavy'))
    before = os.environ.get('AMENT_PREFIX_PATH', '')
    os.environ['AMENT_PREFIX_PATH'] = f'{tmp_path}{os.pathsep}{before}'
    try:
        types = MessageTypes()
    finally:
        os.environ['AMENT_PREFIX_PATH'] = before
    with BagWriter(tmp_path / 'a.mcap', types=types) as writer:
        writer.add_topic('/w', WEIGHT)
        writer.write_message('/w', 1, types.new(WEIGHT))
    with BagReader(tmp_path / 'a.mcap') as bag, pytest.raises(CheckoutError, match='another definition'):
        bag.check_types(['/w'])


def test_bytes_that_are_no_such_message_are_refused(tmp_path):
    with BagWriter(tmp_path / 'a.mcap') as writer:
        writer.add_topic('/w', WEIGHT)
        writer.write('/w', 1, b'\x00\x01\x00\x00\x01')
    with BagReader(tmp_path / 'a.mcap') as bag, pytest.raises(CheckoutError, match=r'topic /w, time 1: 5 bytes are no'):
        bag.decode(next(bag.messages()))


def test_a_failed_recording_leaves_nothing_behind(tmp_path):
    for name, storage in (('a.mcap', 'mcap'), ('b', 'mcap'), ('c', 'sqlite3')):
        writer = BagWriter(tmp_path / name, storage=storage)
        writer.add_topic('/w', WEIGHT)
        with pytest.raises(RuntimeError), writer:
            raise RuntimeError
        assert not (tmp_path / name).exists()


def test_an_existing_bag_is_never_overwritten(tmp_path):
    path = fill(BagWriter(tmp_path / 'a.mcap'))
    with pytest.raises(CheckoutError, match='exists already'):
        BagWriter(path)
    with pytest.raises(CheckoutError, match='was not declared'), BagWriter(tmp_path / 'b.mcap') as writer:
        writer.write('/x', 1, b'')


ROSBAG2 = Path(__file__).parent / 'rosbag2'


@pytest.mark.parametrize('name', ['talker.mcap', 'talker.db3', 'talker'])
def test_bags_that_rosbag2_itself_has_written_are_read(name):
    """The folder's metadata gives a topic another QoS than its storage does, which must not lose the topic."""
    with BagReader(ROSBAG2 / name) as bag:
        words = [bag.decode(message).data for message in bag.messages(['/topic'])]
        assert words == [f'Hello, world! {n}' for n in range(10)]
        assert (bag.count, len(list(bag.messages()))) == (20, 20)


def test_an_index_that_promises_more_than_there_is_is_noticed(tmp_path):
    path = fill(BagWriter(tmp_path / 'a'))
    file = path / 'metadata.yaml'
    file.write_text(file.read_text().replace('message_count: 5', 'message_count: 6'))
    with BagReader(path) as bag, pytest.raises(CheckoutError, match='speaks of 12 messages and 10 are there'):
        list(bag.messages())


def test_messages_in_another_format_than_cdr_are_refused(tmp_path):
    with Writer(tmp_path / 'a', version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        writer.add_connection(
            '/w', WEIGHT, msgdef=TYPES.definition(WEIGHT), rihs01=TYPES.type_hash(WEIGHT), serialization_format='json'
        )
    for path in (tmp_path / 'a', tmp_path / 'a' / 'a.mcap'):
        with pytest.raises(CheckoutError, match="in the format 'json'"):
            BagReader(path)
