"""Environment of the app container."""

from collections.abc import Iterable, Iterator

from fastapi_fleet.api.env_spec import EnvFromSource, EnvVar
from fastapi_fleet.api.pool_spec import POOL_VARIABLES
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.signing_key_spec import SigningKey
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.service_inputs import ServiceInputs


def render_env(name: str, namespace: str, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> list[Manifest]:
    """Variables one by one. A variable of the own Secret is named, not taken wholesale: a missing key stops the pod."""
    own = [_from_secret(env, names.secret(name), env) for env in own_secret_keys(spec)]
    foreign = [_from_secret(secret.env, secret.name, secret.key) for secret in spec.secrets if secret.name is not None]
    urls = [
        {
            "name": service.env,
            "value": names.service_url(service.name, namespace, inputs.dependency_ports[service.name]),
        }
        for service in spec.services
    ]
    return [
        *_identity(name, spec),
        *_process(spec),
        *_pool(spec),
        *own,
        *foreign,
        *urls,
        *render_variables(spec.env),
    ]


def render_env_from(name: str, spec: FastAPIServiceSpec) -> list[Manifest]:
    config = [{"configMapRef": {"name": names.config_map(name)}}] if spec.config else []
    return [*config, *(_render_source(source) for source in spec.env_from)]


def own_secret_keys(spec: FastAPIServiceSpec) -> list[str]:
    """Keys of the service's own Secret: connection URLs and generated values. Each is a variable's name, too."""
    urls = [
        key
        for key, wanted in ((names.DATABASE_URL, spec.database), (names.RABBITMQ_URL, spec.broker))
        if wanted is not None
    ]
    keys = (variable for env, key in signing_keys(spec).items() for variable in (env, key.other_env))
    return [*urls, *generated_keys(spec), *keys]


def generated_keys(spec: FastAPIServiceSpec) -> list[str]:
    return [secret.env for secret in spec.secrets if secret.generate]


def signing_keys(spec: FastAPIServiceSpec) -> dict[str, SigningKey]:
    """By the variable of the key that signs."""
    return {secret.env: secret.signing_key for secret in spec.secrets if secret.signing_key is not None}


def require_unique_variables(spec: FastAPIServiceSpec) -> None:
    """Raises InvalidSpecError when two fields set the same variable: one of them would be lost silently."""
    origin: dict[str, str] = {}
    for variable, field in variables_of(spec):
        if variable in origin:
            raise InvalidSpecError(field, f"variable {variable} is already set by {origin[variable]}")
        origin[variable] = field


def variables_of(spec: FastAPIServiceSpec) -> Iterator[tuple[str, str]]:
    """Each variable that the spec sets, and the field by which it does."""
    if spec.database is not None:
        yield names.DATABASE_URL, "spec.database"
        yield from ((variable, "spec.database.pool") for variable in POOL_VARIABLES if spec.database.pool is not None)
    if spec.broker is not None:
        yield names.RABBITMQ_URL, "spec.broker"
    yield from ((key, f"spec.config[{key}]") for key in spec.config)
    yield from ((secret.env, f"spec.secrets[{at}].env") for at, secret in enumerate(spec.secrets))
    yield from (
        (secret.signing_key.other_env, f"spec.secrets[{at}].signingKey.otherEnv")
        for at, secret in enumerate(spec.secrets)
        if secret.signing_key is not None
    )
    yield from ((service.env, f"spec.services[{at}].env") for at, service in enumerate(spec.services))
    yield from ((variable.name, f"spec.env[{at}].name") for at, variable in enumerate(spec.env))


def _identity(name: str, spec: FastAPIServiceSpec) -> list[Manifest]:
    """The service's name, where its broker user depends on it and no field of the spec says otherwise."""
    if spec.broker is None or names.SERVICE_NAME in dict(variables_of(spec)):
        return []
    return [{"name": names.SERVICE_NAME, "value": name}]


def _process(spec: FastAPIServiceSpec) -> list[Manifest]:
    """Requests alone where a worker carries the events, unless the spec says otherwise."""
    if spec.worker is None or names.PROCESS in dict(variables_of(spec)):
        return []
    return [{"name": names.PROCESS, "value": "web"}]


def _pool(spec: FastAPIServiceSpec) -> list[Manifest]:
    if spec.database is None or spec.database.pool is None:
        return []
    pool = spec.database.pool
    values = (pool.size, pool.overflow, pool.most)
    return [{"name": name, "value": str(value)} for name, value in zip(POOL_VARIABLES, values, strict=True)]


def _from_secret(variable: str, secret: str | None, key: str | None) -> Manifest:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def render_variables(variables: Iterable[EnvVar]) -> list[Manifest]:
    return [variable.model_dump(by_alias=True, exclude_none=True) for variable in variables]


def _render_source(source: EnvFromSource) -> Manifest:
    rendered: Manifest = source.model_dump(by_alias=True, exclude_none=True)
    return rendered
