"""One Secret for what the file keeps secret: two services that share a value share its key."""

from fastapi_fleet.compose.environment import Variable


class SecretBook:
    def __init__(self, name: str) -> None:
        self.name = name
        self._sources: dict[str, str] = {}

    @property
    def keys(self) -> list[str]:
        return list(self._sources)

    def reference(self, service: str, variable: Variable) -> dict[str, str]:
        """The item of spec.secrets for a variable. Its value stays out of everything that is written."""
        return {"env": variable.name, "name": self.name, "key": self._key(service, variable)}

    def _key(self, service: str, variable: Variable) -> str:
        shared = next((key for key, source in self._sources.items() if source == variable.source), None)
        if shared:
            return shared
        wanted = variable.made_of[0] if variable.is_one else variable.name
        key = wanted if wanted not in self._sources else f"{service}.{variable.name}"
        self._sources[key] = variable.source
        return key
