"""The usual way: the same endpoints as in the full-stack FastAPI template, SQLModel sessions in `def` endpoints.

It is spared what the template does beside: tokens, and the look-up of their user.
"""

import os
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from pydantic import EmailStr
from sqlalchemy import Column, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, SQLModel, col, create_engine, select

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))


class UserBase(SQLModel):
    email: EmailStr
    name: str
    role: str = "member"


class User(UserBase, table=True):
    __tablename__ = "users"
    id: UUID = Field(default_factory=uuid4, primary_key=True)


class OrderCount(SQLModel, table=True):
    __tablename__ = "order_counts"
    user_id: UUID = Field(primary_key=True)
    orders: int


class Event(SQLModel, table=True):
    __tablename__ = "outbox"
    position: int | None = Field(default=None, primary_key=True)
    id: UUID = Field(default_factory=uuid4)
    type: str
    body: dict[str, Any] = Field(sa_column=Column(JSONB))


class UserCreated(UserBase):
    id: UUID


class UserRead(UserCreated):
    order_count: int


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
app = FastAPI()


@app.get("/users/{user_id}", response_model=UserRead)
def get_user(user_id: UUID, session: SessionDep) -> Any:  # noqa: ANN401 - the response model says what it is
    count = func.greatest(OrderCount.orders, 0)
    statement = select(User, count).join(OrderCount, col(User.id) == OrderCount.user_id, isouter=True)
    found = session.exec(statement.where(User.id == user_id)).one_or_none()
    if found is None:
        raise HTTPException(404)
    user, order_count = found
    return UserRead.model_validate(user, update={"order_count": order_count})


@app.post("/users", status_code=201, response_model=UserCreated)
def create_user(body: UserBase, session: SessionDep) -> Any:  # noqa: ANN401 - as above
    user = User.model_validate(body)
    session.add(user)
    session.add(Event(type="user.registered", body={"user_id": str(user.id), "email": user.email}))
    session.commit()
    session.refresh(user)
    return user
