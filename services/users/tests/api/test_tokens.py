import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import product

import httpx2
import jwt
import pytest
from app.config import Settings
from app.main import create_app
from app.services.passwords import Passwords
from app.services.tokens import InvalidClientError, InvalidGrantError, TokenService
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fleetkit.auth.client_credentials import ServiceTokenSource
from fleetkit.auth.jwks import RemoteKeys
from fleetkit.auth.settings import TokenSettings
from fleetkit.auth.signer import TokenSigner
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.database import Database
from fleetkit.problems import TooManyRequestsError
from fleetkit.rate_limit import RateLimiter
from fleetkit.testing import eventually, running_app
from fleetkit.testing.tokens import JWT_KEY
from pydantic import SecretStr

ADA = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}


async def log_in(
    client: httpx2.AsyncClient, email: str = ADA["email"], password: str = ADA["password"]
) -> httpx2.Response:
    return await client.post("/auth/token", data={"grant_type": "password", "username": email, "password": password})


async def log_in_as_service(client: httpx2.AsyncClient, name: str, secret: str) -> httpx2.Response:
    return await client.post("/auth/token", data={"grant_type": "client_credentials"}, auth=(name, secret))


@asynccontextmanager
async def serving(settings: Settings, **changed: object) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_app(create_app(Settings.model_validate(settings.model_dump() | changed))) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


async def test_gives_a_token_that_is_the_users(anonymous: httpx2.AsyncClient) -> None:
    user = (await anonymous.post("/users", json=ADA)).json()
    answer = await log_in(anonymous)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 3600)
    claims = jwt.decode(answer.json()["access_token"], JWT_KEY, algorithms=["HS256"], audience="fastapi-fleet")
    assert (claims["sub"], claims["roles"]) == (user["id"], ["member"])


async def test_the_address_of_a_login_may_be_in_whatever_case(anonymous: httpx2.AsyncClient) -> None:
    await anonymous.post("/users", json=ADA)
    assert (await log_in(anonymous, "ADA@example.COM")).status_code == 200


async def test_the_same_password_may_be_typed_in_another_way(anonymous: httpx2.AsyncClient) -> None:
    await anonymous.post("/users", json={**ADA, "password": "caf\u00e9 au lait"})
    assert (await log_in(anonymous, password="cafe\u0301 au lait")).status_code == 200


async def test_every_wrong_login_gets_the_same_answer(anonymous: httpx2.AsyncClient) -> None:
    await anonymous.post("/users", json=ADA)
    await anonymous.post("/users", json={"email": "bob@example.com", "name": "Bob"})
    answers = [
        await log_in(anonymous, password="wrong horse battery"),
        await log_in(anonymous, password=""),
        await log_in(anonymous, "nobody@example.com"),
        await log_in(anonymous, "bob@example.com", ""),
        await log_in(anonymous, ""),
        await anonymous.post("/auth/token", data={"grant_type": "password"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"invalid_grant"}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "implicit"},
        {"grant_type": "password", "username": "a\x00da", "password": "x"},
        {"grant_type": "password", "username": "x" * 321, "password": "x"},
        {"grant_type": "password", "username": "ada", "password": "x" * 129},
    ],
)
async def test_refuses_a_form_that_is_no_request_for_a_token(
    anonymous: httpx2.AsyncClient, form: dict[str, str]
) -> None:
    answer = await anonymous.post("/auth/token", data=form)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "x" * 100 not in answer.text


