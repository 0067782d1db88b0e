"""The floor: the smallest FastAPI application that answers the same by the same statements over asyncpg.

It validates and serialises as FastAPI does by itself, and has nothing else: no ids, logs, metrics, tokens, timeouts or
layers.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, EmailStr

SELECT = """
SELECT id, email, name, role, greatest(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id WHERE id = $1
"""
INSERT = "INSERT INTO users (id, email, name) VALUES ($1, $2, $3) RETURNING id, email, name, role"
APPEND = "INSERT INTO outbox (id, type, body) VALUES ($1, 'user.registered', $2)"
POOL_SIZE = 8  # as the service's


class UserCreate(BaseModel):
    email: EmailStr
    name: str


class UserCreated(BaseModel):
    id: UUID
    email: str
    name: str
    role: str


class UserRead(UserCreated):
    order_count: int


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=POOL_SIZE, max_size=POOL_SIZE) as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan)


@app.get("/users/{user_id}", response_model=UserRead)
async def get_user(user_id: UUID, request: Request) -> Any:  # noqa: ANN401 - the response model says what it is
    row = await request.state.pool.fetchrow(SELECT, user_id)
    if row is None:
        raise HTTPException(404)
    return dict(row)


@app.post("/users", status_code=201, response_model=UserCreated)
async def create_user(body: UserCreate, request: Request) -> Any:  # noqa: ANN401 - as above
    async with request.state.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(INSERT, uuid4(), body.email, body.name)
        await connection.execute(APPEND, uuid4(), json.dumps({"user_id": str(row["id"]), "email": row["email"]}))
    return dict(row)
