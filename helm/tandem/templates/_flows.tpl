{{/* Ends of flows as the values name them: a block as text, or what a NetworkPolicy takes. */}}
{{- define "tandem.ends" -}}
{{- range . }}
{{- if kindIs "string" . }}
- ipBlock:
    cidr: {{ . }}
{{- else }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Pods that hold a worker; nodes, where they are on the host's network. */}}
{{- define "tandem.workerPeers" -}}
{{- $onHost := false -}}
- podSelector:
    matchExpressions:
      - { key: app.kubernetes.io/component, operator: In, values: [worker, pool] }
    matchLabels:
      {{- include "tandem.selectorLabels" (dict "root" .) | nindent 6 }}
{{- range (include "tandem.pools" . | fromJson).pools }}
{{- if and (eq .exposure.type "hostNetwork") (eq (include "tandem.onePod" .) "true") }}{{- $onHost = true }}{{- end }}
{{- end }}
{{- if $onHost }}
{{- include "tandem.ends" .Values.networkPolicies.nodes }}
{{- end }}
{{- end -}}

{{/* Pods that hold an edge; nodes, where they are on the host's network. */}}
{{- define "tandem.edgePeers" -}}
{{- $onHost := false -}}
- podSelector:
    matchExpressions:
      - { key: app.kubernetes.io/component, operator: In, values: [edge, pool] }
    matchLabels:
      {{- include "tandem.selectorLabels" (dict "root" .) | nindent 6 }}
{{- range (include "tandem.pools" . | fromJson).pools }}
{{- if eq .exposure.type "hostNetwork" }}{{- $onHost = true }}{{- end }}
{{- end }}
{{- if $onHost }}
{{- include "tandem.ends" .Values.networkPolicies.nodes }}
{{- end }}
{{- end -}}

{{/* From a worker to every edge of every pool. */}}
{{- define "tandem.toEdges" -}}
{{- $ports := list -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}{{- $ports = append $ports (int .edges.ports.admin) -}}{{- end -}}
# Edges of every pool.
- to:
    {{- include "tandem.edgePeers" . | nindent 4 }}
  ports:
    {{- range $ports | uniq }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end -}}

{{- define "tandem.toRedis" -}}
# Redis.
- to:
    {{- if eq .Values.redis.mode "bundled" }}
    - podSelector:
        matchLabels:
          {{- include "tandem.selectorLabels" (dict "root" . "component" "redis") | nindent 10 }}
    {{- else }}
    {{- include "tandem.ends" .Values.networkPolicies.redis.blocks | nindent 4 }}
    {{- end }}
  ports:
    {{- if eq .Values.redis.mode "bundled" }}
    - { protocol: TCP, port: redis }
    {{- else }}
    {{- /* Those of the hosts, and those by which they lead on: Sentinels to Redis, nodes of a Cluster to others. */}}
    {{- $ports := list -}}
    {{- range .Values.networkPolicies.redis.ports }}{{- $ports = append $ports (int .) }}{{- end }}
    {{- range .Values.redis.external.hosts }}{{- $ports = append $ports (regexFind "[0-9]+$" . | int) }}{{- end }}
    {{- range $ports | uniq }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
    {{- end }}
{{- end -}}

{{- define "tandem.toDns" -}}
# Names: of edges, Redis, gateways (RFC 3263).
- to:
    {{- include "tandem.ends" .Values.networkPolicies.dns | nindent 4 }}
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{/* Prometheus. Takes (dict "root" $ "ports" (list …)). */}}
{{- define "tandem.scraped" -}}
# Metrics.
- from:
    {{- include "tandem.ends" .root.Values.networkPolicies.monitoringFrom | nindent 4 }}
  ports:
    {{- range .ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end -}}

{{- define "tandem.urlPort" -}}
{{- $parts := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $parts.host | trimPrefix ":" -}}
{{- default (get (dict "https" "443" "http" "80" "smtps" "465" "smtp" "587") $parts.scheme) $port -}}
{{- end -}}

{{/* From a worker to the mixers. */}}
{{- define "tandem.toMixers" -}}
{{- if (default dict .Values.mediaMixer).enabled -}}
# Mixers of calls with a security desk that speaks.
- to:
    - podSelector:
        matchLabels:
          {{- include "tandem.selectorLabels" (dict "root" . "component" "media-mixer") | nindent 10 }}
  ports:
    - { protocol: UDP, port: 22300 }
{{- end -}}
{{- end -}}

{{/* From a worker to the collector of traces. */}}
{{- define "tandem.toCollector" -}}
{{- with .Values.tracing.otlpUrl -}}
# Traces to their collector.
- ports:
    - { protocol: TCP, port: {{ include "tandem.urlPort" . }} }
{{- end -}}
{{- end -}}
