"""A Neo4j server: its address, who we are there, and what it or the driver complains of, as one line with the fix.

User and password come from the environment or a file and go to the driver alone: no line, log or ``repr`` holds them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import ConfigurationError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired

from difreg.errors import DifregError, InputError, StorageError
from difreg.names import shown
from difreg.settings import Settings

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
OLDEST = 5
CONNECT = 5.0  # seconds to wait for a server to take the connection
PATIENCE = 30.0  # seconds in which the driver may run a transaction again that failed for a passing reason
_LARGEST = 4096  # bytes of a password's file

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # else the driver's warnings land on standard error


@dataclass(frozen=True)
class Place:
    """Where the graph is: the server's URL, the database (its default where None), and who we are there."""

    url: str
    database: str | None
    user: str | None
    password: str | None = field(repr=False)

    @property
    def auth(self) -> tuple[str, str] | None:
        """User and password as the driver takes them."""
        return None if self.password is None else (self.user or "neo4j", self.password)


def place(settings: Settings) -> Place:
    """Where ``settings`` say that the graph is.

    Raises
    ------
    InputError
        If the URL is none of a Neo4j server, holds a password, or the password's file cannot be used.
    """
    url = settings.graph_url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError("DIFREG_GRAPH_URL is no URL.", "Write bolt://HOST:7687 or neo4j+s://HOST.") from None
    if parts.username is not None or parts.password is not None:
        hint = (
            "Set DIFREG_GRAPH_USER, and DIFREG_GRAPH_PASSWORD or DIFREG_GRAPH_PASSWORD_FILE, and leave them out of it."
        )
        raise InputError("DIFREG_GRAPH_URL holds a user or a password.", hint)
    if parts.scheme not in SCHEMES or not parts.hostname:
        hint = f"Set it to 'embedded' or to SCHEME://HOST[:PORT], SCHEME one of {', '.join(SCHEMES)}; or unset it."
        raise InputError("DIFREG_GRAPH_URL names no graph store of this difreg.", hint)
    if parts.path.strip("/") or parts.query or parts.fragment:
        hint = "Leave it out, and name a database by DIFREG_GRAPH_DATABASE."
        raise InputError("DIFREG_GRAPH_URL has something after the host and the port.", hint)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return Place(address, settings.graph_database or None, settings.graph_user or None, _password(settings))


def _password(settings: Settings) -> str | None:
    if not settings.graph_password_file:
        return settings.graph_password or None
    if settings.graph_password:
        raise InputError("DIFREG_GRAPH_PASSWORD and DIFREG_GRAPH_PASSWORD_FILE are both set.", "Unset one.")
    path = Path(settings.graph_password_file).expanduser()
    hint = "Let DIFREG_GRAPH_PASSWORD_FILE name a file that holds the password alone."
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"The password's file {shown(str(path))} cannot be read: {error.strerror}.", hint) from None
    text = data.rstrip(b"\r\n")
    if not text or len(data) > _LARGEST or b"\n" in text:
        raise InputError(f"The password's file {shown(str(path))} is empty, too long or has several lines.", hint)
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InputError(f"The password's file {shown(str(path))} is not UTF-8.", hint) from None


def connect(where: Place) -> neo4j.Driver:
    """A driver for ``where``, after the server has let us in and told its version.

    Raises
    ------
    StorageError
        If it cannot be reached, does not let us in, or is too old.
    """
    with explained(where):
        driver = _driver(where, where.url)
        try:
            check_version(driver.get_server_info().agent, where.url)
        except ServiceUnavailable:
            driver.close()
            _find_cause(where)
            raise
        except BaseException:
            driver.close()
            raise
    return driver


def _driver(where: Place, url: str) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        url,
        auth=where.auth,
        connection_timeout=CONNECT,
        connection_acquisition_timeout=2 * CONNECT,
        max_transaction_retry_time=PATIENCE,
        notifications_min_severity="OFF",
        user_agent="difreg",
    )


def _find_cause(where: Place) -> None:
    """Raise what is wrong with a server that routing (``neo4j://``) only says is not there: ask it without."""
    if where.url.startswith("neo4j"):
        with _driver(where, where.url.replace("neo4j", "bolt", 1)) as direct:
            direct.get_server_info()


def check_version(agent: str, url: str) -> None:
    """Refuse servers before Neo4j 5, by what they call themselves (``Neo4j/4.4.1``, ``Neo4j/2025.10.1``).

    Raises
    ------
    StorageError
        If it is older.
    """
    found = re.match(r"Neo4j/v?(\d+)", agent)
    if found and int(found[1]) < OLDEST:
        hint = f"Upgrade it to Neo4j {OLDEST} or later, or unset DIFREG_GRAPH_URL for the embedded graph."
        raise StorageError(f"The server at {url} is {shown(agent, 40)}.", hint)


