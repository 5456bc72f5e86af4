{{/* A stock drachtio-server in an edge's place. Its secret is a variable; the rest of its configuration a ConfigMap. Takes (dict "root" $ "pool" …). */}}
{{- define "tandem.drachtioContainer" -}}
{{- $root := .root -}}
{{- $pool := .pool -}}
{{- $told := include "tandem.told" . -}}
{{- $host := ternary "[$(TANDEM_POD_ADDRESS)]" "$(TANDEM_POD_ADDRESS)" (eq $root.Values.listenAddress "::") -}}
- name: edge
  image: {{ $pool.edges.drachtio.image }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  securityContext:
    {{- include "tandem.containerSecurity" $root | nindent 4 }}
  command: [drachtio]
  args:
    - --file
    - /etc/drachtio/drachtio.conf.xml
    {{- range $pool.listeners }}
    - --contact
    - {{ printf "%s:%s:%d;transport=%s" (ternary "sips" "sip" (eq .transport "tls")) $host (int .port) .transport | quote }}
    - --external-ip
    - {{ $told | quote }}
    {{- if eq .transport "tls" }}
    {{- $folder := include "tandem.tlsFolder" (dict "listener" .) }}
    - --key-file
    - {{ $folder }}/tls.key
    - --cert-file
    - {{ $folder }}/tls.crt
    {{- /* Without this file it opens no TLS listener and ends. */}}
    - --chain-file
    - {{ $folder }}/tls.crt
    {{- end }}
    {{- end }}
  env:
    - name: TANDEM_POD_ADDRESS
      valueFrom:
        fieldRef:
          fieldPath: status.podIP
    {{- with include "tandem.env.advertised" . }}
    {{- . | trim | nindent 4 }}
    {{- end }}
    - name: DRACHTIO_SECRET
      valueFrom:
        secretKeyRef:
          name: {{ include "tandem.linkSecret" $root }}
          key: {{ $root.Values.secrets.link.key }}
    - name: DRACHTIO_PROMETHEUS_SCRAPE_PORT
      value: {{ int $pool.edges.ports.http | quote }}
    {{- with $pool.edges.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- include "tandem.listenerPorts" $pool | nindent 4 }}
    - name: admin
      containerPort: {{ int $pool.edges.ports.admin }}
    - name: http
      containerPort: {{ int $pool.edges.ports.http }}
  {{- /* It has no page that tells how it is: an open port is all there is to ask. */}}
  startupProbe:
    tcpSocket: { port: admin }
    periodSeconds: 1
    failureThreshold: {{ $root.Values.probes.startupSeconds }}
  livenessProbe:
    tcpSocket: { port: admin }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: {{ max 1 (div (int $root.Values.probes.stuckSeconds) 10) }}
  readinessProbe:
    tcpSocket: { port: admin }
    periodSeconds: {{ $root.Values.probes.readySeconds }}
    timeoutSeconds: 2
    failureThreshold: 2
  {{- /*
  SIGTERM ends it at once, and with it every call, so its calls get this long. Once the pod ends, peers and workers do not find it by the pool's names any more:
  workers send new calls by the other servers, as long as there is one.
  */}}
  lifecycle:
    preStop:
      exec: { command: [sleep, {{ int $pool.edges.drainSeconds | quote }}] }
  {{- include "tandem.resources" $pool.edges.resources | nindent 2 }}
  volumeMounts:
    - name: drachtio
      mountPath: /etc/drachtio
      readOnly: true
    {{- include "tandem.tlsMounts" . | nindent 4 }}
{{- end -}}

{{- define "tandem.drachtioConfigMap" -}}
{{- printf "%s-drachtio" (include "tandem.poolName" .) -}}
{{- end -}}

{{- define "tandem.drachtioConfig" -}}
{{- $edges := .pool.edges -}}
<drachtio>
  <admin port="{{ int $edges.ports.admin }}">{{ .root.Values.listenAddress }}</admin>
  <sip>
    <contacts></contacts>
    <timers>
      <t1x64>{{ mul (int $edges.drachtio.transactionSeconds) 1000 }}</t1x64>
    </timers>
  </sip>
  <cdrs>false</cdrs>
  <logging>
    <console/>
    <sofia-loglevel>0</sofia-loglevel>
    <loglevel>{{ $edges.drachtio.logLevel }}</loglevel>
  </logging>
</drachtio>
{{- end -}}

{{/* Volumes of an edge, of ours or a stock server. */}}
{{- define "tandem.edgeVolumes" -}}
{{- include "tandem.tlsVolumes" . -}}
{{- if eq .pool.edges.server "drachtio" }}
- name: drachtio
  configMap:
    name: {{ include "tandem.drachtioConfigMap" . }}
{{- end }}
{{- end -}}
