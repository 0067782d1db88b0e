"""How many connections a database server lets in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerCapacity:
    """`reserved`: of the `most`, those that are kept for administrators."""

    most: int
    reserved: int

    @property
    def for_services(self) -> int:
        return self.most - self.reserved
