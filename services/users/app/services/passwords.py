"""Passwords: argon2id (RFC 9106), in a few threads beside the event loop."""

import asyncio
import base64
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fleetkit.problems import UnavailableError
from pydantic import SecretStr

Result = TypeVar("Result")
# OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. RFC 9106's second choice is as strong for 64 MiB
# each, which a few logins at once would take a small container's memory by.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
THREADS = 2
MAX_WAITING = 64


class PasswordsBusyError(UnavailableError):
    """More passwords wait for their turn than will get it soon."""

    code = "passwords_busy"


class Passwords:
    """Hashes and verifies passwords, so many at a time and no more: the others wait, and too many are sent away."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._of_nobody = _hash_of_nothing(self._hasher)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: SecretStr) -> str:
        """Hashes a password with a salt of its own.

        Raises:
            PasswordsBusyError: too many are waiting already.
        """
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, password: SecretStr, hashed: str | None) -> bool:
        """Whether a password is the one of this hash; for None it takes as long, and is none.

        Raises:
            PasswordsBusyError: too many are waiting already.
        """
        return await self._run(lambda: self._is_right(_bytes(password), hashed or self._of_nobody))

    def is_outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Gives the threads back; what waits for one is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_right(self, password: bytes, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MAX_WAITING:
            raise PasswordsBusyError("Too many passwords are being verified")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _bytes(password: SecretStr) -> bytes:
    # The same characters are typed as one code point here and as two there.
    return unicodedata.normalize("NFC", password.get_secret_value()).encode()


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """What verifies no password, in the time that verifying takes."""
    zeros = (base64.b64encode(bytes(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len))
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return "$".join(["", "argon2id", "v=19", parameters, *zeros])
