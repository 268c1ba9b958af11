"""`python -m benchmarks.in_process <application>`: answers requests without a server, to see what the Python costs.

Reads lines of count, method, path, token and body, parted by tabs; prints of each the status, and the milliseconds of
processor time that one such request took in the mean.
"""

import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from io import BytesIO
from typing import Any

Application = Callable[..., Iterable[bytes]]


def call(application: Application, method: str, path: str, token: str, body: str = "") -> tuple[str, bytes]:
    """Return status and body of one answer, as a server asks for them."""
    address, _, query = path.partition("?")
    sent = body.encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": address,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "CONTENT_TYPE": "application/json" if sent else "",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(sent),
        "wsgi.errors": sys.stderr,
    }
    statuses: list[str] = []
    answer: Any = application(environ, lambda status, headers: statuses.append(status))
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return statuses[0], content


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    application = getattr(import_module(module), name)
    for line in sys.stdin:
        count, *request = line.rstrip("\n").split("\t")
        started = time.process_time()
        for _ in range(int(count)):
            status, content = call(application, *request)
        spent = time.process_time() - started
        print(status.split()[0], len(content), spent / int(count) * 1000, flush=True)


if __name__ == "__main__":
    main()
