"""What every condition and reason means, and what to do about it: the source of docs/reference/conditions.md."""

from dataclasses import dataclass
from typing import Final

from fastapi_fleet.api.conditions import ConditionType as Type
from fastapi_fleet.api.conditions import Reason

NOTHING_TO_DO: Final = "None needed."


@dataclass(frozen=True)
class Explanation:
    """`cure` is what a person does about it."""

    meaning: str
    cure: str = NOTHING_TO_DO


CONDITIONS: Final[dict[Type, str]] = {
    Type.READY: "Sums the others up: the newest spec is at work and serves.",
    Type.SPEC_VALID: "The spec contradicts neither itself nor the platform.",
    Type.DEPENDENCIES_READY: "The platform, the Secrets and the services that the spec names are there.",
    Type.DATABASE_READY: "The service's own database and role exist and its Secret holds their URL.",
    Type.BROKER_READY: "The service's own broker user has the spec's permissions and its Secret holds the URL.",
    Type.CONFIG_VALID: "The settings of the image accept the configuration; migrations and pods start after that.",
    Type.CONTRACT_COMPATIBLE: (
        "Callers of the revision that was ready last can go on with the OpenAPI document of the image. Ready waits for "
        "it only where spec.preflight.contract.policy holds the rollout."
    ),
    Type.MIGRATIONS_COMPLETE: "The migrations of the image have run; its pods start after that.",
    Type.ROLLOUT_COMPLETE: "Every pod runs the newest revision and is ready; none of an older one is left.",
    Type.CREDENTIALS_ROTATED: (
        "Present where passwords or signing keys of the service change, or have changed: it uses the newest ones, and "
        "those before are refused. Ready does not wait for it."
    ),
    Type.ROUTE_READY: "Every Gateway in spec.route has accepted the route. Ready does not wait for it.",
    Type.INGRESS_READY: "A controller has given the Ingress an address. Ready does not wait for it.",
    Type.MONITORING_READY: "The ServiceMonitor that spec.monitoring asks for is there. Ready does not wait for it.",
    Type.NETWORK_OPEN: "Present and False while the NetworkPolicy lets nobody outside in to what the spec exposes.",
    Type.SHUTDOWN_IN_TIME: (
        "Present and False while a command of the spec, the service's or the worker's, cannot end within the shutdown "
        "budget."
    ),
    Type.CONNECTIONS_IN_BUDGET: (
        "Present and False while the pools of the service, with what others of its platform may take, are more than "
        "the database server lets in. Ready does not wait for it."
    ),
    Type.CHILDREN_APPLIED: "Everything that a platform consists of is written as its spec says.",
    Type.POSTGRES_READY: "The platform's PostgreSQL accepts connections, or services have each their own.",
    Type.RABBITMQ_READY: "The platform's RabbitMQ accepts connections.",
    Type.PRODUCTION_GRADE: "The platform survives the loss of a node; embedded servers never do.",
    Type.RECONCILING: "Present and True while the operator works towards the newest spec.",
    Type.STALLED: "Present and True when nothing goes on until a person acts; reason and message say what to do.",
    Type.PAUSED: "Present and True while spec.paused holds the operator back.",
    Type.ROLLED_BACK: (
        "Present and True while an earlier revision runs, by spec.rollout.rollbackTo or because the wanted one did not "
        "get ready in time; the message names both. False where going back by itself would have been due and was not "
        "done; the message says why."
    ),
}

