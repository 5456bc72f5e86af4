{{- define "tandem.env.pool" -}}
- name: TANDEM_POOL
  value: {{ .name | quote }}
{{- end -}}

{{/* Variables of every process. Takes (dict "root" $ "httpPort" 9090 "suffix" "" or what tells two processes of a pod apart). */}}
{{- define "tandem.env.common" -}}
{{- if .suffix -}}
- name: TANDEM_POD
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: TANDEM_NODE_ID
  value: $(TANDEM_POD)-{{ .suffix }}
{{ else -}}
- name: TANDEM_NODE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{ end -}}
- name: TANDEM_HTTP
  value: {{ printf "%s:%d" (ternary "[::]" "0.0.0.0" (eq .root.Values.listenAddress "::")) (int .httpPort) | quote }}
- name: TANDEM_LOG_LEVEL
  value: {{ .root.Values.logLevel | quote }}
{{- end -}}

{{- define "tandem.env.link" -}}
- name: TANDEM_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ include "tandem.linkSecret" . }}
      key: {{ .Values.secrets.link.key }}
{{- end -}}

{{/* Where Redis is; its password never stands in the URL. */}}
{{- define "tandem.env.redis" -}}
- name: TANDEM_REDIS
  value: {{ include "tandem.redisUrl" . | quote }}
{{- $auth := .Values.redis.auth }}
{{- if $auth.username }}
- name: TANDEM_REDIS_USERNAME
  value: {{ $auth.username | quote }}
{{- else if $auth.usernameKey }}
- name: TANDEM_REDIS_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ include "tandem.redisSecret" . }}
      key: {{ $auth.usernameKey }}
{{- end }}
{{- if include "tandem.redisSecret" . }}
- name: TANDEM_REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "tandem.redisSecret" . }}
      key: {{ $auth.passwordKey }}
{{- end }}
{{- if $auth.sentinelPasswordKey }}
- name: TANDEM_REDIS_SENTINEL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "tandem.redisSecret" . }}
      key: {{ $auth.sentinelPasswordKey }}
{{- end }}
{{- end -}}

