"""What goes into pods as it stands. There is no field for what Pod Security "restricted" refuses."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from fastapi_fleet.api.affinity_spec import ATOMIC, Affinity, Toleration
from fastapi_fleet.api.env_spec import EnvVar
from fastapi_fleet.api.model import (
    ApiModel,
    Argument,
    DataKey,
    ImageReference,
    ObjectName,
    Quantity,
    ResourceRequirements,
    cel,
    cel_rules,
    map_list,
)
from fastapi_fleet.api.network_spec import LabelKey, LabelValue, NamespaceName

_LabelName = NamespaceName
"""A DNS-1123 label."""

_AbsolutePath = Annotated[str, StringConstraints(min_length=2, max_length=512, pattern=r"^/[^:]*$")]
_RelativePath = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^/:][^:]*$")]

_OWN_LABELS = "['app.kubernetes.io/name', 'app.kubernetes.io/component', 'app.kubernetes.io/managed-by']"
_OF_SECURITY = "x.startsWith('container.apparmor.security.beta.kubernetes.io/') || x.startsWith('container.seccomp.')"


class KeyToPath(ApiModel):
    key: DataKey = Field(description="Key in the data.")
    path: _RelativePath = Field(description="Name of the file.")


class _Files(ApiModel):
    optional: bool | None = Field(None, description="Whether it may be absent.")
    items: list[KeyToPath] | None = Field(
        None, max_length=32, description="Keys that become files. All when left out.", json_schema_extra=ATOMIC
    )


class ConfigMapVolume(_Files):
    name: ObjectName = Field(description="Name of the ConfigMap.")


class SecretVolume(_Files):
    secret_name: ObjectName = Field(description="Name of the Secret.")


class EmptyDirVolume(ApiModel):
    size_limit: Quantity | None = Field(None, description="A pod that writes more is evicted.")


class ClaimVolume(ApiModel):
    claim_name: ObjectName = Field(description="Name of the PersistentVolumeClaim; one that several pods may mount.")
    read_only: bool | None = Field(None, description="Whether nobody may write.")


class Volume(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "[has(self.configMap), has(self.secret), has(self.emptyDir), has(self.persistentVolumeClaim)]"
                ".filter(x, x).size() == 1",
                "a volume is one of configMap, secret, emptyDir and persistentVolumeClaim",
            ),
            cel(
                "!(self.name in ['tmp', 'postgres-ca', 'rabbitmq-ca'])",
                "tmp, postgres-ca and rabbitmq-ca are volumes of the operator's",
                field_path=".name",
            ),
        ),
    )

    name: _LabelName = Field(description="Name by which it is mounted.")
    config_map: ConfigMapVolume | None = Field(None, description="Keys of a ConfigMap as files.")
    secret: SecretVolume | None = Field(None, description="Keys of a Secret as files.")
    empty_dir: EmptyDirVolume | None = Field(None, description="Room that ends with the pod.")
    persistent_volume_claim: ClaimVolume | None = Field(None, description="Room that outlives the pod.")


class VolumeMount(ApiModel):
    name: _LabelName = Field(description="Name of the volume.")
    mount_path: _AbsolutePath = Field(description="Where it is in the container.")
    sub_path: _RelativePath | None = Field(None, description="Path in the volume.")
    read_only: bool | None = Field(None, description="Whether the container may not write.")


class PodContainer(ApiModel):
    """A container beside the service's own, hardened like it: unprivileged, root file system read-only."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel("self.name != 'app'", "app is the name of the service's own container", field_path=".name")
        ),
    )

    name: _LabelName = Field(description="Name of the container.")
    image: ImageReference = Field(description="Its image.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the kubelet pulls the image."
    )
    command: list[Argument] | None = Field(
        None, max_length=64, description="Command. That of the image when left out.", json_schema_extra=ATOMIC
    )
    args: list[Argument] | None = Field(
        None, max_length=64, description="Arguments after the command.", json_schema_extra=ATOMIC
    )
    env: list[EnvVar] = Field(
        default=[],
        max_length=64,
        description="Environment variables. It has none of the service's.",
        json_schema_extra=map_list("name"),
    )
    resources: ResourceRequirements | None = Field(None, description="Compute resources.")
    volume_mounts: list[VolumeMount] = Field(
        default=[],
        max_length=16,
        description="Volumes of the pod that it sees.",
        json_schema_extra=map_list("mountPath"),
    )


