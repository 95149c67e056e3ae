"""Serve a red picture by RTSP with the server of GStreamer, and print the port. Runs in the Python of the system.

    /usr/bin/python3 rtsp_debian_server.py PORT [USER PASSWORD]

PORT 0 takes a free one. Needs the Debian packages gir1.2-gst-rtsp-server-1.0 and python3-gi.
"""

import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - the versions come first

PIPELINE = (
    '( videotestsrc is-live=true pattern=red ! video/x-raw,format=I420,width=320,height=240,framerate=30/1'
    ' ! jpegenc ! rtpjpegpay name=pay0 pt=26 )'
)


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service(sys.argv[1])
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    factory.set_shared(True)
    if len(sys.argv) > 3:
        token = GstRtspServer.RTSPToken()
        token.set_string('media.factory.role', 'user')
        auth = GstRtspServer.RTSPAuth()
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(sys.argv[2], sys.argv[3]), token)
        server.set_auth(auth)
        access = 'user,media.factory.access=(boolean)true,media.factory.construct=(boolean)true'
        factory.add_role_from_structure(Gst.Structure.from_string(access)[0])
    server.get_mount_points().add_factory('/cam', factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == '__main__':
    main()
