"""Writes the bytecode of modules and of all that they import, and of nothing else, for bytecode is a third of an image.

usage: compile_imported.py NAME...    a module, or NAME.* for a package with every module below it; none may need an
                                      environment
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator


def modules_of(package: str) -> Iterator[str]:
    yield package
    for module in pkgutil.iter_modules(getattr(importlib.import_module(package), "__path__", [])):
        if module.name != "__main__":  # a command, which importing may run
            yield from modules_of(f"{package}.{module.name}")


def main() -> None:
    sys.dont_write_bytecode = False
    sys.path.insert(0, ".")
    for wanted in sys.argv[1:]:
        package = wanted.removesuffix(".*")
        for name in [wanted] if package == wanted else modules_of(package):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
