import pytest
from fleetkit.events.cloudevents import CloudEvent, InvalidEventError
from pydantic import BaseModel


class Data(BaseModel):
    size: int


def event() -> CloudEvent:
    return CloudEvent.new(source="/things", event_type="thing.made", subject="1", data=Data(size=3))


def test_survives_the_wire() -> None:
    sent = event()
    received = CloudEvent.parse(sent.model_dump_json().encode())
    assert received == sent
    assert received.data_as(Data) == Data(size=3)


def test_ignores_what_it_does_not_know() -> None:
    body = event().model_dump_json().replace('"size":3', '"size":3,"colour":"green"')
    body = body.replace('"specversion"', '"traceparent":"00-1","specversion"')
    assert CloudEvent.parse(body.encode()).data_as(Data) == Data(size=3)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"specversion":"1.0"}', b"\xff"])
def test_refuses_what_is_no_event(body: bytes) -> None:
    with pytest.raises(InvalidEventError):
        CloudEvent.parse(body)


@pytest.mark.parametrize("event_id", ["", "\0", "1\n", "x" * 256])
def test_refuses_an_id_that_cannot_be_remembered(event_id: str) -> None:
    body = event().model_copy(update={"id": event_id}).model_dump_json()
    with pytest.raises(InvalidEventError, match="id"):
        CloudEvent.parse(body.encode())


def test_refuses_data_that_does_not_fit_naming_the_field() -> None:
    wrong = event().model_copy(update={"data": {"size": "big"}})
    with pytest.raises(InvalidEventError, match="size"):
        wrong.data_as(Data)
