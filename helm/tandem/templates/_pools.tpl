{{/* Every pool with the defaults under it, as JSON {"pools": […]}. Lists replace, maps merge. */}}
{{- define "tandem.pools" -}}
{{- $pools := list -}}
{{- range .Values.pools -}}
{{- $pools = append $pools (mustMergeOverwrite (mustDeepCopy $.Values.poolDefaults) (mustDeepCopy .)) -}}
{{- end -}}
{{- dict "pools" $pools | toJson -}}
{{- end -}}

{{- define "tandem.poolName" -}}
{{- printf "%s-%s" (include "tandem.fullname" .root) .pool.name -}}
{{- end -}}

{{/* The headless Service through which workers find every edge of the pool, ready or not. */}}
{{- define "tandem.edgesService" -}}
{{- printf "%s-edges" (include "tandem.poolName" .) -}}
{{- end -}}

{{/* `edge`, or `pool` where one pod holds edge and worker. */}}
{{- define "tandem.edgeComponent" -}}
{{- if eq (include "tandem.onePod" .pool) "true" -}}pool{{- else -}}edge{{- end -}}
{{- end -}}

{{- define "tandem.workerComponent" -}}
{{- if eq (include "tandem.onePod" .pool) "true" -}}pool{{- else -}}worker{{- end -}}
{{- end -}}

