"""Serve a red picture by RTSP on 127.0.0.1, as JPEG over RTP over TCP, and print the port.

    python rtsp_small_server.py PORT [USER PASSWORD]

PORT 0 takes a free one. Just enough of RFC 2326 (RTSP, interleaved) and RFC 2435 (RTP payload for JPEG) for FFmpeg, so
that the tests need no Debian package: the server that Debian has brings 640 MB with it.
"""

from __future__ import annotations

import base64
import itertools
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

WIDTH, HEIGHT, RATE_HZ, PAYLOAD = 320, 240, 30, 1400
SDP = f"""v=0
o=- 1 1 IN IP4 127.0.0.1
s=red
c=IN IP4 127.0.0.1
t=0 0
m=video 0 RTP/AVP 26
a=control:track1
a=framerate:{RATE_HZ}
"""


def segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment; the last is SOS, whose content is the scan itself."""
    at = 2
    while True:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], 'big')
        if marker == 0xDA:
            yield marker, jpeg[at + 2 + length : -2]
            return
        yield marker, jpeg[at + 4 : at + 2 + length]
        at += 2 + length


def packets(jpeg: bytes, sequence: Iterator[int], timestamp: int) -> Iterator[bytes]:
    """Cut a baseline 4:2:0 JPEG with the usual Huffman tables into RTP packets."""
    tables, scan = b'', b''
    for marker, content in segments(jpeg):
        if marker == 0xDB:
            # One or two tables in a segment, each after a byte with its precision and number.
            tables += b''.join(content[i + 1 : i + 65] for i in range(0, len(content), 65))
        elif marker == 0xDA:
            scan = content
    for offset in range(0, len(scan), PAYLOAD):
        last = offset + PAYLOAD >= len(scan)
        rtp = struct.pack('>BBHII', 0x80, 26 | (0x80 if last else 0), next(sequence) & 0xFFFF, timestamp, 1)
        kind_420, tables_follow = 1, 255
        header = struct.pack('>I', offset) + bytes([kind_420, tables_follow, WIDTH // 8, HEIGHT // 8])
        if offset == 0:
            header += struct.pack('>BBH', 0, 0, len(tables)) + tables
        yield rtp + header + scan[offset : offset + PAYLOAD]


def stream(connection: socket.socket) -> None:
    """Send frames until the other side goes away."""
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[..., 2] = 255
    jpeg = bytes(cv2.imencode('.jpg', red)[1])
    sequence = itertools.count()
    try:
        for frame in itertools.count():
            for packet in packets(jpeg, sequence, frame * 90000 // RATE_HZ & 0xFFFFFFFF):
                connection.sendall(b'$\x00' + struct.pack('>H', len(packet)) + packet)
            time.sleep(1 / RATE_HZ)
    except OSError:
        return


def serve(connection: socket.socket, credentials: str | None) -> None:
    """Answer the requests of one client."""
    requests = connection.makefile('rb')
    while line := requests.readline().decode('latin-1').strip():
        method, url = line.split()[:2]
        headers = {}
        while field := requests.readline().decode('latin-1').strip():
            name, _, value = field.partition(':')
            headers[name.lower()] = value.strip()
        status, extra, body = '200 OK', '', ''
        if credentials is not None and method != 'OPTIONS' and headers.get('authorization') != credentials:
            status, extra = '401 Unauthorized', 'WWW-Authenticate: Basic realm="test"\r\n'
        elif method == 'OPTIONS':
            extra = 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'
        elif method == 'DESCRIBE':
            body = SDP.replace('\n', '\r\n')
            extra = f'Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n'
        elif method == 'SETUP':
            extra = 'Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'
        elif method == 'PLAY':
            extra = 'Session: 1\r\n'
        connection.sendall(f'RTSP/1.0 {status}\r\nCSeq: {headers.get("cseq", "0")}\r\n{extra}\r\n{body}'.encode())
        if method == 'PLAY' and status == '200 OK':
            threading.Thread(target=stream, args=(connection,), daemon=True).start()


def main() -> None:
    """Serve until killed."""
    credentials = None
    if len(sys.argv) > 3:
        credentials = 'Basic ' + base64.b64encode(':'.join(sys.argv[2:4]).encode()).decode()
    listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, credentials), daemon=True).start()


if __name__ == '__main__':
    main()
