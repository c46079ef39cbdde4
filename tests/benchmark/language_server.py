"""Measures the language server as an editor sees it, over standard input and output.

    python tests/benchmark/language_server.py target/release/model-quantizer [--images 10000] [--assert]

Prints the time from a key stroke to its diagnostics, the time of completions, hovers and code actions, of the
answer to `initialize`, and the memory of the idle server; needs Python 3.9 and nothing else. The configuration names
a data set of --images pictures (hard links of one). With --assert the program fails where a limit is missed.
"""

import argparse
import itertools
import json
import os
import queue
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOWERS = ROOT / "examples" / "flowers"
CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
KEY_STROKES = 500
REQUESTS = 300
STARTS = 20
LIMITS = {  # milliseconds at the 99th percentile, and megabytes
    "key stroke to diagnostics": 20,
    "completion of a key": 30,
    "completion of a path": 30,
    "hover on a model": 30,
    "initialize": 50,
    "memory, idle": 40,
}


class Server:
    """A server and everything that it says."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.messages = queue.Queue()
        self.ids = itertools.count(1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while header := self.process.stdout.readline():
            length = int(header.split(b":")[1])
            while self.process.stdout.readline().strip():
                pass
            message = json.loads(self.process.stdout.read(length))
            self.messages.put((time.perf_counter(), message))

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def wait(self, wanted):
        """The first message that is wanted, and when it came."""
        while True:
            when, message = self.messages.get(timeout=60)
            if wanted(message):
                return when, message

    def request(self, method, params):
        """The answer, and the milliseconds that it took."""
        number = next(self.ids)
        start = time.perf_counter()
        self.send(id=number, method=method, params=params)
        when, message = self.wait(lambda message: message.get("id") == number and "method" not in message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"], 1e3 * (when - start)

    def initialize(self):
        options = {"statusEvents": True}
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": {}, "initializationOptions": options}
        _, taken = self.request("initialize", params)
        self.send(method="initialized", params={})
        return taken

    def end(self):
        self.request("shutdown", None)
        self.send(method="exit")
        self.process.wait(10)

    def megabytes(self):
        """Resident memory, and the part of it that is not file content."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return None
        number = lambda name: int(re.search(rf"{name}:\s+(\d+)", status.read_text())[1]) / 1e3
        return number("VmRSS"), number("RssAnon")


def project(folder, images):
    """A copy of the demo project with that many images to calibrate on, and as many to evaluate on."""
    shutil.copytree(FLOWERS / "model", folder / "model")
    shutil.copy(FLOWERS / "labels.json", folder)
    original = next((FLOWERS / "dataset" / "training").rglob("*.jpg"))
    picture = folder / "picture.jpg"
    shutil.copy(original, picture)
    for part in ["training", "validation"]:
        for position, name in enumerate(CLASSES):
            directory = folder / "dataset" / part / name
            directory.mkdir(parents=True)
            for number in range(images * position // len(CLASSES), images * (position + 1) // len(CLASSES)):
                os.link(picture, directory / f"{number}.jpg")
    text = (FLOWERS / "configuration.json").read_text()
    (folder / "configuration.json").write_text(text)
    return text


def position(text, part, inside):
    """Where `inside` characters of `part` lie behind, as the protocol counts."""
    at = text.index(part) + inside
    line = text.count("\n", 0, at)
    return {"line": line, "character": at - (text.rfind("\n", 0, at) + 1)}


def measure(program, images):
    rows = {}
    times = []
    for _ in range(STARTS):
        server = Server(program)
        times.append(server.initialize())
        server.end()
    rows["initialize"] = times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = project(folder, images)
        uri = (folder / "configuration.json").as_uri()
        server = Server(program)
        server.initialize()
        document = {"uri": uri, "languageId": "json", "version": 1, "text": text}
        start = time.perf_counter()
        server.send(method="textDocument/didOpen", params={"textDocument": document})
        published = lambda message: message.get("method") == "textDocument/publishDiagnostics"
        when, _ = server.wait(published)
        rows["open to first diagnostics"] = [1e3 * (when - start)]
        quiet = lambda m: m.get("method") == "modelQuantizer/status" and m["params"]["quiescent"]
        when, _ = server.wait(quiet)
        rows["open to all diagnostics, cold"] = [1e3 * (when - start)]

        # Digits are typed into a number, and removed again.
        place = position(text, '"batch_size": 10', len('"batch_size": 10'))
        behind = {"line": place["line"], "character": place["character"] + 1}
        times = []
        for version in range(2, KEY_STROKES + 2):
            insert = version % 2 == 0
            edit = {"range": {"start": place, "end": place if insert else behind}, "text": "0" if insert else ""}
            start = time.perf_counter()
            changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]}
            server.send(method="textDocument/didChange", params=changed)
            when, message = server.wait(lambda m: published(m) and m["params"]["version"] == version)
            times.append(1e3 * (when - start))
            time.sleep(0.005)
        rows["key stroke to diagnostics"] = times

        at = lambda part, inside: {"textDocument": {"uri": uri}, "position": position(text, part, inside)}
        everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
        requests = {
            "completion of a key": ("textDocument/completion", at('"target', 0) if '"target' in text else at('"batch', 3)),
            "completion of a path": ("textDocument/completion", at("dataset/training", len("dataset/"))),
            "hover on a model": ("textDocument/hover", at("model/flowers.h5", 3)),
            "hover on images": ("textDocument/hover", at("dataset/training", 3)),
            "code actions": (
                "textDocument/codeAction",
                {"textDocument": {"uri": uri}, "range": everywhere, "context": {"diagnostics": []}},
            ),
        }
        for name, (method, params) in requests.items():
            rows[name] = [server.request(method, params)[1] for _ in range(REQUESTS)]
        time.sleep(2)
        memory = server.megabytes()
        server.end()
    return rows, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--assert", dest="check", action="store_true")
    arguments = parser.parse_args()
    rows, memory = measure(arguments.program, arguments.images)
    missed = []
    print(f"{arguments.images} images to calibrate on, as many to evaluate on\n")
    print("| | times | median | p99 | longest |\n|---|--:|--:|--:|--:|")
    for name, times in rows.items():
        ordered = sorted(times)
        p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        middle = statistics.median(ordered)
        print(f"| {name} | {len(ordered)} | {middle:.1f} ms | {p99:.1f} ms | {ordered[-1]:.1f} ms |")
        if p99 > LIMITS.get(name, float("inf")):
            missed.append(f"{name}: {p99:.1f} ms, and the limit is {LIMITS[name]} ms")
    if memory:
        resident, own = memory
        print(f"\nmemory, idle: {resident:.1f} MB resident, {own:.1f} MB of it not shared with files")
        if resident > LIMITS["memory, idle"]:
            missed.append(f"memory: {resident:.1f} MB, and the limit is {LIMITS['memory, idle']} MB")
    if missed and arguments.check:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
