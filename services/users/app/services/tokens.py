"""Who gets a token: a user for a password, a service for its secret."""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping

import structlog
from fleetkit.auth.principal import Principal
from fleetkit.auth.signer import IssuedToken, TokenSigner
from fleetkit.database import Database
from fleetkit.problems import UnauthorizedError
from fleetkit.rate_limit import RateLimiter
from pydantic import SecretStr

from app.models.credentials import Login
from app.repositories.passwords import PasswordRepository
from app.services.passwords import Passwords

# Longer than the name of any service: what is remembered of those that are none is bounded.
_CLIENT_NAME_LENGTH = 64
log = structlog.get_logger(__name__)


class InvalidGrantError(UnauthorizedError):
    """User name and password do not fit; which of them does not is not said."""

    code = "invalid_grant"


class InvalidClientError(UnauthorizedError):
    """The service is not known, or its secret is another."""

    code = "invalid_client"

    def headers(self) -> dict[str, str]:
        """The challenge for clients (RFC 6749, 5.2)."""
        return {"WWW-Authenticate": 'Basic realm="clients"'}


class TokenService:
    """Gives tokens, to so many wrong attempts a minute from one address for one account.

    Args:
        database: where users and the hashes of their passwords are.
        passwords: verifies them.
        signer: signs the tokens.
        clients: the secrets of services by name.
        limiter: counts the attempts of users that failed.
        client_limiter: counts those of services; another one, because names cost nothing to try, and very many would
            push the accounts out of the limit.
    """

    def __init__(
        self,
        database: Database,
        *,
        passwords: Passwords,
        signer: TokenSigner,
        clients: Mapping[str, SecretStr],
        limiter: RateLimiter,
        client_limiter: RateLimiter,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._signer = signer
        self._clients = {name: _digest(secret) for name, secret in clients.items()}
        self._limiter = limiter
        self._client_limiter = client_limiter

    async def for_user(self, username: str, password: SecretStr, *, address: str) -> IssuedToken:
        """Gives a token to the user with this e-mail address and password.

        Whether the address or the password was wrong shows neither in the answer nor in the time it takes.

        Raises:
            InvalidGrantError: they do not fit.
            TooManyRequestsError: they did not fit too often.
        """
        with self._limiter.attempt(f"{_account(username)} {address}", counted=InvalidGrantError):
            login = await self._login(username, password, address)
        await self._renew_hash(login, password)
        return self._signer.sign(Principal.of_user(login.user_id, login.role))

    async def for_service(self, name: str, secret: SecretStr, *, address: str) -> IssuedToken:
        """Gives a token to a service.

        Raises:
            InvalidClientError: it is unknown, or the secret is wrong.
            TooManyRequestsError: that was so too often.
        """
        with self._client_limiter.attempt(f"{name[:_CLIENT_NAME_LENGTH]} {address}", counted=InvalidClientError):
            self._require_client(name, secret, address)
        return self._signer.sign(Principal.of_service(name))

    async def _login(self, username: str, password: SecretStr, address: str) -> Login:
        async with self._database.acquire() as connection:
            login = await PasswordRepository(connection).find_login(username)
        is_right = await self._passwords.verify(password, login.password_hash if login else None)
        if login is None or not is_right:
            log.info("Login failed", client=address)
            raise InvalidGrantError("Wrong user name or password")
        return login

    def _require_client(self, name: str, secret: SecretStr, address: str) -> None:
        expected = self._clients.get(name)
        # Compared for an unknown name too, which takes as long.
        is_right = hmac.compare_digest(_digest(secret), expected or bytes(hashlib.sha256().digest_size))
        if expected is None or not is_right:
            log.warning("Token was refused to a service", client=address)
            raise InvalidClientError("Unknown client or wrong secret")

    async def _renew_hash(self, login: Login, password: SecretStr) -> None:
        if login.password_hash is None or not self._passwords.is_outdated(login.password_hash):
            return
        renewed = await self._passwords.hash(password)
        async with self._database.acquire() as connection:
            await PasswordRepository(connection).replace(login.user_id, login.password_hash, renewed)


def _account(username: str) -> str:
    """One text for all ways to write an address that the database may take for the same."""
    # Its locale knows other pairs of capital and small letters than Python does: for some it is "i" that "İ" becomes.
    letters = (each for each in unicodedata.normalize("NFKD", username) if not unicodedata.combining(each))
    return "".join(letters).casefold()


def _digest(secret: SecretStr) -> bytes:
    # Of one length, so that comparing does not tell how long a secret is.
    return hashlib.sha256(secret.get_secret_value().encode()).digest()
