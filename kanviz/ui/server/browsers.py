"""Tell browsers apart by a random name in a cookie, so that an address alone opens nobody's work.

The address holds a secret by which a reloaded tab finds its work, but addresses are copied, photographed and sent.
The cookie is not: scripts cannot read it, and a browser sends it to this host only.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping

COOKIE = "kanviz-browser"
DAYS = 365  # for which a browser keeps its name after its last visit
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def browser_of(cookies: Mapping[str, str]) -> str:
    """The name a browser was given; empty where it has none, as in a program or where cookies are turned off."""
    name = cookies.get(COOKIE, "")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def set_cookie(cookies: Mapping[str, str]) -> str:
    """The Set-Cookie header for a page: the name that the browser has, or a new one."""
    name = browser_of(cookies) or secrets.token_urlsafe(16)
    return f"{COOKIE}={name}; Path=/; Max-Age={DAYS * 86_400}; HttpOnly; SameSite=Lax"


def place_of(token: str, cookies: Mapping[str, str]) -> str:
    """Where the work of that secret in the address is found, for that browser alone; empty without a secret."""
    return hashlib.sha256(f"{browser_of(cookies)} {token}".encode()).hexdigest() if token else ""
