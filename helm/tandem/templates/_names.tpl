{{- define "tandem.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Release and chart; every object's name begins with it. */}}
{{- define "tandem.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "tandem.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tandem.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects objects of one component. Immutable: no version, nothing that an upgrade may change. Takes (dict "root" $ "component" "worker" "pool" "east"). */}}
{{- define "tandem.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tandem.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .pool }}
tandem/pool: {{ . }}
{{- end }}
{{- end -}}

{{/* Of pods: nothing that changes with the chart's version, so that only what is really new restarts them. */}}
{{- define "tandem.podLabels" -}}
{{ include "tandem.selectorLabels" . }}
app.kubernetes.io/part-of: tandem
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tandem.labels" -}}
{{ include "tandem.selectorLabels" . }}
app.kubernetes.io/part-of: tandem
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* DNS name of a Service of this release. Takes (dict "root" $ "name" "…"). */}}
{{- define "tandem.serviceHost" -}}
{{- printf "%s.%s.svc.%s" .name .root.Release.Namespace .root.Values.clusterDomain -}}
{{- end -}}

{{/* Image reference of an application. Takes (dict "root" $ "app" "sipEdge"). A digest wins over the tag. */}}
{{- define "tandem.image" -}}
{{- $image := .root.Values.image -}}
{{- $app := index $image.apps .app -}}
{{- $tag := default (default .root.Chart.AppVersion $image.tag) $app.tag -}}
{{- $name := ternary (printf "%s/%s" $image.registry $app.repository) $app.repository (ne $image.registry "") -}}
{{- if $app.digest -}}{{ printf "%s@%s" $name $app.digest }}{{- else -}}{{ printf "%s:%s" $name $tag }}{{- end -}}
{{- end -}}

{{- define "tandem.serviceAccountName" -}}
{{- default (printf "%s-%s" (include "tandem.fullname" .root) .component) .root.Values.serviceAccounts.name -}}
{{- end -}}
