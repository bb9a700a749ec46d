"""Rewrite laws in a process of its own: read requests as lines of JSON, answer line by line, exit with the parent.

A request is {"law": tree, "names": [rewritings], "seconds": limit}; the answers are {"name", "law"} for each one that
worked, then {"seconds": used}. When a request has used so much processor time, the process ends.
"""

import json
import math
import os
import queue
import sys
import threading
import time
import warnings

from kanviz.laws.expressions import tree
from kanviz.laws.expressions.rewritings import rewritten


def main() -> None:
    warnings.simplefilter("ignore")
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    limit = Limit()
    threading.Thread(target=limit.watch, daemon=True).start()
    _answer({})
    while True:
        request = json.loads(requests.get())
        began = time.process_time()
        limit.end = began + request["seconds"]
        for name, law in rewritten(tree.from_json(request["law"]), tuple(request["names"])):
            try:
                data = tree.to_json(law)
            except ValueError:  # a function that is not allowed in a law
                continue
            _answer({"name": name, "law": data})
        limit.end = math.inf
        _answer({"seconds": time.process_time() - began})


class Limit:
    """The processor time, since the start, at which this process ends."""

    end = math.inf

    def watch(self) -> None:
        """End the process, whatever it is doing, when that time is reached."""
        while True:
            time.sleep(0.02)
            if time.process_time() > self.end:
                os._exit(0)


def _listen(requests: "queue.Queue[str]") -> None:
    """Queue the lines from the parent; when the parent is gone, exit at once, even in the middle of a request."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def _answer(data: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
