"""Whether a running service does what its OpenAPI document says, by Schemathesis with all its checks."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SEED = 1
EXAMPLES = 15
LIMIT_SECONDS = 300.0


async def schema_findings(url: str, headers: Mapping[str, str], configuration: Path) -> str:
    """Sends requests made from the document of the service at `url`, valid and not, alone and in sequences.

    Args:
        url: where the service is.
        headers: sent with each request, as those that say who asks.
        configuration: a `schemathesis.toml`, by its absolute path.

    Returns:
        What was found: answers that the document does not declare, servers that failed, and the like; empty if nothing.
    """
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run"]
    command += ["--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-deterministic"]
    command += ["--no-color", "--continue-on-failure", f"{url}/openapi.json"]
    command += [part for name, value in headers.items() for part in ("--header", f"{name}:{value}")]
    with tempfile.TemporaryDirectory() as folder:  # it leaves reports where it runs
        return await _output_of_failure(command, folder)


async def _output_of_failure(command: list[str], folder: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return "" if process.returncode == 0 else output.decode()