{{- define "tandem.redisUrl" -}}
{{- $redis := .Values.redis -}}
{{- if eq $redis.mode "bundled" -}}
redis://{{ include "tandem.serviceHost" (dict "root" . "name" (printf "%s-redis" (include "tandem.fullname" .))) }}:6379/0
{{- else -}}
{{- $outside := $redis.external -}}
{{- $query := list -}}
{{- if $outside.tls.enabled -}}
{{- if ne $outside.kind "standalone" -}}{{- $query = append $query "tls=true" -}}{{- end -}}
{{- if $outside.tls.caSecretName -}}{{- $query = append $query "ca=/etc/tandem/redis-ca/ca.crt" -}}{{- end -}}
{{- if $outside.tls.clientSecretName -}}{{- $query = append $query "cert=/etc/tandem/redis-client/tls.crt&key=/etc/tandem/redis-client/tls.key" -}}{{- end -}}
{{- with $outside.tls.serverName -}}{{- $query = append $query (printf "servername=%s" .) -}}{{- end -}}
{{- end -}}
{{- $hosts := join "," $outside.hosts -}}
{{- $url := "" -}}
{{- if eq $outside.kind "sentinel" -}}
{{- $url = printf "sentinel://%s/%s" $hosts $outside.master -}}
{{- if $outside.db -}}{{- $query = append $query (printf "db=%d" (int $outside.db)) -}}{{- end -}}
{{- else if eq $outside.kind "cluster" -}}
{{- $url = printf "cluster://%s" $hosts -}}
{{- else -}}
{{- $url = printf "%s://%s/%d" (ternary "rediss" "redis" $outside.tls.enabled) $hosts (int $outside.db) -}}
{{- end -}}
{{- if $query -}}{{ printf "%s?%s" $url (join "&" $query) }}{{- else -}}{{ $url }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tandem.redisMounts" -}}
{{- $tls := .Values.redis.external.tls -}}
{{- if and (eq .Values.redis.mode "external") $tls.enabled -}}
{{- if $tls.caSecretName }}
- name: redis-ca
  mountPath: /etc/tandem/redis-ca
  readOnly: true
{{- end }}
{{- if $tls.clientSecretName }}
- name: redis-client
  mountPath: /etc/tandem/redis-client
  readOnly: true
{{- end }}
{{- end -}}
{{- end -}}

{{- define "tandem.redisVolumes" -}}
{{- $tls := .Values.redis.external.tls -}}
{{- if and (eq .Values.redis.mode "external") $tls.enabled -}}
{{- with $tls.caSecretName }}
- name: redis-ca
  secret:
    secretName: {{ . }}
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
{{- with $tls.clientSecretName }}
- name: redis-client
  secret:
    secretName: {{ . }}
    items: [{ key: tls.crt, path: tls.crt }, { key: tls.key, path: tls.key }]
{{- end }}
{{- end -}}
{{- end -}}

{{- define "tandem.generatedSecret" -}}
{{- printf "%s-generated" (include "tandem.fullname" .) -}}
{{- end -}}

{{- define "tandem.linkSecret" -}}
{{- default (include "tandem.generatedSecret" .) .Values.secrets.link.existingSecret -}}
{{- end -}}

{{- define "tandem.apiKeysSecret" -}}
{{- default (include "tandem.generatedSecret" .) .Values.secrets.apiKeys.existingSecret -}}
{{- end -}}

{{/* Secret with Redis's password; empty for an external Redis without one. */}}
{{- define "tandem.redisSecret" -}}
{{- if .Values.redis.auth.existingSecret -}}{{ .Values.redis.auth.existingSecret }}
{{- else if eq .Values.redis.mode "bundled" -}}{{ include "tandem.generatedSecret" . }}
{{- end -}}
{{- end -}}

{{/* The address that an edge tells, where it is a field of its pod. */}}
{{- define "tandem.env.advertised" -}}
{{- $fields := dict "hostIP" "status.hostIP" "podIP" "status.podIP" -}}
{{- $advertised := include "tandem.advertised" . -}}
{{- if hasKey $fields $advertised -}}
- name: TANDEM_ADVERTISED_ADDRESS
  valueFrom:
    fieldRef:
      fieldPath: {{ index $fields $advertised }}
{{ end -}}
{{- end -}}

{{/* What stands for the advertised address in other variables and arguments. */}}
{{- define "tandem.told" -}}
{{- $advertised := include "tandem.advertised" . -}}
{{- ternary "$(TANDEM_ADVERTISED_ADDRESS)" $advertised (has $advertised (list "hostIP" "podIP")) -}}
{{- end -}}

{{/* Variables of an edge. Takes (dict "root" $ "pool" …). */}}
{{- define "tandem.env.edge" -}}
{{- $told := include "tandem.told" . -}}
{{ include "tandem.env.advertised" . -}}
{{- if .pool.exposure.nodeAddresses -}}
- name: TANDEM_HOST
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: TANDEM_ADVERTISED_BY_HOST
  value: {{ .pool.exposure.nodeAddresses | toJson | quote }}
{{ end -}}
- name: TANDEM_LISTENERS
  value: {{ (include "tandem.listeners" (dict "root" .root "pool" .pool "advertised" $told "topology" false) | fromJson).listeners | toJson | quote }}
- name: TANDEM_ADMIN
  value: {{ printf "%s:%d" (ternary "[::]" "0.0.0.0" (eq .root.Values.listenAddress "::")) (int .pool.edges.ports.admin) | quote }}
{{- end -}}

{{/* Variables of a worker: it connects to every edge of every pool. */}}
{{- define "tandem.env.worker" -}}
{{- $edges := dict -}}
{{- range (include "tandem.pools" .root | fromJson).pools -}}
{{- $service := include "tandem.edgesService" (dict "root" $.root "pool" .) -}}
{{- $host := include "tandem.serviceHost" (dict "root" $.root "name" $service) -}}
{{- $_ := set $edges .name (list (printf "%s:%d" $host (int .edges.ports.admin))) -}}
{{- end -}}
- name: TANDEM_EDGES
  value: {{ $edges | toJson | quote }}
{{- with include "tandem.stockPools" .root | fromJson }}
- name: TANDEM_STOCK_POOLS
  value: {{ toJson . | quote }}
{{- end }}
- name: TANDEM_SPOOL
  value: /var/spool/tandem
{{- with .pool.workers.maxSetups }}
- name: TANDEM_MAX_SETUPS
  value: {{ int . | quote }}
{{- end }}
{{- with .pool.workers.maxLagMs }}
- name: TANDEM_MAX_LAG_MS
  value: {{ int . | quote }}
{{- end }}
{{- with .pool.workers.maxWaitMs }}
- name: TANDEM_MAX_WAIT_MS
  value: {{ int . | quote }}
{{- end }}
{{- end -}}

{{/* Pools behind stock drachtio-servers and their listeners, as JSON. */}}
{{- define "tandem.stockPools" -}}
{{- $stock := dict -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}
{{- if eq .edges.server "drachtio" -}}
{{- $listeners := list -}}
{{- range .listeners -}}{{- $listeners = append $listeners (dict "name" .name "transport" .transport) -}}{{- end -}}
{{- $_ := set $stock .name $listeners -}}
{{- end -}}
{{- end -}}
{{- $stock | toJson -}}
{{- end -}}

{{/* A value of a Secret that the values name. Takes (dict "name" "TANDEM_…" "secret" "…" "key" "…"); nothing without a key. */}}
{{- define "tandem.env.secret" -}}
{{- if and .secret .key }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: { name: {{ .secret }}, key: {{ .key }} }
{{- end }}
{{- end -}}

{{/* Copies of SIP messages, for processes that have sockets. */}}
{{- define "tandem.env.capture" -}}
{{- with .Values.capture }}
{{- if .server }}
- name: TANDEM_HEP
  value: {{ .server | quote }}
- name: TANDEM_HEP_ID
  value: {{ int .agent | quote }}
{{- include "tandem.env.secret" (dict "name" "TANDEM_HEP_KEY" "secret" .existingSecret "key" .key) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tandem.env.tracing" -}}
{{- with .Values.tracing }}
{{- if .otlpUrl }}
- name: TANDEM_OTLP
  value: {{ .otlpUrl | quote }}
- name: TANDEM_OTLP_PERCENT
  value: {{ int .percent | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Emergency records and mail, for the controllers. */}}
{{- define "tandem.env.emergency" -}}
{{- $records := .Values.controller.emergencyRecords }}
{{- with $records.webhook }}
{{- if .url }}
- name: TANDEM_EMERGENCY_WEBHOOK
  value: {{ .url | quote }}
- name: TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS
  value: {{ mul (int .timeoutSeconds) 1000 | quote }}
{{- include "tandem.env.secret" (dict "name" "TANDEM_EMERGENCY_WEBHOOK_SECRET" "secret" .existingSecret "key" .signingKey) }}
{{- include "tandem.env.secret" (dict "name" "TANDEM_EMERGENCY_WEBHOOK_TOKEN" "secret" .existingSecret "key" .tokenKey) }}
{{- end }}
{{- end }}
{{- if $records.file }}
- name: TANDEM_EMERGENCY_FILE
  value: /var/lib/tandem/$(TANDEM_NODE_ID).emergency.jsonl
{{- end }}
- name: TANDEM_EMERGENCY_KEEP_DAYS
  value: {{ int $records.keepDays | quote }}
{{- with .Values.controller.mail }}
{{- if .url }}
- name: TANDEM_SMTP_URL
  value: {{ .url | quote }}
- name: TANDEM_SMTP_FROM
  value: {{ .from | quote }}
{{- include "tandem.env.secret" (dict "name" "TANDEM_SMTP_USER" "secret" .existingSecret "key" .userKey) }}
{{- include "tandem.env.secret" (dict "name" "TANDEM_SMTP_PASSWORD" "secret" .existingSecret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- end -}}
