"""Runs a program as a person would who reads what it says: at_the_prompt.py PROGRAM ARGUMENT...

When it prints the address at which Flickr asks whether to let it in, this allows it and types the
code that the page shows. When it says that Ctrl-C ends it, this presses it. Its exit status is the
program's.
"""

import re
import signal
import subprocess
import sys
import threading
import urllib.request

program = subprocess.Popen(
    sys.argv[1:],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
)


def answer(line):
    """Does what a line asks for."""
    address = re.search(r"http\S*/oauth/authorize\S*", line)
    if address:
        request = urllib.request.Request(address[0], data=b"")
        page = urllib.request.urlopen(request).read().decode()
        code = re.search(r'id="code">([^<]+)<', page)[1]
        program.stdin.write(code + "\n")
        program.stdin.flush()
    if "Ctrl-C" in line:
        program.send_signal(signal.SIGINT)


def read(stream, out):
    """Passes on what the program says, line by line."""
    for line in stream:
        out.write(line)
        answer(line)


readers = [
    threading.Thread(target=read, args=(program.stdout, sys.stdout)),
    threading.Thread(target=read, args=(program.stderr, sys.stderr)),
]
for reader in readers:
    reader.start()
for reader in readers:
    reader.join()
sys.exit(program.wait())
