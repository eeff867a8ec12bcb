"""S3 and SQS on a free port of loopback, for as long as standard input is open.

Prints the port once it listens. Who started it holds the other end of standard input, so it
ends with that process even when that is killed. The socket is bound here and handed over, so
no other process can take the port in between.
"""

import asyncio
import os
import resource
import socket
import sys
import threading

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
port = listener.getsockname()[1]
os.environ.update(
    BIND_HOST="127.0.0.1",
    GATEWAY_PORT=str(port),
    IOT_MTLS_ENABLED="0",
    SFTP_ENABLED="0",
    LOG_LEVEL="WARNING",
)


def end_with_the_parent():
    """Waits for the end of standard input."""
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_the_parent, daemon=True).start()

# These read the environment as they are imported.
from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402

_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))

config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.keep_alive_timeout = 75
config.loglevel = "WARNING"
print(port, flush=True)
asyncio.run(serve(app, config))
