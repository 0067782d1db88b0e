import re
from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "README.md"


def test_the_service_of_the_readme_can_be_built() -> None:
    (example, *_) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    module: dict[str, Any] = {"__name__": "things", "__file__": str(README)}
    exec(compile(example, str(README), "exec"), module)  # noqa: S102 - it is the project's own text
    urls = {"database_url": "postgresql://u:p@nowhere/things", "rabbitmq_url": "amqp://u:p@nowhere/%2F"}
    app = module["create_app"](module["Settings"].model_validate(urls))
    assert app.title == "things"