def _mounted(mounts: str) -> str:
    return f"!has({mounts}) || {mounts}.all(m, has(self.volumes) && self.volumes.exists(v, v.name == m.name))"


def _mounts_rule(containers: str) -> dict[str, str]:
    return cel(
        f"!has(self.{containers}) || self.{containers}.all(c, {_mounted('c.volumeMounts')})",
        f"pod.{containers}: each of volumeMounts must name one of pod.volumes",
        field_path=f".{containers}",
    )


OWN_METADATA_RULES: Final = (
    cel(
        f"!has(self.labels) || self.labels.all(x, !(x in {_OWN_LABELS}) "
        "&& !x.startsWith('fastapi-fleet.io/') && x != 'pod-template-hash')",
        "pod.labels: app.kubernetes.io/name, component and managed-by, fastapi-fleet.io/ and "
        "pod-template-hash are the operator's",
        field_path=".labels",
    ),
    cel(
        f"!has(self.annotations) || self.annotations.all(x, !x.startsWith('fastapi-fleet.io/') && !({_OF_SECURITY}))",
        "pod.annotations: fastapi-fleet.io/ is the operator's, and profiles of AppArmor and seccomp are fixed",
        field_path=".annotations",
    ),
)


class Pod(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            *OWN_METADATA_RULES,
            cel(
                _mounted("self.volumeMounts"),
                "pod.volumeMounts: each must name one of pod.volumes",
                field_path=".volumeMounts",
            ),
            cel(
                "!has(self.volumeMounts) || self.volumeMounts.all(m, "
                "!(m.mountPath in ['/tmp', '/tmp/']) && !m.mountPath.startsWith('/etc/fastapi-fleet'))",
                "pod.volumeMounts: /tmp and /etc/fastapi-fleet are there already",
                field_path=".volumeMounts",
            ),
            _mounts_rule("initContainers"),
            _mounts_rule("sidecars"),
            cel(
                "!has(self.sidecars) || !has(self.initContainers) || "
                "self.sidecars.all(s, self.initContainers.all(i, i.name != s.name))",
                "pod.sidecars: a container of pod.initContainers has that name",
                field_path=".sidecars",
            ),
        ),
    )

    labels: dict[LabelKey, LabelValue] = Field(default={}, max_length=32, description="Labels of the pods.")
    annotations: dict[LabelKey, Argument] = Field(default={}, max_length=32, description="Annotations of the pods.")
    node_selector: dict[LabelKey, LabelValue] = Field(
        default={}, max_length=16, description="Labels that a node must have."
    )
    tolerations: list[Toleration] = Field(
        default=[], max_length=16, description="Taints of nodes that do not matter.", json_schema_extra=ATOMIC
    )
    affinity: Affinity | None = Field(None, description="Which nodes, and near which pods, beside topologySpread.")
    priority_class_name: ObjectName | None = Field(None, description="PriorityClass of the pods.")
    volumes: list[Volume] = Field(
        default=[], max_length=16, description="Volumes of the pods.", json_schema_extra=map_list("name")
    )
    volume_mounts: list[VolumeMount] = Field(
        default=[],
        max_length=16,
        description="Volumes that the service sees.",
        json_schema_extra=map_list("mountPath"),
    )
    init_containers: list[PodContainer] = Field(
        default=[],
        max_length=8,
        description="Containers that end before the service starts, one after the other.",
        json_schema_extra=map_list("name"),
    )
    sidecars: list[PodContainer] = Field(
        default=[],
        max_length=8,
        description="Containers that run as long as the service: they start before it and are stopped after it.",
        json_schema_extra=map_list("name"),
    )


class ServiceAccount(ApiModel):
    name: ObjectName | None = Field(
        None, description="A ServiceAccount that exists. One of the service's own name is made when left out."
    )
    annotations: dict[LabelKey, Argument] = Field(
        default={}, max_length=16, description="Annotations of the one that is made, such as those of a cloud identity."
    )
    mount_token: bool = Field(default=False, description="Whether the pods get a token for the API server.")