@contextmanager
def explained(where: Place, doing: str = "") -> Iterator[None]:
    """Turn what the driver and the server raise into one line for the user.

    Parameters
    ----------
    doing
        What was going on, for the line on a connection that was lost.
    """
    try:
        yield
    except DifregError:
        raise
    except Neo4jError as error:
        raise _server_said(where, error) from None
    except ConfigurationError as error:
        if type(error).__name__ == "UnsupportedServerProduct":
            hint = "Is it a Neo4j of version 5 or later? One that requires TLS wants bolt+s:// or neo4j+s://."
            raise StorageError(f"What answers at {where.url} speaks no Bolt of this driver's.", hint) from None
        raise StorageError(f"The driver does not take {where.url}: {_first(error)}.", "Correct the URL.") from None
    except (DriverError, OSError) as error:
        raise _unreachable(where, error, doing) from None


_Said = Callable[[Place], tuple[str, str]]
_CODES: dict[str, _Said] = {
    "Security.Unauthorized": lambda w: (
        f"Neo4j at {w.url} does not let {_who(w)} in.",
        "Set DIFREG_GRAPH_USER, and DIFREG_GRAPH_PASSWORD or DIFREG_GRAPH_PASSWORD_FILE, to what it knows.",
    ),
    "Security.AuthenticationRateLimit": lambda w: (
        f"Neo4j at {w.url} refuses {_who(w)} for a while, after wrong passwords.",
        "Wait some seconds, and correct DIFREG_GRAPH_PASSWORD.",
    ),
    "Security.CredentialsExpired": lambda w: (
        f"Neo4j at {w.url} wants a new password for {_who(w)} first.",
        "Change it there: ALTER CURRENT USER SET PASSWORD FROM '...' TO '...'.",
    ),
    "Security.Forbidden": lambda w: (
        f"Neo4j at {w.url} does not allow that to {_who(w)}.",
        "A sync needs a user who may write and make constraints.",
    ),
    "Database.DatabaseNotFound": lambda w: (
        f"Neo4j at {w.url} has no database '{shown(w.database or '', 60)}'.",
        "Set DIFREG_GRAPH_DATABASE to one of SHOW DATABASES, or unset it.",
    ),
    "Database.DatabaseUnavailable": lambda w: (
        f"The database of Neo4j at {w.url} is not available.",
        "Wait until it has started, or start it: START DATABASE.",
    ),
    "General.ForbiddenOnReadOnlyDatabase": lambda w: (
        f"The database of Neo4j at {w.url} is read-only.",
        "Make it writable, or sync to another.",
    ),
    "General.MemoryPoolOutOfMemoryError": lambda _: (
        "The query takes more memory than the server gives it.",
        "Begin at one node ({name: ...}), bound the paths, or join fewer patterns.",
    ),
}


def _server_said(where: Place, error: Neo4jError) -> DifregError:
    code = re.sub(r"^Neo\.[A-Za-z]+Error\.", "", error.code or "")
    if code in _CODES:
        return StorageError(*_CODES[code](where))
    return StorageError(f"Neo4j at {where.url} failed: {_first(error)} ({shown(code, 60)}).", "See the server's log.")


def _who(where: Place) -> str:
    return f"the user '{shown(where.user or 'neo4j', 40)}'" if where.auth else "anybody without a password"


def _unreachable(where: Place, error: Exception, doing: str) -> StorageError:
    text = str(error)
    if doing and (isinstance(error, SessionExpired) or "defunct" in text or "connect" in text.lower()):
        return StorageError(f"Neo4j at {where.url} went away during {doing}.", "What was sent is kept: do it again.")
    if "certverif" in text.lower() or "certificate verif" in text.lower():
        hint = f"Have it signed by an authority this machine knows, or accept it unseen: {_secure(where.url, '+ssc')}."
        return StorageError(f"The certificate of {where.url} cannot be verified.", hint)
    if "SSL" in text or "encrypted connection" in text:
        plain = re.sub(r"\+s(sc)?:", ":", where.url)
        hint = f"A server without TLS is reached by {plain}."
        return StorageError(f"No TLS could be agreed on with {where.url}.", hint)
    if "handshake" in text or "defunct" in text or "looks like HTTP" in text:
        hint = f"If it requires TLS, write {_secure(where.url)}; Bolt's own port is 7687 as a rule, not HTTP's 7474."
        return StorageError(f"What answers at {where.url} ends the connection at once.", hint)
    if "DNS" in text or "resolve address" in text:
        return StorageError(f"No host of the name in {where.url} is known.", "Correct DIFREG_GRAPH_URL.")
    hint = "Start it, or correct DIFREG_GRAPH_URL; unset it for the embedded graph."
    return StorageError(f"No Neo4j answers at {where.url}.", hint)


def _secure(url: str, suffix: str = "+s") -> str:
    return re.sub(r"^(bolt|neo4j)(\+s(sc)?)?:", rf"\1{suffix}:", url)


def _first(error: Any) -> str:
    """The first line of a message."""
    text = str(getattr(error, "message", None) or error).strip().partition("\n")[0]
    return shown(text, 300).rstrip(". ")
