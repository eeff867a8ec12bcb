"""Records a run of `s3flickr work` in a terminal, and writes it as an SVG that moves.

    record.py BINARY FILE.svg

The run is a real one: 640 photos from a folder, against the sandbox, each upload slowed down as
Flickr's are. What the program writes goes through a terminal emulator (pyte); each row of the screen
becomes a text that is visible for as long as it stood there. No part of the picture is drawn by hand.
"""

import fcntl
import html
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import pyte

COLUMNS, ROWS = 100, 12
PHOTOS = 640
UPLOAD_MS = 900
# How long the end of the run stands still, and how often the screen is looked at.
LAST_SECONDS, EVERY_SECONDS = 4.0, 0.2
CELL, LINE, MARGIN = 8.4, 20, 16
COLOURS = {
    "black": "#6e7681", "red": "#ff7b72", "green": "#56d364", "brown": "#e3b341",
    "blue": "#79c0ff", "magenta": "#d2a8ff", "cyan": "#76e3ea", "white": "#e6edf3",
    "default": "#e6edf3",
}


def photos(folder):
    """Many photos: the examples, each with a byte of its own at the end."""
    here = Path(__file__).parent.parent / "photos"
    examples = sorted(path for path in here.rglob("*.jpg"))
    for number in range(PHOTOS):
        source = examples[number % len(examples)]
        target = folder / f"2013/Day {number // 40 + 1}/IMG_{number:04}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes() + number.to_bytes(2, "big"))


def sandbox(binary, folder):
    """A sandbox whose uploads take their time; its process, and the variables that lead there."""
    faults = folder / "faults.json"
    slow = {"call": "upload", "fault": "slow", "delay_ms": UPLOAD_MS}
    faults.write_text(json.dumps([slow]))
    process = subprocess.Popen(
        [binary, "sandbox", "--listen", "127.0.0.1:0", "--faults", faults],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    variables = {}
    while len(variables) < 5:
        name, _, value = process.stdout.readline().removeprefix("export ").strip().partition("=")
        variables[name] = value
    return process, variables


def screens(command, environment):
    """Runs a command in a terminal; yields the time and the rows whenever they changed."""
    pid, person = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    fcntl.ioctl(person, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ s3flickr {' '.join(command[1:])}\r\n".encode())
    begun, seen = time.monotonic(), None
    ended = False
    while not ended:
        looked = time.monotonic() + EVERY_SECONDS
        while not ended and (left := looked - time.monotonic()) > 0:
            if select.select([person], [], [], left)[0]:
                try:
                    stream.feed(os.read(person, 65536))
                except OSError:
                    ended = True
        rows = [runs(screen.buffer[row]) for row in range(ROWS)]
        if rows != seen:
            yield time.monotonic() - begun, rows
            seen = rows
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"{command} ended with {status}")


def runs(cells):
    """A row as runs of one colour: column, colour, bold, text."""
    row = []
    for column in range(COLUMNS):
        cell = cells[column]
        style = (COLOURS.get(cell.fg, COLOURS["default"]), cell.bold)
        if row and row[-1][1:3] == style:
            row[-1] = (*row[-1][:3], row[-1][3] + cell.data)
        else:
            row.append((column, *style, cell.data))
    return [run for run in row if run[3].strip()]


def spans(frames, end):
    """For each row, what it showed from when to when."""
    for number in range(ROWS):
        begin, shown = frames[0][0], frames[0][1][number]
        for at, rows in [*frames[1:], (end, None)]:
            if rows is None or rows[number] != shown:
                if shown:
                    yield number, begin, at, shown
                begin, shown = at, rows and rows[number]


def text(number, row):
    """The runs of a row as SVG."""
    y = MARGIN + LINE * number + 15
    for column, colour, bold, letters in row:
        letters = letters.rstrip()
        x, width = MARGIN + column * CELL, len(letters) * CELL
        weight = ' font-weight="600"' if bold else ""
        fill = "" if colour == COLOURS["default"] else f' fill="{colour}"'
        yield (f'<text x="{x:.1f}" y="{y}" textLength="{width:.1f}"{weight}{fill}>'
               f"{html.escape(letters)}</text>")


def drawn(frames):
    """The whole picture."""
    end = frames[-1][0] + LAST_SECONDS
    used = max(number for _, rows in frames for number, row in enumerate(rows) if row) + 1
    width, height = COLUMNS * CELL + 2 * MARGIN, used * LINE + 2 * MARGIN
    style, body = [], []
    for count, (number, begin, until, row) in enumerate(spans(frames, end)):
        a, b = begin / end * 100, until / end * 100
        stays = until == end
        if begin == frames[0][0] and stays:
            body.append(f"<g>{''.join(text(number, row))}</g>")
            continue
        hide = "" if stays else f"{b:.2f}%{{visibility:hidden}}"
        style.append(f"@keyframes k{count}{{0%{{visibility:hidden}}{a:.2f}%{{visibility:visible}}{hide}}}"
                     f".k{count}{{animation-name:k{count}}}")
        still = "" if stays else ' style="visibility:hidden"'
        body.append(f"<g class=\"m k{count}\"{still}>{''.join(text(number, row))}</g>")
    said = frames[-1][1]
    label = html.escape(" ".join(run[3].strip() for row in said for run in row), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="{label}">\n<style>text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'
        f"'DejaVu Sans Mono',monospace;fill:{COLOURS['default']};white-space:pre}}"
        f"@media(prefers-reduced-motion:no-preference){{.m{{animation:{end:.2f}s step-end infinite}}"
        f"{''.join(style)}}}</style>\n"
        f'<rect width="100%" height="100%" rx="10" fill="#0d1117"/>\n'
        + "\n".join(body) + "\n</svg>\n")


def main():
    binary, file = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="s3flickr-") as name:
        folder = Path(name)
        photos(folder / "photos")
        process, variables = sandbox(binary, folder)
        try:
            environment = {**variables, "HOME": name, "PATH": os.environ["PATH"],
                           "TERM": "xterm-256color", "LANG": "C.UTF-8"}
            subprocess.run([binary, "populate", "--from", folder / "photos"], env=environment,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            frames = list(screens([binary, "work", "--calls-per-hour", "0"], environment))
        finally:
            process.terminate()
            process.wait()
    Path(file).write_text(drawn(frames), encoding="utf-8")


if __name__ == "__main__":
    main()
