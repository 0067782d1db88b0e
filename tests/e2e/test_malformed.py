"""Whatever breaks the schema is refused by a message that names the field: every constraint of every field is tried."""

import json

import pytest
from kubectl import Kubectl, KubectlError, local_cluster
from malformed import Malformed, malformed_resources

MALFORMED = malformed_resources()


@pytest.fixture(scope="module")
def refusals() -> list[str]:
    """What the API server answers to each of them, asked in one go and without storing any."""
    documents = "\n".join(json.dumps(one.manifest) for one in MALFORMED)
    return _refusals(local_cluster(), documents)


def _refusals(cluster: Kubectl, documents: str) -> list[str]:
    with pytest.raises(KubectlError) as refused:
        cluster.run("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=documents)
    return refused.value.stderr.split("Error from server")[1:]


def test_every_malformed_resource_is_refused(refusals: list[str]) -> None:
    assert len(refusals) == len(MALFORMED) >= 120


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda malformed: malformed.id)
def test_refusal_names_the_field(refusals: list[str], malformed: Malformed) -> None:
    told = [refusal for refusal in refusals if malformed.kind in refusal and malformed.field in refusal]
    assert any(malformed.told in refusal for refusal in told), told
