"""Writes the bytecode of modules and of all that they import, and of nothing else, for bytecode is a third of an image.

usage: compile_imported.py NAME...    a module, or a package with every module below it; none may need an environment
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator


def modules_of(name: str) -> Iterator[str]:
    yield name
    for module in pkgutil.iter_modules(getattr(importlib.import_module(name), "__path__", [])):
        if module.name != "__main__":  # a command, which importing may run
            yield from modules_of(f"{name}.{module.name}")


def main() -> None:
    sys.dont_write_bytecode = False
    sys.path.insert(0, ".")
    for package in sys.argv[1:]:
        for name in modules_of(package):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
