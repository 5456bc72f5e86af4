{{/* An edge: sockets and transactions. Takes (dict "root" $ "pool" …). */}}
{{- define "tandem.edgeContainer" -}}
{{- $root := .root -}}
{{- $pool := .pool -}}
{{- if eq $pool.edges.server "drachtio" -}}
{{- include "tandem.drachtioContainer" . -}}
{{- else -}}
- name: edge
  image: {{ include "tandem.image" (dict "root" $root "app" "sipEdge") }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  securityContext:
    {{- include "tandem.containerSecurity" $root | nindent 4 }}
  env:
    {{- include "tandem.env.common" (dict "root" $root "httpPort" $pool.edges.ports.http "suffix" (ternary "edge" "" (eq $pool.placement "together"))) | nindent 4 }}
    {{- include "tandem.env.pool" $pool | nindent 4 }}
    {{- include "tandem.env.edge" . | nindent 4 }}
    {{- include "tandem.env.capture" $root | nindent 4 }}
    {{- include "tandem.env.link" $root | nindent 4 }}
    - name: TANDEM_DRAIN_MS
      value: {{ mul (int $pool.edges.drainSeconds) 1000 | quote }}
    {{- include "tandem.env.linger" $pool | nindent 4 }}
    {{- include "tandem.env.hold" $pool | nindent 4 }}
    {{- with $pool.edges.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- include "tandem.listenerPorts" $pool | nindent 4 }}
    - name: admin
      containerPort: {{ int $pool.edges.ports.admin }}
    - name: http
      containerPort: {{ int $pool.edges.ports.http }}
  {{- include "tandem.probes" (dict "probes" $root.Values.probes "port" "http" "ready" "/sipz") | nindent 2 }}
  {{- include "tandem.resources" $pool.edges.resources | nindent 2 }}
  {{- with include "tandem.tlsMounts" . }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* A worker: it decides. Takes (dict "root" $ "pool" … "port" "http" or, beside an edge, "worker-http"). */}}
{{- define "tandem.workerContainer" -}}
{{- $root := .root -}}
{{- $pool := .pool -}}
- name: worker
  image: {{ include "tandem.image" (dict "root" $root "app" "sipWorker") }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  securityContext:
    {{- include "tandem.containerSecurity" $root | nindent 4 }}
  env:
    {{- include "tandem.env.common" (dict "root" $root "httpPort" $pool.workers.ports.http "suffix" (ternary "worker" "" (eq $pool.placement "together"))) | nindent 4 }}
    {{- include "tandem.env.pool" $pool | nindent 4 }}
    {{- include "tandem.env.worker" . | nindent 4 }}
    {{- include "tandem.env.tracing" $root | nindent 4 }}
    {{- include "tandem.env.link" $root | nindent 4 }}
    {{- include "tandem.env.redis" $root | nindent 4 }}
    - name: TANDEM_DRAIN_MS
      value: {{ mul (int $pool.workers.drainSeconds) 1000 | quote }}
    {{- if eq $pool.placement "together" }}
    {{- include "tandem.env.linger" $pool | nindent 4 }}
    {{- end }}
    {{- with $pool.workers.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: {{ .port }}
      containerPort: {{ int $pool.workers.ports.http }}
  {{- include "tandem.probes" (dict "probes" $root.Values.probes "port" .port "ready" (ternary "/sipz" "/readyz" (eq $pool.placement "together"))) | nindent 2 }}
  {{- include "tandem.resources" $pool.workers.resources | nindent 2 }}
  volumeMounts:
    - name: spool
      mountPath: /var/spool/tandem
    {{- include "tandem.redisMounts" $root | nindent 4 }}
{{- end -}}

{{/* Edge and worker in one process; siblings and workers of other pools still reach it as an edge. Takes (dict "root" $ "pool" …). */}}
{{- define "tandem.fusedContainer" -}}
{{- $root := .root -}}
{{- $pool := .pool -}}
- name: worker
  image: {{ include "tandem.image" (dict "root" $root "app" "sipWorker") }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  securityContext:
    {{- include "tandem.containerSecurity" $root | nindent 4 }}
  env:
    {{- include "tandem.env.common" (dict "root" $root "httpPort" $pool.workers.ports.http) | nindent 4 }}
    {{- include "tandem.env.pool" $pool | nindent 4 }}
    {{- include "tandem.env.worker" . | nindent 4 }}
    {{- include "tandem.env.tracing" $root | nindent 4 }}
    {{- include "tandem.env.edge" . | nindent 4 }}
    {{- include "tandem.env.capture" $root | nindent 4 }}
    {{- include "tandem.env.link" $root | nindent 4 }}
    {{- include "tandem.env.redis" $root | nindent 4 }}
    - name: TANDEM_DRAIN_MS
      value: {{ mul (int $pool.workers.drainSeconds) 1000 | quote }}
    {{- include "tandem.env.linger" $pool | nindent 4 }}
    {{- include "tandem.env.hold" $pool | nindent 4 }}
    {{- with $pool.workers.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- include "tandem.listenerPorts" $pool | nindent 4 }}
    - name: admin
      containerPort: {{ int $pool.edges.ports.admin }}
    - name: http
      containerPort: {{ int $pool.workers.ports.http }}
  {{- include "tandem.probes" (dict "probes" $root.Values.probes "port" "http" "ready" "/sipz") | nindent 2 }}
  {{- include "tandem.resources" $pool.workers.resources | nindent 2 }}
  volumeMounts:
    - name: spool
      mountPath: /var/spool/tandem
    {{- include "tandem.tlsMounts" . | nindent 4 }}
    {{- include "tandem.redisMounts" $root | nindent 4 }}
{{- end -}}

{{- define "tandem.listenerPorts" -}}
{{- range .listeners }}
- name: {{ .name }}
  containerPort: {{ int .port }}
  protocol: {{ include "tandem.protocol" .transport }}
{{- end }}
{{- end -}}

{{- define "tandem.tlsMounts" -}}
{{- range .pool.listeners -}}
{{- if eq .transport "tls" }}
- name: tls-{{ .name }}
  mountPath: {{ include "tandem.tlsFolder" (dict "listener" .) }}
  readOnly: true
{{- if .tls.caSecretName }}
- name: tls-ca-{{ .name }}
  mountPath: /etc/tandem/tls-ca/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "tandem.tlsVolumes" -}}
{{- $scope := . -}}
{{- range .pool.listeners -}}
{{- if eq .transport "tls" }}
- name: tls-{{ .name }}
  secret:
    secretName: {{ include "tandem.tlsSecret" (dict "root" $scope.root "pool" $scope.pool "listener" .) }}
    defaultMode: 288 # 0440
{{- if .tls.caSecretName }}
- name: tls-ca-{{ .name }}
  secret:
    secretName: {{ .tls.caSecretName }}
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "tandem.spoolVolume" -}}
- name: spool
{{- if .pool.workers.spool.hostPath }}
  hostPath:
    path: {{ .pool.workers.spool.hostPath }}
    {{- /* One that kubelet makes is root's, so the worker cannot write it: it serves calls all the same and says so, which a pod that does not start could not. */}}
    type: DirectoryOrCreate
{{- else }}
  emptyDir:
    sizeLimit: {{ .pool.workers.spool.sizeLimit }}
{{- end }}
{{- end -}}
