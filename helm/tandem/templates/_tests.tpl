{{/* The listener that test calls go to: the one named, else the first that serves callers and is not TLS. JSON; null where there is none. */}}
{{- define "tandem.testListener" -}}
{{- $found := dict -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- range $listener := $pool.listeners -}}
{{- $named := eq $.Values.tests.listener (printf "%s/%s" $pool.name $listener.name) -}}
{{- $suits := and (not $.Values.tests.listener) (eq (default "" $listener.serves) "callers") (ne $listener.transport "tls") -}}
{{- if and (not $found) (or $named $suits) -}}
{{- $service := printf "%s-%s" (include "tandem.poolName" (dict "root" $ "pool" $pool)) $listener.name -}}
{{- $found = dict "service" $service "port" (int $listener.port) "transport" $listener.transport -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "tandem.testCalls" -}}
{{- $calls := list -}}
{{- $ordinary := default (ternary "2125550123" "" (and .Values.testPeer.enabled (not .Values.topology.document))) .Values.tests.ordinaryNumber -}}
{{- if $ordinary -}}{{- $calls = append $calls (toString $ordinary) -}}{{- end -}}
{{- if .Values.tests.emergencyNumber -}}{{- $calls = append $calls (toString .Values.tests.emergencyNumber) -}}{{- end -}}
{{- join "," $calls -}}
{{- end -}}
