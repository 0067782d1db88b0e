"""Environment variables of a container."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, Argument, DataKey, EnvName, ObjectName, cel, cel_rules


class KeySelector(ApiModel):
    name: ObjectName = Field(description="Name of the Secret or ConfigMap in the same namespace.")
    key: DataKey = Field(description="Key in its data.")
    optional: bool | None = Field(None, description="Whether the object or the key may be absent.")


class FieldSelector(ApiModel):
    field_path: Annotated[str, StringConstraints(min_length=1, max_length=253)] = Field(
        description="Field of the pod, such as metadata.name or status.podIP."
    )


class EnvVarSource(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(x, x).size() == 1",
                "set exactly one of secretKeyRef, configMapKeyRef and fieldRef",
            )
        ),
    )

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap.")
    field_ref: FieldSelector | None = Field(None, description="A field of the pod itself.")


class EnvVar(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel("!(has(self.value) && has(self.valueFrom))", "set value or valueFrom, not both")
        ),
    )

    name: EnvName = Field(description="Name of the environment variable.")
    value: Argument | None = Field(None, description="Literal value. Never a secret: use secrets for those.")
    value_from: EnvVarSource | None = Field(None, description="Where the value comes from.")


class ObjectReference(ApiModel):
    name: ObjectName = Field(description="Name of the object in the same namespace.")
    optional: bool | None = Field(None, description="Whether it may be absent.")


class EnvFromSource(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "has(self.configMapRef) != has(self.secretRef)",
                "set exactly one of configMapRef and secretRef",
            )
        ),
    )

    prefix: EnvName | None = Field(None, description="Put before each key.")
    config_map_ref: ObjectReference | None = Field(None, description="Every key of this ConfigMap.")
    secret_ref: ObjectReference | None = Field(None, description="Every key of this Secret.")
