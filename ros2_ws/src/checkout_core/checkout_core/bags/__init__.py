"""Bags: recordings of ROS 2 topics, read and written without ROS.

Read: single `.mcap` and `.db3` files and the folders of rosbag2 (MCAP or SQLite, compressed by file, by message or
within the storage). Write: a `.mcap` file, or a folder with `metadata.yaml` (version 9) in either storage. Message
definitions come from the installed `.msg` files, and their type hashes are ROS's (REP-2016).
"""

from checkout_core.bags.reader import BagMessage, BagReader, TopicInfo
from checkout_core.bags.types import MessageTypes, message_types
from checkout_core.bags.writer import BagWriter

__all__ = ['BagMessage', 'BagReader', 'BagWriter', 'MessageTypes', 'TopicInfo', 'message_types']
