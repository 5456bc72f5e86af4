{{/*
What makes the processes of every pool, for the control API. `fixed`: it may be read but not set, because an autoscaler or the number of nodes decides.
JSON {"<pool>": {"workers": {"resource", "name", "fixed"}, "edges": {…}}}; in a pool of one pod for both, both are the same Deployment.
*/}}
{{- define "tandem.scaledWorkloads" -}}
{{- $found := dict -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- $name := include "tandem.poolName" (dict "root" $ "pool" $pool) -}}
{{- $workersFixed := ne $pool.workers.autoscaling.type "none" -}}
{{- if eq (include "tandem.onePod" $pool) "true" -}}
{{- $both := dict "resource" "deployments" "name" $name "fixed" $workersFixed -}}
{{- $_ := set $found $pool.name (dict "workers" $both "edges" $both) -}}
{{- else -}}
{{- $nodes := eq $pool.edges.kind "DaemonSet" -}}
{{- $edges := dict "resource" (ternary "daemonsets" "deployments" $nodes) "name" (printf "%s-edge" $name) "fixed" (or $nodes (ne $pool.edges.autoscaling.type "none")) -}}
{{- $workers := dict "resource" "deployments" "name" (printf "%s-worker" $name) "fixed" $workersFixed -}}
{{- $_ := set $found $pool.name (dict "workers" $workers "edges" $edges) -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* Out at once, in slowly: a pod that leaves hands its calls over in seconds, but a load that comes back needs it again. */}}
{{- define "tandem.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - { type: Percent, value: 100, periodSeconds: 15 }
    - { type: Pods, value: 4, periodSeconds: 15 }
  selectPolicy: Max
scaleDown:
  stabilizationWindowSeconds: {{ int .scaleInSeconds }}
  policies:
    - { type: Percent, value: 25, periodSeconds: 60 }
{{- end -}}
