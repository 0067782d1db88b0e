import subprocess
import sys
from pathlib import Path

from fleetkit.migrations import expected_revisions


def write_revision(folder: Path, revision: str, follows: str) -> None:
    versions = folder / "versions"
    versions.mkdir(exist_ok=True)
    (versions / f"{revision}.py").write_text(f'revision: str = "{revision}"\ndown_revision = {follows}\n')


def test_the_expected_revision_is_the_one_that_none_follows(tmp_path: Path) -> None:
    write_revision(tmp_path, "0001", "None")
    write_revision(tmp_path, "0003", '"0002"')
    write_revision(tmp_path, "0002", '"0001"')
    assert expected_revisions(tmp_path) == {"0003"}


def test_a_merge_follows_each_of_its_branches(tmp_path: Path) -> None:
    write_revision(tmp_path, "a", "None")
    write_revision(tmp_path, "b", "None")
    assert expected_revisions(tmp_path) == {"a", "b"}
    write_revision(tmp_path, "merge", '("a", "b")')
    assert expected_revisions(tmp_path) == {"merge"}


def test_a_service_that_has_its_schema_loads_neither_alembic_nor_sqlalchemy() -> None:
    modules = "fleetkit.app, fleetkit.background, fleetkit.events.runtime, fleetkit.idempotency, fleetkit.migrations"
    script = f"import sys, {modules}; print(sorted({{'alembic', 'sqlalchemy'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - a fixed program
    assert result.stdout.strip() == "[]"