REASONS: Final[dict[Reason, Explanation]] = {
    Reason.PENDING: Explanation(
        "The step has not been reached yet.", "Wait; the conditions before it show what holds it up."
    ),
    Reason.AS_SPECIFIED: Explanation("The state is what the spec says."),
    Reason.INVALID_SPEC: Explanation(
        "The spec holds what admission could not refuse.", "Change the field that the message names."
    ),
    Reason.NOT_OWNED: Explanation(
        "An object, database or broker user of the wanted name belongs to somebody else and is left alone.",
        "Rename the service, or delete or rename the object that the message names. A database that the service is to "
        "have is taken over by spec.database.adopt.",
    ),
    Reason.PAUSED: Explanation("spec.paused is true: nothing but status is written.", "Set spec.paused to false."),
    Reason.API_UNAVAILABLE: Explanation(
        "The Kubernetes API did not answer, or asked to come back later.",
        "Wait: the operator retries with growing pauses. If it lasts, look at the health of the control plane.",
    ),
    Reason.API_CONFLICT: Explanation(
        "A write met a newer state of the object.", "Wait: the operator reads again and retries."
    ),
    Reason.API_REFUSED: Explanation(
        "The Kubernetes API refused a write: permissions, admission or quota.",
        "Read the message; grant the permission, raise the quota or satisfy the admission policy.",
    ),
    Reason.PLATFORM_MISSING: Explanation(
        "The namespace has no FleetPlatform of the name in spec.platform.",
        "Create the FleetPlatform, or correct spec.platform.",
    ),
    Reason.PLATFORM_INVALID: Explanation(
        "The platform's defaults hold what admission could not refuse. Nothing is written; what runs goes on.",
        "Change the field of the FleetPlatform that the message names.",
    ),
    Reason.SECRET_MISSING: Explanation(
        "A Secret that the spec names or that reaching a server needs, or its key, does not exist.",
        "Create the Secret with the key, or correct the reference.",
    ),
    Reason.CONFIG_MAP_MISSING: Explanation(
        "A ConfigMap that the spec names does not exist.", "Create the ConfigMap, or correct the reference."
    ),
    Reason.SERVICE_MISSING: Explanation(
        "A FastAPIService in spec.services does not exist in the namespace.", "Create it, or correct the name."
    ),
    Reason.SERVICE_NOT_READY: Explanation(
        "A FastAPIService in spec.services is not Ready.", "Look at its own conditions: `kubectl describe fas NAME`."
    ),
    Reason.DEPENDENCIES_FOUND: Explanation("All that the spec names is there."),
    Reason.ADMIN_SECRET_MISSING: Explanation(
        "The administrator's Secret of an embedded server is gone or empty, while the server and its volume are there.",
        "Restore the Secret from a backup; or set a new password in the server and write it into the Secret; or, "
        "if the data may go, delete the StatefulSet and its PersistentVolumeClaim.",
    ),
    Reason.BACKEND_NOT_OFFERED: Explanation(
        "The spec asks for a database or a broker that the platform does not offer.",
        "Add spec.postgres or spec.rabbitmq to the FleetPlatform, or take the request out of the service.",
    ),
    Reason.BACKEND_NOT_READY: Explanation(
        "The platform's server, or the service's own, has not started yet.",
        "Look at the FleetPlatform's conditions: `kubectl describe flp NAME`; of a server of the service's own, at its "
        "pod: `kubectl describe pod SERVICE-postgres-0`.",
    ),
    Reason.BACKEND_UNAVAILABLE: Explanation(
        "The server did not answer in time, or with an error of its own.",
        "Look at the server's pod and log; the operator retries with growing pauses.",
    ),
    Reason.PROVISIONED: Explanation("Database or broker user exist as the spec says."),
    Reason.DATA_KEPT: Explanation(
        "An Event, not a condition: the FastAPIService went, and what its deletionPolicy Delete was to take stayed "
        "behind, for the platform's server was gone or did not answer.",
        "Where the server is still there, drop the database and the queues that the message names; or create platform "
        "and service again, and delete the service first.",
    ),
    Reason.CREDENTIALS_CURRENT: Explanation(
        "The service logs in by its newest passwords and signs with its newest keys; those before are refused. The "
        "message says since when, and when rotateEvery changes them next."
    ),
    Reason.ROTATION_DUE: Explanation(
        "New passwords or keys are asked for and not made yet: there are two of each, and both may be in use.",
        "Wait; or mend what the message waits for.",
    ),
    Reason.ROTATING: Explanation(
        "Pods restart one by one to log in by a new password; the old one works until no pod logs in by it. Or a "
        "signing key is being exchanged: the message says which step lasts until when.",
        "Wait. A rollout that is stuck keeps the old login open, and the next step of a key from beginning: "
        "RolloutComplete shows why.",
    ),
    Reason.SESSIONS_LEFT: Explanation(
        "No pod logs in by the old password any more, but somebody is still logged in by it: the message says from "
        "where. Ten minutes after the change these sessions are ended.",
        "Find who borrowed the service's password, and give them a login of their own.",
    ),
    Reason.ROTATION_FAILED: Explanation(
        "The server did not open the new login, did not let it in, or did not lock the old one. The service goes on "
        "with what it has; the step is tried again.",
        "Look at what the message names.",
    ),
    Reason.ADMIN_SECRET_INVALID: Explanation(
        "The administrator's Secret of an external server says something that cannot be used.",
        "Correct the key of the Secret that the message names.",
    ),
    Reason.HOST_NOT_ALLOWED: Explanation(
        "The operator's settings do not allow the host that the administrator's Secret names: nothing was sent to it.",
        "Have who runs the operator add the host to the chart's value `externalHosts`, or correct the Secret.",
    ),
    Reason.LOGIN_REFUSED: Explanation(
        "The server refuses the administrator's user name or password, or where the login comes from.",
        "Correct the administrator's Secret, or what the server lets in (pg_hba.conf, security groups).",
    ),
    Reason.NOT_PRIVILEGED: Explanation(
        "The administrator can log in and may not make databases, roles or users.",
        "PostgreSQL: `ALTER ROLE name CREATEROLE CREATEDB`, on the primary; RabbitMQ: give the user the tag "
        "`administrator`.",
    ),
    Reason.TLS_FAILED: Explanation(
        "The server speaks no TLS, or its certificate is not trusted or is another host's.",
        "Correct the Secret's `ca.crt`, `sslmode` or `tls`, or the server's certificate.",
    ),
    Reason.CHECKING: Explanation(
        "A Job makes the settings of the coming pods; pods of the revision before go on serving.",
        "Wait; `kubectl get pods` shows the Job that the message names.",
    ),
    Reason.SETTINGS_ACCEPTED: Explanation(
        "The settings class of the image accepts the environment of the coming pods."
    ),
    Reason.SETTINGS_ABSENT: Explanation(
        "The image has no settings class of the name in spec.preflight.settings: it was let through unchecked.",
        "Correct spec.preflight.settings, or take spec.preflight out if there is nothing to check.",
    ),
    Reason.SETTINGS_REFUSED: Explanation(
        "The settings class of the image refuses the environment of the coming pods. Nothing is rolled out; the "
        "revision before goes on serving.",
        "Correct the variables that the message names, in the spec or in the Secret, or the image. A change of any of "
        "them is checked at once; `kubectl delete job NAME` checks again what has not changed.",
    ),
    Reason.UNCHANGED: Explanation("Image and configuration are those that run already: there is nothing to check."),
    Reason.PREFLIGHT_FAILED: Explanation(
        "The settings could not be checked: the image has no python, or the process was killed.",
        "Read the message and `kubectl logs job/NAME`; `kubectl delete job NAME` tries again. Take spec.preflight out "
        "for an image that cannot be asked.",
    ),
    Reason.CONTRACT_KEPT: Explanation("Nothing that callers of the revision before rely on is gone."),
    Reason.NOTHING_TO_COMPARE: Explanation(
        "No revision before this one was ready with an OpenAPI document. The next one is compared with this."
    ),
    Reason.CONTRACT_ABSENT: Explanation(
        "The image has no application of that name, or one without an OpenAPI document: it was let through uncompared.",
        "Look whether spec.preflight.app is spelt right; set spec.preflight.contract.policy to Off if there is none.",
    ),
    Reason.CONTRACT_UNKNOWN: Explanation(
        "The OpenAPI documents could not be compared, and the image runs all the same.",
        "Correct what the message says. Delete the Job of the preflight to ask again.",
    ),
    Reason.CONTRACT_BROKEN: Explanation(
        "The image runs, and takes something away that callers of the revision before rely on.",
        "Tell the callers that the message names, or give back what is missing; policy Block would have held it.",
    ),
    Reason.CONTRACT_APPROVED: Explanation(
        "The image runs, breaks callers, and a person has approved of the revision.",
        "Tell the callers that the message names.",
    ),
    Reason.CONTRACT_BLOCKED: Explanation(
        "The image breaks callers, or it is not known whether it does; the revision before goes on serving.",
        "Give back what the message names, or let it in by spec.preflight.contract.policy: Warn.",
    ),
    Reason.APPROVAL_NEEDED: Explanation(
        "The image breaks callers, or it is not known whether it does, and waits for a person; the revision before "
        "goes on serving.",
        "fleet approve NAME lets this revision in, and no other. Or give back what the message names.",
    ),
    Reason.MIGRATED: Explanation("The migrations of this image have run."),
    Reason.MIGRATING: Explanation(
        "The migrations of this image run, or wait for those of another image to end; pods of the revision before "
        "go on serving.",
        "Wait; `kubectl logs` of the Job that the message names shows how far they are.",
    ),
    Reason.MIGRATION_FAILED: Explanation(
        "The migrations of this image have failed for good. Its Job and pods are kept; the revision before goes on "
        "serving.",
        "Read `kubectl logs job/NAME`. Correct the image, or the spec; where neither was wrong, "
        "`kubectl delete job NAME` runs them again. Going back to the image before needs no migration.",
    ),
    Reason.SCHEMA_CURRENT: Explanation("The database has the newest revision of the image already: nothing was run."),
    Reason.SCHEMA_AHEAD: Explanation(
        "The database has a revision that the image does not know, as after a rollback. The image runs without its "
        "migrations, as spec.database.migrations.onSchemaAhead: Allow says."
    ),
    Reason.SCHEMA_AHEAD_BLOCKED: Explanation(
        "The database has a revision that the image does not know, and "
        "spec.database.migrations.onSchemaAhead is Block; nothing was run, and the revision before goes on serving.",
        "Roll out an image that knows the revision which the message names. Where this one can work with the newer "
        "tables, set onSchemaAhead: Allow.",
    ),
    Reason.SEVERAL_HEADS: Explanation(
        "The image has several migrations that no other one follows, and its command upgrades to one; nothing was "
        "run, and the revision before goes on serving.",
        "Join them by `alembic merge heads` and build the image anew; or let the command upgrade to heads, where "
        "there are to be several.",
    ),
    Reason.AVAILABLE: Explanation("Everything runs and answers."),
    Reason.SCALED_TO_ZERO: Explanation("spec.replicas is 0: nothing runs, as wanted.", "Raise spec.replicas to serve."),
    Reason.ROLLING_OUT: Explanation(
        "New pods are starting or old ones are stopping.", "Wait; the message counts the pods."
    ),
    Reason.ROLLED_BACK: Explanation(
        "An earlier revision runs, as spec.rollout.rollbackTo says.",
        "Correct the spec, then take the field out to go forward.",
    ),
    Reason.NOT_READY_IN_TIME: Explanation(
        "The revision that the spec asks for did not get ready within its deadline: the last one that was ready runs "
        "in its place, with its image and configuration. It is not tried again until the spec changes.",
        "Read the message; correct the spec or the image, and apply. To try the same again once what was missing is "
        "there, run `fleet rollback NAME` and then `fleet rollback NAME --end`. spec.rollout.autoRollback: Off keeps "
        "failing pods to be looked at.",
    ),
    Reason.NOTHING_TO_GO_BACK_TO: Explanation(
        "The rollout made no progress for its whole deadline, and there is no earlier revision that would be better.",
        "Read the message and RolloutComplete; correct the spec, the image, or what the pods read.",
    ),
    Reason.MIGRATIONS_HAVE_RUN: Explanation(
        "The rollout made no progress for its whole deadline; the last revision that was ready does not run in its "
        "place by itself, for migrations have run since, or would run again.",
        "Correct the spec or the image. If the older image works with the schema of today, go back by `fleet rollback "
        "NAME`, or have it done by spec.rollout.autoRollback: Always.",
    ),
    Reason.CANARY_STEP: Explanation(
        "The new revision runs as a canary beside the one that serves; the message tells the step, since when its pods "
        "are available, and the weight that an HTTPRoute gives it.",
        "Wait. To roll it out at once, take spec.rollout.canary out; to stop it, go back to the image before.",
    ),
    Reason.CANARY_UNMEASURED: Explanation(
        "The canary runs, and its metrics do not tell whether it keeps to spec.rollout.canary.analysis: too few "
        "requests, or pods that do not answer the operator. No step ends meanwhile.",
        "Read the message: wait for requests, or mend /metrics or the way to it. Without analysis, steps go by time.",
    ),
    Reason.CANARY_ABORTED: Explanation(
        "The canary was taken away, for what the message says; the revision before goes on serving. The new one is "
        "not tried again until the spec changes.",
        "Correct the image or the spec.",
    ),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Explanation(
        "The rollout made no progress for its whole deadline; old pods go on serving.",
        "Look at the newest pods: `kubectl describe pod`, `kubectl logs`; then correct the image or the spec.",
    ),
    Reason.REPLICA_FAILURE: Explanation(
        "Pods could not be created: quota, admission or a missing ServiceAccount.",
        "Read the message; raise the quota or satisfy the admission policy.",
    ),
    Reason.IMAGE_PULL_FAILED: Explanation(
        "The kubelet cannot pull the image.",
        "Check the image's name and tag and that the node may pull it; on kind, load it with `kind load docker-image`.",
    ),
    Reason.CRASH_LOOP: Explanation(
        "A container starts and dies again and again; the message has its exit code and last line.",
        "Read `kubectl logs --previous` of the pod; correct the program, its settings or spec.app.",
    ),
    Reason.CONTAINER_CONFIG_INVALID: Explanation(
        "The container cannot be started as configured: a missing key, a bad command, a user that may not run.",
        "Correct what the message names.",
    ),
    Reason.OUT_OF_MEMORY: Explanation(
        "The kernel killed the process at its memory limit.", "Raise spec.resources.limits.memory or use less."
    ),
    Reason.UNSCHEDULABLE: Explanation(
        "No node can take the pod.",
        "Lower spec.resources.requests, or add nodes; the scheduler's message says what lacks.",
    ),
    Reason.NOT_ANSWERING_PROBES: Explanation(
        "The process runs and does not answer its startup or readiness probe.",
        "Check spec.port and spec.probes, raise probes.startupSeconds for a slow start, and read the log.",
    ),
    Reason.KIND_MISSING: Explanation(
        "The cluster lacks the kind that the spec asks for, or the operator may not read it. A service runs without; a "
        "platform's server is not made.",
        "Install the CRD that the message names; the operator notices within 30 s. Or take the field out of the spec.",
    ),
    Reason.ROUTE_ACCEPTED: Explanation("Every Gateway has accepted the route and found the service."),
    Reason.ROUTE_NOT_ACCEPTED: Explanation(
        "A Gateway refuses the route or cannot resolve what it refers to; the message is the Gateway's.",
        "Let a listener of the Gateway allow the namespace and the host, or correct spec.route.",
    ),
    Reason.NOBODY_LET_IN: Explanation(
        "The spec asks for a public address or a monitor, and the NetworkPolicy lets nobody in but services that call.",
        "Name the namespace of the gateway, ingress controller or Prometheus in spec.networkPolicy.fromNamespaces or "
        "in the chart's callerNamespaces. Nothing is amiss where a policy of your own lets it in, or none is enforced.",
    ),
    Reason.GRACEFUL_TIMEOUT_MISSING: Explanation(
        "The command waits for requests in flight without end: a pod that stops is killed with those that are left.",
        "Leave spec.command out, or give it the timeout that the message tells. fastapi run has none: run uvicorn.",
    ),
    Reason.GRACEFUL_TIMEOUT_TOO_LONG: Explanation(
        "The command waits for requests in flight longer than spec.shutdown leaves it before the pod is killed.",
        "Lower its timeout to what the message tells, or raise spec.shutdown.gracePeriodSeconds.",
    ),
    Reason.SERVER_LIMIT_EXCEEDED: Explanation(
        "Pods that all use their pools to the full are refused connections by the server. Reckoned are every pod that "
        "there may be, and what other services of the platform may take.",
        "Lower spec.database.pool, spec.workers or the most replicas; set connectionLimit of the others; or raise "
        "max_connections of the server: spec.postgres.maxConnections of the FleetPlatform, where it runs the server.",
    ),
    Reason.SIGNAL_NOT_PASSED_ON: Explanation(
        "The command is a shell that stays the pod's first process and keeps the order to stop to itself.",
        "Begin the last command of the script with exec. Migrations do not belong there: each pod would run them.",
    ),
    Reason.EMBEDDED: Explanation(
        "The platform's servers are single embedded pods: good for development only.",
        "None needed for development; use managed servers in production.",
    ),
    Reason.EXTERNAL: Explanation(
        "A server of the platform was not made by the operator, which cannot see what it survives.",
        "None needed; see to replicas, backups and their alerts where the server is run.",
    ),
    Reason.NOT_REPLICATED: Explanation(
        "A server of the platform would not survive the loss of an instance, or has lost one already.",
        "Ask for more: postgres.cloudNativePG.instances at least 2, rabbitmq.clusterOperator.replicas at least 3. "
        "If it has lost one, look at the Cluster or RabbitmqCluster that the message names.",
    ),
    Reason.REPLICATED: Explanation("Every server of the platform survives the loss of an instance."),
    Reason.PER_SERVICE: Explanation(
        "The platform runs no PostgreSQL of its own: postgres.topology PerService gives each service with a database "
        "one, whose state is told by DatabaseReady of the service."
    ),
}
