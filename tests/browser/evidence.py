"""What a browser test that failed leaves behind: the text, files without an answer, last clicks and messages."""

from types import TracebackType

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page

# Run before the app's own scripts. `unanswered`: the server has not yet answered what the page sent last, so no script
# may seem to run. `messages`: the last of them, as (milliseconds, bytes, by whom). `clicks`: the last clicks, and what
# they met.
LISTEN = """(() => {
    for (const kind of ["pointerdown", "click"]) addEventListener(kind, ({ target, timeStamp }) => {
        const words = `${target.tagName} ${(target.innerText ?? "").slice(0, 30)}`.replace(/\\s+/g, " ");
        (window.clicks ??= []).push(`${Math.round(timeStamp)} ${kind} ${words}`);
        if (window.clicks.length > 12) window.clicks.shift();
    }, true);
    const send = WebSocket.prototype.send;
    const note = (data, by) => {
        (window.messages ??= []).push([Math.round(performance.now()), data.byteLength ?? data.size ?? data.length, by]);
        if (window.messages.length > 60) window.messages.shift();
    };
    WebSocket.prototype.send = function (...what) {
        if (!this.heard) {
            this.addEventListener("message", ({ data }) => { window.unanswered = false; note(data, "server") });
            this.addEventListener("close", ({ code }) => note("", `closed, ${code}`));
        }
        this.heard = window.unanswered = true;
        window.socket = this;
        note(what[0], "page");
        return send.apply(this, what);
    };
})()"""
STATE = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const nodes = document.querySelectorAll('script[src], link[rel=stylesheet], link[rel=modulepreload]');
    const files = [...nodes].map((one) => one.src || one.href);
    const loaded = performance.getEntriesByType('resource').filter((one) => one.responseEnd);
    const done = new Set(loaded.map((one) => one.name));
    const open = files.filter((one) => one.startsWith('http') && !done.has(one));
    return [
        document.body.innerText.replace(/\\s+/g, ' ').slice(-1500),
        `files without an answer: ${open.join(' ') || 'none'}`,
        `clicks (ms, what, where): ${(window.clicks ?? []).join(' | ')}`,
        `messages (ms, bytes, by): ${(window.messages ?? []).slice(-30).map((one) => one.join(' ')).join(' | ')}`,
        `${location.href} ${JSON.stringify({ ...app?.dataset })}, ${Math.round(performance.now())} ms after its start`,
    ].join('\\n');
}"""


def found(trace: TracebackType | None) -> str:
    """Describe the page that a failed test looked at, the one in the innermost frame of its trace."""
    page: Page | None = None
    while trace is not None:
        page = next((v for v in trace.tb_frame.f_locals.values() if isinstance(v, Page)), page)
        trace = trace.tb_next
    if page is None:
        return "no page"
    try:
        return str(page.evaluate(STATE))
    except BrowserError as problem:
        return str(problem)
