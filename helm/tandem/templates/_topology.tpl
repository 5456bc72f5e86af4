{{/* The topology without its pools: what the values say, or the trial's. Text, kept byte for byte, because YAML numbers such as 911 must stay what they are. */}}
{{- define "tandem.topologyDocument" -}}
{{- if .Values.topology.document -}}
{{- .Values.topology.document -}}
{{- else if .Values.testPeer.enabled -}}
{{- include "tandem.trialTopology" . -}}
{{- end -}}
{{- end -}}

{{/*
What the chart has to know of the topology document. JSON {"trunks": […], "emergencyTrunks": [names], "providers": [names of E9-1-1 gateways], "misshapen": [paths]}.
The document itself is judged by the leading controller, which reads all of it.
*/}}
{{- define "tandem.topologyRead" -}}
{{- $document := include "tandem.topologyDocument" . | fromYaml -}}
{{- $emergency := ternary $document.emergency dict (kindIs "map" $document.emergency) -}}
{{- $misshapen := list -}}
{{- $read := dict -}}
{{- range $path, $given := dict "trunks" $document.trunks "gateways" $document.gateways "emergency.policies" $emergency.policies -}}
{{- $kept := list -}}
{{- $isRight := or (kindIs "invalid" $given) (kindIs "slice" $given) -}}
{{- if kindIs "slice" $given -}}
{{- range $given -}}{{- if kindIs "map" . -}}{{- $kept = append $kept . -}}{{- else -}}{{- $isRight = false -}}{{- end -}}{{- end -}}
{{- end -}}
{{- if not $isRight -}}{{- $misshapen = append $misshapen $path -}}{{- end -}}
{{- $_ := set $read $path $kept -}}
{{- end -}}
{{- $names := list -}}
{{- range prepend (get $read "emergency.policies") $emergency -}}
{{- range list .trunks .fallbackTrunks .screeningTrunks -}}{{- if kindIs "slice" . -}}{{- $names = concat $names . -}}{{- end -}}{{- end -}}
{{- end -}}
{{- $providers := list -}}
{{- range $read.gateways -}}{{- if eq (toString .kind) "e911" -}}{{- $providers = append $providers .name -}}{{- end -}}{{- end -}}
{{- dict "trunks" $read.trunks "emergencyTrunks" $names "providers" $providers "misshapen" $misshapen | toJson -}}
{{- end -}}

{{/* The pools and listeners of the values as the topology document's `pools` section. */}}
{{- define "tandem.topologyPools" -}}
{{- $pools := list -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}
{{- $scope := dict "root" $ "pool" . "topology" true -}}
{{- $_ := set $scope "advertised" (include "tandem.contactHost" $scope) -}}
{{- $listeners := (include "tandem.listeners" $scope | fromJson).listeners -}}
{{- $pool := dict "name" .name "edges" (int .edges.replicas) "workers" (int .workers.replicas) "listeners" $listeners -}}
{{- if eq .arrangement "fused" -}}
{{- $_ := set $pool "arrangement" "fused" -}}
{{- $_ := unset $pool "edges" -}}
{{- end -}}
{{- if .fqdn -}}{{- $_ := set $pool "fqdn" .fqdn -}}{{- end -}}
{{- $pools = append $pools (merge $pool .topology) -}}
{{- end -}}
{{- dict "pools" $pools | toYaml -}}
{{- end -}}

{{/*
The trial: a core, a carrier and an E9-1-1 provider, all played by the test peer. Callers of any private address count as the core.
Every pool needs the listeners `core` (serves callers) and `outside`.
*/}}
{{- define "tandem.trialTopology" -}}
{{- $peer := include "tandem.serviceHost" (dict "root" . "name" (printf "%s-test-peer" (include "tandem.fullname" .))) -}}
name: trial
gateways:
  - { name: core, kind: core, address: {{ $peer }}, sources: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"] }
  - { name: carrier, kind: pstn, address: {{ $peer }} }
  - { name: e911-provider, kind: e911, address: {{ $peer }} }
trunks:
{{- range .Values.pools }}
  - { name: core-{{ .name }}, pool: {{ .name }}, listener: core, gateway: core, port: 5080, dialPlan: office, usages: [outbound], trusted: true }
  - { name: carrier-{{ .name }}, pool: {{ .name }}, listener: outside, gateway: carrier, port: 5082, usages: [inbound] }
  - { name: e911-{{ .name }}, pool: {{ .name }}, listener: outside, gateway: e911-provider, port: 5084 }
{{- end }}
dialPlans:
  - name: office
    externalAccessPrefix: "9"
    rules:
      - { match: '^9?1?([2-9]\d{9})$', replace: "+1$1" }
routes:
  - { name: out, match: '^\+1', usages: [outbound], trunks: [{{ range $at, $pool := .Values.pools }}{{ if $at }}, {{ end }}carrier-{{ $pool.name }}{{ end }}] }
  - { name: in, match: '^\+1212555\d{4}$', usages: [inbound], trunks: [{{ range $at, $pool := .Values.pools }}{{ if $at }}, {{ end }}core-{{ $pool.name }}{{ end }}] }
emergency:
  trunks: [{{ range $at, $pool := .Values.pools }}{{ if $at }}, {{ end }}e911-{{ $pool.name }}{{ end }}]
  fallbackTrunks: [{{ range $at, $pool := .Values.pools }}{{ if $at }}, {{ end }}carrier-{{ $pool.name }}{{ end }}]
  numbers:
    - { dial: "911", masks: ["112"] }
    - { dial: "933", test: true }
{{- end -}}

{{- define "tandem.topologyConfigMap" -}}
{{- default (printf "%s-topology" (include "tandem.fullname" .)) .Values.topology.existingConfigMap -}}
{{- end -}}
