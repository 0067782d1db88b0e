"""What databases and brokers of a Compose file become."""

import pytest
import yaml
from fastapi_fleet.compose.convert import Conversion, Given, convert


def with_broker(image: str) -> Conversion:
    shop = {"image": "shop:1", "ports": ["8000"], "environment": {"RABBITMQ_URL": "amqp://guest:guest@mq/"}}
    file = {"name": "p", "services": {"shop": shop, "mq": {"image": image}}}
    return convert(yaml.safe_dump(file), Given("p", {}, lambda _: None))


@pytest.mark.parametrize("image", ["a.example/rabbitmq:4-06f87b7c2921", "rabbitmq@sha256:" + "0" * 64])
def test_image_of_a_broker_that_does_not_tell_of_its_plugins_is_kept_and_asked_about(image: str) -> None:
    result = with_broker(image)
    assert result.objects[0]["spec"]["rabbitmq"]["image"] == image
    assert [note.kind for note in result.notes if "see that the image has it turned on" in note.message] == ["to do"]


def test_image_of_a_broker_with_the_plugin_is_taken_without_a_word_about_it() -> None:
    assert [note for note in with_broker("rabbitmq:4-management").notes if "plugin" in note.message] == []
