"""Identify a browser by a random name in a cookie, so that an address alone gives access to nobody's work.

The address holds a secret by which a reloaded tab finds its work, but addresses are copied, photographed and sent. The
cookie is not: scripts cannot read it, and a browser sends it to this host only.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping

COOKIE = "kanviz-browser"
DAYS = 365  # days that the cookie lasts after the last visit
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def browser_of(cookies: Mapping[str, str]) -> str:
    """Return the browser's name; empty if it has none, as in a program or with cookies turned off."""
    name = cookies.get(COOKIE, "")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def set_cookie(cookies: Mapping[str, str]) -> str:
    """Return the Set-Cookie header for a page: the browser's name, or a new one."""
    name = browser_of(cookies) or secrets.token_urlsafe(16)
    return f"{COOKIE}={name}; Path=/; Max-Age={DAYS * 86_400}; HttpOnly; SameSite=Lax"


def place_of(token: str, cookies: Mapping[str, str]) -> str:
    """Return the key of the work that belongs to this secret and this browser; empty without a secret."""
    return hashlib.sha256(f"{browser_of(cookies)} {token}".encode()).hexdigest() if token else ""
