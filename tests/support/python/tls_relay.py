"""TLS on a free port of loopback before a plain server: tls_relay.py CERTIFICATE PORT

Prints its port once it listens, and ends when standard input does.
"""

import os
import socket
import ssl
import sys
import threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))


def end_with_the_parent():
    """Waits for the end of standard input."""
    sys.stdin.buffer.read()
    os._exit(0)


def copy(source, sink):
    """Passes bytes on until one side ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(plain):
    """One connection."""
    try:
        client = context.wrap_socket(plain, server_side=True)
    except (ssl.SSLError, OSError):
        return
    server = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=copy, args=(client, server), daemon=True).start()
    copy(server, client)


threading.Thread(target=end_with_the_parent, daemon=True).start()
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