{{/* "true" where a pool has an edge on every node that it names; empty elsewhere. */}}
{{- define "tandem.hasDaemonSets" -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}{{- if and (eq .edges.kind "DaemonSet") (ne (include "tandem.onePod" .) "true") -}}true{{- break -}}{{- end -}}{{- end -}}
{{- end -}}

{{/* "true" where a pod of the pool holds an edge and a worker. Takes the pool. */}}
{{- define "tandem.onePod" -}}
{{- or (eq .arrangement "fused") (eq .placement "together") -}}
{{- end -}}

{{/*
What peers are told in Contact: one name or address for the whole pool, whichever edge serves.
A name by preference; within the cluster the pool's Service.
*/}}
{{- define "tandem.contactHost" -}}
{{- $exposure := .pool.exposure -}}
{{- if .pool.fqdn -}}{{ .pool.fqdn }}
{{- else if and $exposure.advertised (not (has $exposure.advertised (list "hostIP" "podIP"))) -}}{{ $exposure.advertised }}
{{- else if eq $exposure.type "ClusterIP" -}}{{ include "tandem.serviceHost" (dict "root" .root "name" (include "tandem.poolName" .)) }}
{{- end -}}
{{- end -}}

{{/* What an edge says of itself in Via: `hostIP`, `podIP` (filled in by Kubernetes when the pod starts), or a fixed name or address. */}}
{{- define "tandem.advertised" -}}
{{- $exposure := .pool.exposure -}}
{{- if $exposure.advertised -}}{{ $exposure.advertised }}
{{- else if has $exposure.type (list "hostNetwork" "NodePort") -}}hostIP
{{- else if eq $exposure.type "ClusterIP" -}}podIP
{{- else -}}{{ .pool.fqdn }}
{{- end -}}
{{- end -}}

{{/* The port peers reach a listener by. Takes (dict "pool" … "listener" …). */}}
{{- define "tandem.advertisedPort" -}}
{{- if .listener.advertisedPort -}}{{ int .listener.advertisedPort }}
{{- else if and (eq .pool.exposure.type "NodePort") .listener.nodePort -}}{{ int .listener.nodePort }}
{{- else -}}{{ int .listener.port }}
{{- end -}}
{{- end -}}

{{- define "tandem.protocol" -}}
{{- ternary "UDP" "TCP" (eq . "udp") -}}
{{- end -}}

{{/* Secret with the certificate of a TLS listener. */}}
{{- define "tandem.tlsSecret" -}}
{{- $tls := .listener.tls -}}
{{- default (printf "%s-%s-tls" (include "tandem.poolName" .) .listener.name) $tls.secretName -}}
{{- end -}}

{{- define "tandem.tlsFolder" -}}
{{- printf "/etc/tandem/tls/%s" .listener.name -}}
{{- end -}}

{{/* TLS section of a listener as topology and edge read it. */}}
{{- define "tandem.listenerTls" -}}
{{- $folder := include "tandem.tlsFolder" . -}}
{{- $tls := dict "certificateFile" (printf "%s/tls.crt" $folder) "keyFile" (printf "%s/tls.key" $folder) -}}
{{- if .listener.tls.caSecretName -}}
{{- $_ := set $tls "caFile" (printf "/etc/tandem/tls-ca/%s/ca.crt" .listener.name) -}}
{{- else if .listener.tls.privateCa -}}
{{- $_ := set $tls "caFile" (printf "%s/ca.crt" $folder) -}}
{{- end -}}
{{- if .listener.tls.mutual -}}{{- $_ := set $tls "mutual" true -}}{{- end -}}
{{- $tls | toJson -}}
{{- end -}}

{{/* A pool's listeners, `advertised` being what stands for the address. Takes (dict "root" $ "pool" … "advertised" "…"). JSON {"listeners": […]}. */}}
{{- define "tandem.listeners" -}}
{{- $all := list -}}
{{- range .pool.listeners -}}
{{- $scope := dict "root" $.root "pool" $.pool "listener" . -}}
{{- $one := dict "name" .name "address" $.pool.listenAddress "port" (int .port) "transport" .transport
      "advertisedAddress" $.advertised "advertisedPort" (include "tandem.advertisedPort" $scope | int) -}}
{{- if eq .transport "tls" -}}{{- $_ := set $one "tls" (include "tandem.listenerTls" $scope | fromJson) -}}{{- end -}}
{{- if and .serves $.topology -}}{{- $_ := set $one "serves" .serves -}}{{- end -}}
{{- $all = append $all $one -}}
{{- end -}}
{{- dict "listeners" $all | toJson -}}
{{- end -}}

{{/*
"true" for a pool that has to be there for emergency calls: said so, or with a trunk that the topology's emergency section or one of its policies names, or that leads
to an E9-1-1 provider, for those are emergency trunks without being named.
*/}}
{{- define "tandem.emergencyPool" -}}
{{- if kindIs "bool" .pool.emergency -}}{{ .pool.emergency }}
{{- else -}}
{{- $read := include "tandem.topologyRead" .root | fromJson -}}
{{- $found := empty $read.trunks -}}
{{- range $read.trunks -}}
{{- if and (eq (toString .pool) $.pool.name) (or (has .name $read.emergencyTrunks) (has .gateway $read.providers)) -}}{{- $found = true -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
{{- end -}}

{{/*
Wanted processes of a Deployment whose size people may set through the control API: what runs now, so that an upgrade does not take it back; the
values' number where nothing runs yet or the cluster cannot be asked (helm template).
*/}}
{{- define "tandem.replicas" -}}
{{- $replicas := int .replicas -}}
{{- if .root.Values.controlApi.scaling.enabled -}}
{{- $live := lookup "apps/v1" "Deployment" .root.Release.Namespace .name -}}
{{- if $live -}}{{- $replicas = int $live.spec.replicas -}}{{- end -}}
{{- end -}}
{{- $replicas -}}
{{- end -}}

{{/* How long the pool's sockets go on being served in a pod that is told to end: as long as what leads peers there needs to notice. Takes the pool. */}}
{{- define "tandem.lingerSeconds" -}}
{{- if kindIs "invalid" .edges.lingerSeconds -}}{{- ternary 30 0 (has .exposure.type (list "LoadBalancer" "NodePort")) -}}
{{- else -}}{{- int .edges.lingerSeconds -}}
{{- end -}}
{{- end -}}

{{/* How long the pool's edges wait beyond their drain for emergency calls being set up. A stock server waits for nobody. Takes the pool. */}}
{{- define "tandem.holdSeconds" -}}
{{- ternary 0 (int .edges.emergencyHoldSeconds) (eq .edges.server "drachtio") -}}
{{- end -}}

{{/* For a process with sockets. Takes the pool. */}}
{{- define "tandem.env.hold" -}}
- name: TANDEM_EMERGENCY_HOLD_MS
  value: {{ mul (include "tandem.holdSeconds" . | int) 1000 | quote }}
{{- end -}}

{{/* For every process of a pod with sockets: one that ended makes its pod unready. Takes the pool. */}}
{{- define "tandem.env.linger" -}}
- name: TANDEM_LINGER_MS
  value: {{ mul (include "tandem.lingerSeconds" . | int) 1000 | quote }}
{{- end -}}
