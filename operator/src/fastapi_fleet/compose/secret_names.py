"""What looks like a secret: by its name, or by its value where that gives it away."""

import re

_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE|(^|_)(PASS|PWD|PW|KEY|DSN|SALT|PEPPER|APIKEY)(_|$)"
    r"|PGPASS|APIKEY|SIGNING"
)
_ABOUT_ONE = re.compile(
    r"_(FILE|PATH|DIR|URL|URI|EXPIRE\w*|EXPIRY|EXPIRATION|TTL|LIFETIME|AGE|SECONDS|MINUTES|HOURS|DAYS|ALGORITHM|ALG"
    r"|ISSUER|AUDIENCE|NAME|HEADER|PREFIX|TYPE|LENGTH|SIZE|ENABLED|REQUIRED|POLICY|ROUNDS)$"
)
"""Names that speak of a secret, and hold none."""

_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
_GIVEN_AWAY = re.compile(
    r"-----BEGIN|^(sk|pk|rk|whsec)[_-]|^gh[pousr]_|^glpat-|^xox[abprs]-|^(AKIA|ASIA)[A-Z0-9]{12}"
    r"|^eyJ[\w-]+\.[\w-]+\.|^AIza[\w-]{20}|^SG\.[\w-]+\.|^hf_\w{20}|[?&;](password|pwd|token|secret)=",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    upper = name.upper()
    return bool(_SECRET.search(upper)) and not _ABOUT_ONE.search(upper)


def is_secret_value(value: str) -> bool:
    return bool(_WITH_PASSWORD.search(value) or _GIVEN_AWAY.search(value))
