"""Rewrite laws in a process of its own: read requests as lines of JSON, answer line by line, exit with the parent.

A request is {"law": tree, "names": [rewritings]}; the answers are {"name", "law"} for each one that worked, then {}.
"""

import json
import os
import queue
import sys
import threading
import warnings

from kanviz.laws.expressions import tree
from kanviz.laws.expressions.rewritings import rewritten


def main() -> None:
    warnings.simplefilter("ignore")
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _answer({})
    while True:
        request = json.loads(requests.get())
        for name, law in rewritten(tree.from_json(request["law"]), tuple(request["names"])):
            try:
                data = tree.to_json(law)
            except ValueError:  # a function that is not allowed in a law
                continue
            _answer({"name": name, "law": data})
        _answer({})


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
