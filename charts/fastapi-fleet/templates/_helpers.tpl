{{/* Name of everything the release owns: the release's, with the chart's unless it is in there already. */}}
{{- define "fastapi-fleet.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Cluster-wide objects carry the namespace too, so that two releases do not meet. */}}
{{- define "fastapi-fleet.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "fastapi-fleet.fullname" .) -}}
{{- end -}}

{{- define "fastapi-fleet.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fastapi-fleet.labels" -}}
{{ include "fastapi-fleet.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "fastapi-fleet.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "fastapi-fleet.fullname" .) -}}
{{- end -}}

{{/* The operator's ServiceAccount as the subjects of a binding. */}}
{{- define "fastapi-fleet.subjects" -}}
- kind: ServiceAccount
  name: {{ include "fastapi-fleet.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* What Pod Security "restricted" asks of a pod. */}}
{{- define "fastapi-fleet.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What it asks of a container. */}}
{{- define "fastapi-fleet.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
