"""Runs the command in its arguments and prints as JSON what it took and wrote; for Linux, where memory is in kB.

It is a process of its own because the peak of a child counts the memory of the process that starts it.
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="replace")
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - start,
            "peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
            "exit_code": done.returncode,
            "output": done.stdout,
            "errors": done.stderr,
        }
    )
)
