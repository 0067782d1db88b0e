"""Differences of the parameters of an operation."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi_fleet.contract.annotations import default_change
from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.operations import Operation
from fastapi_fleet.contract.rules import RULES
from fastapi_fleet.contract.schemas import SchemaComparison
from fastapi_fleet.contract.variant import Schema

_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_HEADERS_SAID_ELSEWHERE = {"accept", "content-type", "authorization"}


@dataclass(frozen=True)
class Parameter:
    name: str
    where: str
    place: Node

    @property
    def words(self) -> str:
        return f"{self.where} parameter `{self.name}`"

    @property
    def required(self) -> bool:
        return self.where == "path" or self.place.flag("required")

    @property
    def schema(self) -> Schema:
        if (schema := self.place.get("schema")) is not None:
            return (schema,)
        content = self.place.get("content")
        media = list(content.children().values()) if content is not None else []
        schema = media[0].get("schema") if media else None
        return (schema,) if schema is not None else ()

    @property
    def style(self) -> str:
        """Together with what it means where it is not said."""
        given = self.place.get("style")
        style = given.word() if given is not None else _STYLES[self.where]
        exploded = self.place.flag("explode") if self.place.get("explode") is not None else style == "form"
        content = self.place.get("content")
        media = f" as {', '.join(content.children())}" if content is not None else ""
        return f"style {style}, {'exploded' if exploded else 'not exploded'}{media}"


def parameters(operation: Operation) -> dict[tuple[str, str], Parameter]:
    """By where they are and what they are called; those of a path by their number."""
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (operation.shared, operation.place):
        given = holder.get("parameters")
        for element in given.elements() if given is not None else []:
            parameter = _parameter(element.target())
            if parameter.where != "header" or parameter.name.lower() not in _HEADERS_SAID_ELSEWHERE:
                found[parameter.where, _identity(parameter, operation)] = parameter
    return found


def _parameter(place: Node) -> Parameter:
    where = place.need("in")
    if where.word() not in _STYLES:
        raise where.malformed(f"{where.word()} is no place of a parameter")
    return Parameter(place.need("name").word(), where.word(), place)


def _identity(parameter: Parameter, operation: Operation) -> str:
    if parameter.where == "path" and parameter.name in operation.path_parameters:
        return str(operation.path_parameters.index(parameter.name))
    return parameter.name.lower() if parameter.where == "header" else parameter.name


def parameter_changes(before: Operation, after: Operation) -> Iterator[tuple[str, Change]]:
    old, new = parameters(before), parameters(after)
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield old[key].words, Change(RULES["parameter-removed"], old[key].place.place)
        elif key not in old:
            rule = "parameter-added-required" if new[key].required else "parameter-added"
            yield new[key].words, Change(RULES[rule], new[key].place.place)
        else:
            yield from ((new[key].words, change) for change in _kept(old[key], new[key]))


def _kept(old: Parameter, new: Parameter) -> Iterator[Change]:
    place = new.place.place
    pair = Pair(old.schema, new.schema)
    if old.required != new.required:
        yield Change(RULES[f"parameter-became-{'required' if new.required else 'optional'}"], place)
    if old.style != new.style:
        yield Change(RULES["parameter-style-changed"], place, detail=f"{new.style}, before {old.style}")
    if new.place.flag("deprecated") and not old.place.flag("deprecated"):
        yield Change(RULES["parameter-deprecated"], place)
    if not old.required and not new.required and (detail := default_change(pair)) is not None:
        yield Change(RULES["parameter-default-changed"], place, detail=detail)
    yield from SchemaComparison(Direction.REQUEST, textual=True).compare(pair)
