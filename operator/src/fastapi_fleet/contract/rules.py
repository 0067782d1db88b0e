"""Each rule: how grave it is, and what a caller notices."""

from dataclasses import dataclass

from fastapi_fleet.contract.findings import Direction, Severity


@dataclass(frozen=True)
class Rule:
    id: str
    severity: Severity
    words: str
    """With {subject}, what changed, and {detail}."""

    @property
    def narrows(self) -> bool:
        """Fewer values are possible afterwards: what breaks a request, and what no reader of a response minds."""
        return self.id.startswith(Direction.REQUEST) == (self.severity is Severity.BREAKING)


def _breaking(rule: str, words: str) -> Rule:
    return Rule(rule, Severity.BREAKING, words)


def _harmless(rule: str, words: str) -> Rule:
    return Rule(rule, Severity.NOT_BREAKING, words)


_OPERATIONS = (
    _breaking("path-removed", "{subject} is gone: calls get 404"),
    _breaking("method-removed", "{subject} is gone: calls get 405"),
    _harmless("operation-added", "{subject} is new"),
    _harmless("operation-deprecated", "{subject} is deprecated"),
    _breaking("security-added", "{subject} refuses calls {detail}"),
    _harmless("security-removed", "{subject} also takes calls {detail}"),
)

_PARAMETERS = (
    _breaking("parameter-added-required", "calls without the new {subject} are refused"),
    _harmless("parameter-added", "{subject} is new, and may be left out"),
    _breaking("parameter-became-required", "calls without {subject} are refused"),
    _harmless("parameter-became-optional", "{subject} may be left out"),
    _harmless("parameter-removed", "{subject} has no effect any more"),
    _breaking("parameter-style-changed", "{subject} has to be written another way: {detail}"),
    _harmless("parameter-default-changed", "calls without {subject} mean something else: {detail}"),
    _harmless("parameter-deprecated", "{subject} is deprecated"),
)

_REQUEST_BODIES = (
    _breaking("request-body-added-required", "calls without {subject} are refused: it is new"),
    _harmless("request-body-added", "{subject} is new, and may be left out"),
    _breaking("request-body-became-required", "calls without {subject} are refused"),
    _harmless("request-body-became-optional", "{subject} may be left out"),
    _harmless("request-body-removed", "{subject} has no effect any more"),
    _breaking("request-media-type-removed", "{subject} is refused as {detail}"),
    _harmless("request-media-type-added", "{subject} is also taken as {detail}"),
)

_RESPONSES = (
    _breaking("response-status-removed", "{subject} does not come any more"),
    _harmless("response-error-removed", "{subject} does not come any more"),
    _harmless("response-status-added", "{subject} is new"),
    _breaking("response-media-type-removed", "{subject} does not come as {detail} any more"),
    _harmless("response-media-type-added", "{subject} can also be had as {detail}"),
    _breaking("response-header-removed", "{subject} does not come any more"),
    _harmless("response-header-added", "{subject} is new"),
    _breaking("response-header-became-optional", "{subject} can be missing"),
    _harmless("response-header-became-required", "{subject} always comes"),
)

_REQUEST_SCHEMAS = (
    _breaking("request-type-narrowed", "{subject} is refused as {detail}"),
    _harmless("request-type-widened", "{subject} is also taken as {detail}"),
    _breaking("request-null-refused", "{subject} is refused as null"),
    _harmless("request-null-accepted", "{subject} is also taken as null"),
    _breaking("request-enum-narrowed", "{subject} is refused as {detail}"),
    _harmless("request-enum-widened", "{subject} is also taken as {detail}"),
    _breaking("request-format-narrowed", "{subject} is refused unless its format is {detail}"),
    _harmless("request-format-widened", "{subject} need not be of the format {detail} any more"),
    _breaking("request-bounds-narrowed", "{subject} is refused unless it is {detail}"),
    _harmless("request-bounds-widened", "{subject} only has to be {detail}"),
    _breaking("request-constraint-narrowed", "{subject} is refused unless it keeps to {detail}"),
    _harmless("request-constraint-widened", "{subject} need not keep to {detail} any more"),
    _breaking("request-alternative-narrowed", "{subject} is refused as {detail}"),
    _harmless("request-alternative-widened", "{subject} is also taken as {detail}"),
    _breaking("request-field-added-required", "calls without the new {subject} are refused"),
    _harmless("request-field-added", "{subject} is new, and may be left out"),
    _breaking("request-field-became-required", "calls without {subject} are refused"),
    _harmless("request-field-became-optional", "{subject} may be left out"),
    _breaking("request-field-refused", "calls with {subject} are refused: the field is gone"),
    _harmless("request-field-removed", "{subject} has no effect any more"),
    _harmless("request-field-default-changed", "calls without {subject} mean something else: {detail}"),
    _harmless("request-field-deprecated", "{subject} is deprecated"),
    _breaking("request-other-fields-refused", "{subject} is refused with fields that are not named"),
    _harmless("request-other-fields-accepted", "{subject} is also taken with fields that are not named"),
)

_RESPONSE_SCHEMAS = (
    _breaking("response-type-widened", "{subject} can now be {detail}"),
    _harmless("response-type-narrowed", "{subject} is never {detail} any more"),
    _breaking("response-null-added", "{subject} can now be null"),
    _harmless("response-null-removed", "{subject} is never null any more"),
    _breaking("response-enum-widened", "{subject} can now be {detail}"),
    _harmless("response-enum-narrowed", "{subject} is never {detail} any more"),
    _breaking("response-format-widened", "{subject} can now be of another format than {detail}"),
    _harmless("response-format-narrowed", "{subject} is always of the format {detail}"),
    _breaking("response-bounds-widened", "{subject} can now be {detail}"),
    _harmless("response-bounds-narrowed", "{subject} is always {detail}"),
    _breaking("response-constraint-widened", "{subject} is not sure any more to keep to {detail}"),
    _harmless("response-constraint-narrowed", "{subject} always keeps to {detail}"),
    _breaking("response-alternative-widened", "{subject} can now be {detail}"),
    _harmless("response-alternative-narrowed", "{subject} is never {detail} any more"),
    _breaking("response-field-removed", "{subject} does not come any more"),
    _harmless("response-field-added", "{subject} is new"),
    _breaking("response-field-became-optional", "{subject} can be missing"),
    _harmless("response-field-became-required", "{subject} always comes"),
    _harmless("response-field-deprecated", "{subject} is deprecated"),
    _breaking("response-entries-removed", "{subject} has no entries of free names any more"),
    _harmless("response-entries-added", "{subject} can have entries of free names"),
)

RULES = {
    rule.id: rule
    for rule in (
        *_OPERATIONS,
        *_PARAMETERS,
        *_REQUEST_BODIES,
        *_RESPONSES,
        *_REQUEST_SCHEMAS,
        *_RESPONSE_SCHEMAS,
    )
}
