"""Folders with the scripts of Alembic, as images have them."""

from collections.abc import Mapping
from pathlib import Path

INI = "[alembic]\nscript_location = %(here)s/migrations\n"

ENVIRONMENT = """
import asyncio, os
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()

asyncio.run(main())
"""

SCRIPT = """
from alembic import op
revision = {revision!r}
down_revision = {before!r}
def upgrade():
    op.execute('create table made_by_{revision} (id int)')
def downgrade():
    op.execute('drop table made_by_{revision}')
"""


def write_scripts(folder: Path, revisions: Mapping[str, str | None], environment: str = ENVIRONMENT) -> Path:
    """`revisions`: each with the one that it follows."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI)
    (folder / "migrations" / "env.py").write_text(environment)
    for revision, before in revisions.items():
        (versions / f"{revision}.py").write_text(SCRIPT.format(revision=revision, before=before))
    return folder
