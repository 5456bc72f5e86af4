{{/*
What `restricted` asks for, which holds wherever hostNetwork is off. The images run as 10001 and write nowhere but to the volumes they are given.
*/}}
{{- define "tandem.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tandem.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
Three probes that mean three things: has it opened its sockets (else it never will: restart), is its event loop alive (else: restart), may it have new
work (else: leave it alone, send nothing). A busy, draining or Redis-less process is alive and not ready. Takes (dict "probes" … "port" "http" "ready" path).
`ready`: default /readyz. Of a pod with SIP sockets it is /sipz in every container, for it decides whether peers reach the sockets: they are served without Redis,
while the pool is drained through the API (emergency calls, BYEs), and to the end of a drain, when nodes still pass on what balancers send (terminating endpoints that serve).
*/}}
{{- define "tandem.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: {{ .port }} }
  periodSeconds: 1
  failureThreshold: {{ .probes.startupSeconds }}
livenessProbe:
  httpGet: { path: /livez, port: {{ .port }} }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ max 1 (div (int .probes.stuckSeconds) 10) }}
readinessProbe:
  httpGet: { path: {{ default "/readyz" .ready }}, port: {{ .port }} }
  periodSeconds: {{ .probes.readySeconds }}
  timeoutSeconds: 2
  failureThreshold: 2
  successThreshold: 1
{{- end -}}

{{/*
Where pods run: apart from one another first. Takes (dict "root" $ "settings" (nodeSelector, tolerations, affinity, topologySpread) "selector" (labels as text) "exclusive" bool).
`exclusive`: never two on a node, because they share its ports.
*/}}
{{- define "tandem.placement" -}}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
{{- if .settings.affinity }}
  {{- toYaml .settings.affinity | nindent 2 }}
{{- else }}
  podAntiAffinity:
    {{- if .exclusive }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- .selector | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- .selector | nindent 14 }}
    {{- end }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: {{ .settings.zoneSpread }}
    labelSelector:
      matchLabels:
        {{- .selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end -}}

{{- define "tandem.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Cluster-wide, so the namespace is part of the name. */}}
{{- define "tandem.priorityClass" -}}
{{- printf "%s-%s-%s" .root.Release.Namespace (include "tandem.fullname" .root) .which -}}
{{- end -}}

{{/* Emergency-capable pools, and what they need to work, are the last to be evicted. Takes (dict "root" $ "emergency" "true"). */}}
{{- define "tandem.priorityClassName" -}}
{{- $classes := .root.Values.priorityClasses -}}
{{- $which := ternary "emergency" "ordinary" (eq .emergency "true") -}}
{{- $class := index $classes $which -}}
{{- if $class.name }}
priorityClassName: {{ $class.name }}
{{- else if $classes.create }}
priorityClassName: {{ include "tandem.priorityClass" (dict "root" .root "which" $which) }}
{{- end }}
{{- end -}}

{{- define "tandem.resources" -}}
{{- with . }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
