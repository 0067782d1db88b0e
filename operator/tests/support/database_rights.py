"""What a service with migrations apart from it may do in its database, and what it may not."""

import asyncpg
import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresServer

from support.databases import log_in

SCHEMA = """
CREATE TABLE orders (id serial PRIMARY KEY, total int);
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, text text);
CREATE VIEW totals AS SELECT sum(total) FROM orders;
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
CREATE SCHEMA archive;
CREATE TABLE archive.orders (id int);
CREATE SEQUENCE archive.numbers;
INSERT INTO orders (total) VALUES (42);
"""

USE = [
    "SELECT * FROM orders",
    "INSERT INTO orders (total) VALUES (1)",
    "UPDATE orders SET total = 2",
    "DELETE FROM orders WHERE total = 2",
    "INSERT INTO notes (text) VALUES ('hello')",
    "SELECT * FROM totals",
    "SELECT twice(21)",
    "SELECT 'new'::state",
    "INSERT INTO archive.orders VALUES (1)",
    "SELECT nextval('archive.numbers')",
    "SELECT pg_advisory_xact_lock(1)",
    "LISTEN something",
]

FORBIDDEN = [
    "CREATE TABLE more (id int)",
    "CREATE TABLE archive.more (id int)",
    "CREATE TEMP TABLE scratch (id int)",
    "CREATE SCHEMA more",
    "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE more AS ENUM ('a')",
    "CREATE EXTENSION citext",
    "CREATE INDEX ON orders (total)",
    "CREATE DATABASE more",
    "CREATE ROLE more",
    "ALTER TABLE orders ADD COLUMN more int",
    "ALTER ROLE CURRENT_USER CREATEDB",
    "DROP TABLE orders",
    "DROP VIEW totals",
    "DROP FUNCTION twice(int)",
    "DROP SCHEMA archive CASCADE",
    "TRUNCATE orders",
    "SELECT setval('archive.numbers', 1)",
    "SELECT * FROM pg_authid",
    "COPY orders TO PROGRAM 'cat'",
]


async def assert_only_uses(server: PostgresServer, request: DatabaseRequest) -> None:
    """The service reads and writes rows of all that there is, and no more."""
    service = await log_in(server, request)
    for statement in USE:
        await service.execute(statement)
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)
    await service.close()
