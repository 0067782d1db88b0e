import asyncio
from collections.abc import Iterator
from contextlib import closing
from threading import Event, Lock
from typing import Literal

import pytest
from app.services.passwords import MAX_WAITING, THREADS, Passwords, PasswordsBusyError
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr

RIGHT, WRONG = SecretStr("correct horse battery"), SecretStr("wrong horse battery")


class CountingHasher(PasswordHasher):
    """Counts what verifies, and how much of it at once; waits until it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str | bytes] = []
        self.at_once = 0
        self.most_at_once = 0
        self.released = Event()
        self._lock = Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002, ARG002 - the library's
        with self._lock:
            self.verified.append(hash)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.released.wait(10)
        with self._lock:
            self.at_once -= 1
        raise VerifyMismatchError


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    with closing(Passwords()) as passwords:
        yield passwords


async def test_verifies_the_password_that_was_hashed_and_no_other(passwords: Passwords) -> None:
    hashed = await passwords.hash(RIGHT)
    assert await passwords.verify(RIGHT, hashed)
    assert not await passwords.verify(WRONG, hashed)


async def test_hashes_by_argon2id_with_a_salt_of_its_own(passwords: Passwords) -> None:
    hashes = {await passwords.hash(RIGHT) for _ in range(2)}
    assert len(hashes) == 2
    assert all(hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for hashed in hashes)


async def test_where_there_is_no_hash_the_same_work_is_done_in_vain() -> None:
    hasher = CountingHasher()
    hasher.released.set()
    with closing(Passwords(hasher)) as passwords:
        assert not await passwords.verify(RIGHT, None)
        assert not await passwords.verify(RIGHT, hasher.hash("another"))
    of_nobody, of_somebody = (str(hashed).split("$") for hashed in hasher.verified)
    assert of_nobody[:4] == of_somebody[:4]
    assert [len(part) for part in of_nobody] == [len(part) for part in of_somebody]


async def test_no_password_is_the_one_of_nobody(passwords: Passwords) -> None:
    assert not await passwords.verify(SecretStr(""), None)


def test_a_hash_of_other_parameters_is_outdated(passwords: Passwords) -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


async def test_works_at_a_few_at_once_and_sends_away_what_would_wait_too_long() -> None:
    hasher = CountingHasher()
    with closing(Passwords(hasher)) as passwords:
        waiting = [asyncio.create_task(passwords.verify(WRONG, None)) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(PasswordsBusyError):
            await passwords.verify(WRONG, None)
        hasher.released.set()
        assert await asyncio.gather(*waiting) == [False] * MAX_WAITING
        assert hasher.most_at_once == THREADS
        assert not await passwords.verify(WRONG, None)