async def test_refuses_what_is_no_form(anonymous: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await anonymous.post("/auth/token", content=b"--y\r\nnonsense", headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_wrong_passwords_are_refused_after_ten_a_minute_and_right_ones_do_not_count(
    anonymous: httpx2.AsyncClient,
) -> None:
    await anonymous.post("/users", json=ADA)
    for _ in range(12):
        assert (await log_in(anonymous)).status_code == 200
    for _ in range(10):
        assert (await log_in(anonymous, password="wrong horse battery")).status_code == 401
    for email in (ADA["email"], ADA["email"].upper()):
        answer = await log_in(anonymous, email)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 6
    assert (await log_in(anonymous, "bob@example.com")).status_code == 401


async def test_an_account_is_limited_in_whatever_way_its_address_is_written(anonymous: httpx2.AsyncClient) -> None:
    await anonymous.post("/users", json={**ADA, "email": "iris@example.com"})
    ways = [f"{first}r{second}s@example.com" for first, second in product("iI\u0130", repeat=2)]
    statuses = [(await log_in(anonymous, way, "wrong")).status_code for way in [*ways, "i\u0307ris@example.com", *ways]]
    assert statuses == [401] * 10 + [429] * 9


async def test_names_of_services_push_no_account_out_of_the_limit(
    settings: Settings, anonymous: httpx2.AsyncClient
) -> None:
    assert (await anonymous.get("/health/ready")).is_success
    with closing(Passwords()) as passwords:
        async with Database(settings, application_name="test") as database:
            await database.open()
            tokens = TokenService(
                database,
                passwords=passwords,
                signer=TokenSigner(settings),
                clients={},
                limiter=RateLimiter(1, max_keys=1),
                client_limiter=RateLimiter(1, max_keys=1),
            )
            with pytest.raises(InvalidGrantError):
                await tokens.for_user("ada@example.com", SecretStr("wrong"), address="")
            with pytest.raises(InvalidClientError):
                await tokens.for_service("nobody", SecretStr("wrong"), address="")
            with pytest.raises(TooManyRequestsError):
                await tokens.for_user("ada@example.com", SecretStr("wrong"), address="")


async def test_names_too_long_for_a_service_are_limited_together(anonymous: httpx2.AsyncClient) -> None:
    names = ["x" * 64 + str(number) for number in range(11)]
    statuses = [(await log_in_as_service(anonymous, name, "wrong")).status_code for name in names]
    assert statuses == [401] * 10 + [429]


async def test_an_account_that_is_none_is_limited_likewise(anonymous: httpx2.AsyncClient) -> None:
    statuses = [(await log_in(anonymous)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_gives_a_service_a_token_of_its_own(settings: Settings, anonymous: httpx2.AsyncClient) -> None:
    secret = settings.service_clients["orders"].get_secret_value()
    by_basic = await log_in_as_service(anonymous, "orders", secret)
    form = {"grant_type": "client_credentials", "client_id": "orders", "client_secret": secret}
    by_form = await anonymous.post("/auth/token", data=form)
    for answer in (by_basic, by_form):
        token = answer.raise_for_status().json()["access_token"]
        claims = jwt.decode(token, JWT_KEY, algorithms=["HS256"], audience="fastapi-fleet")
        assert (claims["sub"], claims["roles"]) == ("service:orders", ["service"])


async def test_the_client_of_the_kit_gets_and_uses_a_token(settings: Settings, anonymous: httpx2.AsyncClient) -> None:
    async with ServiceTokenSource(
        "http://users",
        client_id="orders",
        client_secret=settings.service_clients["orders"],
        transport=anonymous._transport,
    ) as source:
        headers = {"Authorization": f"Bearer {await source.token()}"}
    assert (await anonymous.get("/users", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("orders", "wrong"),
        ("orders", ""),
        ("nobody", "secret of the orders service"),
        ("", ""),
        ("ORDERS", "secret of the orders service"),
    ],
)
async def test_refuses_a_service_by_a_challenge(anonymous: httpx2.AsyncClient, name: str, secret: str) -> None:
    answer = await log_in_as_service(anonymous, name, secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert (await anonymous.post("/auth/token", data={"grant_type": "client_credentials"})).status_code == 401


async def test_wrong_secrets_are_refused_after_ten_a_minute(anonymous: httpx2.AsyncClient) -> None:
    statuses = [(await log_in_as_service(anonymous, "orders", "wrong")).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_an_account_without_a_password_gets_no_token(anonymous: httpx2.AsyncClient) -> None:
    await anonymous.post("/users", json={"email": ADA["email"], "name": "Ada"})
    assert (await log_in(anonymous)).status_code == 401


async def test_shows_no_key_where_the_secret_is_shared(anonymous: httpx2.AsyncClient) -> None:
    assert (await anonymous.get("/.well-known/jwks.json")).json() == {"keys": []}


async def test_with_keys_of_its_own_others_verify_what_it_signs_and_hold_no_secret(settings: Settings) -> None:
    old, new, other = (Ed25519PrivateKey.generate() for _ in range(3))
    pem = new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    previous = old.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    changed = {
        "jwt_algorithm": "EdDSA",
        "jwt_secret": None,
        "jwt_private_key": pem,
        "jwt_previous_public_keys": previous,
        "jwt_other_private_key": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    }
    async with serving(settings, **changed) as client:
        user = (await client.post("/users", json=ADA)).json()
        token = (await log_in(client)).json()["access_token"]
        own = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
        keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
        remote = RemoteKeys("http://users/.well-known/jwks.json", transport=client._transport)
        principal = await TokenVerifier(remote, TokenSettings(jwt_algorithm="EdDSA")).verify(token)
    assert principal.subject == own.json()["id"] == user["id"]
    assert len(keys) == 3
    assert not any("d" in key for key in keys)


async def test_passwords_and_tokens_are_in_no_answer_and_no_log_line(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings, log_level="DEBUG") as client:
        created = await client.post("/users", json=ADA)
        too_short = await client.post("/users", json={**ADA, "password": "hunter2"})
        wrong = await log_in(client, password="wrong horse battery")
        token = (await log_in(client)).json()["access_token"]
        own = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
        configuration = await client.get("/config-check")
        service_secret = settings.service_clients["orders"].get_secret_value()
        await log_in_as_service(client, "orders", service_secret)
    assert (too_short.status_code, own.status_code) == (422, 200)
    seen = [answer.text for answer in (created, too_short, wrong, own, configuration)] + [capsys.readouterr().out]
    for secret in (ADA["password"], "hunter2", "wrong horse battery", token, "argon2", JWT_KEY, service_secret):
        assert not any(secret in text for text in seen)


async def test_log_lines_of_a_request_have_the_user(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(settings) as client:
        user = (await client.post("/users", json=ADA)).json()
        token = (await log_in(client)).json()["access_token"]
        await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    of_requests = {line["path"]: line.get("user_id") for line in lines if line["event"] == "Request finished"}
    assert of_requests == {"/users": None, "/auth/token": None, "/users/me": user["id"]}
