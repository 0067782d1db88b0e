"""What is asked for and sent: a Deployment of the operator, as it renders it."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.render import render_fastapi_service
from fastapi_fleet.resources.service_inputs import ServiceInputs

OWNER = Owner(kind="FastAPIService", namespace="team", name="shop", uid="2c7d4c0e-4c0f-4d57-9c5b-0d3f6d0d7c11")
DEPLOYMENT = render_fastapi_service(
    OWNER, FastAPIServiceSpec(image="registry.example/shop:1"), ServiceInputs()
).workload
